package wasm

import (
	"bytes"
	"fmt"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// preambleSize is the size of what stands before the first section: the magic
// number and the version, four bytes each.
const preambleSize = 8

// Decode reads a module and checks its structure: lengths, counts, the order of
// the sections, names and the indices that exports refer to. It does not
// validate code. The module keeps b, which must not be changed afterwards.
//
// The errors are ErrEmpty, ErrNotWasm, ErrComponent, ErrVersion, ErrTruncated,
// or a *SectionError that wraps ErrTruncated, ErrMalformed or ErrUnsupported.
func Decode(b []byte) (*Module, error) {
	if err := checkPreamble(b); err != nil {
		return nil, err
	}
	m := newModule(b)
	if err := m.decodeSections(&reader{buf: b, pos: preambleSize, end: len(b), uses: &m.declared}); err != nil {
		return nil, hint.Wrap(err, "build or fetch the file again")
	}
	return m, nil
}

// checkPreamble looks at the first eight bytes.
//
// https://webassembly.github.io/spec/core/binary/modules.html#binary-module
func checkPreamble(b []byte) error {
	const magic = "\x00asm"
	head := b[:min(len(b), len(magic))]
	switch {
	case len(b) == 0:
		return hint.Wrap(ErrEmpty, "build or fetch the file again")
	case !bytes.HasPrefix([]byte(magic), head):
		return notWasm(b)
	case len(b) < preambleSize:
		return hint.Errorf("build or fetch the file again", "%w: a module has at least %d bytes, this file has %d",
			ErrTruncated, preambleSize, len(b))
	case b[6] == 1 && b[7] == 0: // the layer field of the component model
		return hint.Wrap(ErrComponent, "build a core module instead: for WASI preview 1 or without WASI, not for wasip2")
	case !bytes.Equal(b[4:8], []byte{1, 0, 0, 0}):
		return hint.Errorf("build the module for version 1", "%w: % x", ErrVersion, b[4:8])
	}
	return nil
}

func (m *Module) decodeSections(r *reader) error {
	rank, bodies := 0, 0
	for r.left() > 0 {
		s, content, err := r.section()
		if err != nil {
			return &SectionError{ID: s.ID, Offset: s.Offset, Err: err}
		}
		if err := checkOrder(s.ID, &rank); err != nil {
			return &SectionError{ID: s.ID, Offset: s.Offset, Err: err}
		}
		if s.ID == SectionCode {
			bodies, err = content.bodies()
		} else {
			err = m.decodeSection(s.ID, content)
		}
		if err == nil && content.left() > 0 {
			err = fmt.Errorf("%w: %d bytes too many in the section", ErrMalformed, content.left())
		}
		if err != nil {
			return &SectionError{ID: s.ID, Offset: int64(content.pos), Err: err}
		}
		m.sections = append(m.sections, s)
	}
	if bodies != m.defined {
		return &SectionError{ID: SectionCode, Offset: int64(r.end), Err: fmt.Errorf(
			"%w: %d functions declared, %d function bodies", ErrMalformed, m.defined, bodies)}
	}
	return nil
}

// section reads the header of the next section, and the name of a custom one.
// The second result reads the rest of the section.
//
// https://webassembly.github.io/spec/core/binary/modules.html#sections
func (r *reader) section() (Section, *reader, error) {
	s := Section{Offset: int64(r.pos)}
	id, err := r.byte()
	if err != nil {
		return s, nil, err
	}
	s.ID = SectionID(id)
	size, err := r.u32()
	if err != nil {
		return s, nil, err
	}
	content, err := r.take(size)
	if err != nil {
		return s, nil, err
	}
	s.Size = int64(r.pos) - s.Offset
	inner := &reader{buf: r.buf, pos: r.pos - len(content), end: r.pos, uses: r.uses}
	if s.ID == SectionCustom {
		if s.Name, err = inner.name(); err != nil {
			return s, nil, err
		}
	}
	s.Content = r.buf[inner.pos:inner.end:inner.end]
	return s, inner, nil
}

func checkOrder(id SectionID, last *int) error {
	if id == SectionCustom {
		return nil
	}
	rank := id.rank()
	switch {
	case rank == 0:
		return fmt.Errorf("%w: no such section", ErrMalformed)
	case rank <= *last:
		return fmt.Errorf("%w: the section comes twice or too late", ErrMalformed)
	}
	*last = rank
	return nil
}

// decodeSection reads the sections that say what a module needs and offers. Of
// tables, globals and tags only the number matters here.
func (m *Module) decodeSection(id SectionID, r *reader) error {
	switch id {
	case SectionType:
		return m.decodeTypes(r)
	case SectionImport:
		return m.decodeImports(r)
	case SectionFunction:
		return m.decodeFunctions(r)
	case SectionMemory:
		return m.decodeMemories(r)
	case SectionExport:
		return m.decodeExports(r)
	case SectionStart:
		return m.decodeStart(r)
	case SectionTable:
		return m.countOnly(r, ExternTable)
	case SectionGlobal:
		return m.countOnly(r, ExternGlobal)
	case SectionTag:
		return m.countOnly(r, ExternTag)
	}
	r.pos = r.end
	return nil
}

func (m *Module) countOnly(r *reader, kind ExternKind) error {
	n, err := r.count(2)
	m.spaces[kind] += n
	r.pos = r.end
	return err
}
