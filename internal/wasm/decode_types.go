package wasm

import "fmt"

// The forms of defined types.
//
// https://webassembly.github.io/spec/core/binary/types.html#composite-types
const (
	formRec      = 0x4e
	formSubFinal = 0x4f
	formSub      = 0x50
	formArray    = 0x5e
	formStruct   = 0x5f
	formFunc     = 0x60
)

// definedType is an entry of the type section. Of structures and arrays only
// the form is kept: nothing that a host calls can have one of them.
type definedType struct {
	form byte
	FuncType
}

// decodeTypes reads the type section. The types of a recursive group count each.
//
// https://webassembly.github.io/spec/core/binary/modules.html#type-section
func (m *Module) decodeTypes(r *reader) error {
	n, err := r.count(2)
	if err != nil {
		return err
	}
	m.types = make([]definedType, 0, n)
	for range n {
		if err := m.decodeRecursiveTypes(r); err != nil {
			return fmt.Errorf("type %d: %w", len(m.types), err)
		}
	}
	return nil
}

// decodeRecursiveTypes reads a group of types that may refer to each other, or a
// single type.
//
// https://webassembly.github.io/spec/core/binary/types.html#recursive-types
func (m *Module) decodeRecursiveTypes(r *reader) error {
	n := 1
	if r.left() > 0 && r.buf[r.pos] == formRec {
		r.note(FeatureGC, r.pos)
		r.pos++
		var err error
		if n, err = r.count(2); err != nil {
			return err
		}
	}
	for range n {
		var t definedType
		if err := r.definedType(&t); err != nil {
			return err
		}
		m.types = append(m.types, t)
	}
	return nil
}

func (r *reader) definedType(t *definedType) (err error) {
	at := r.pos
	if t.form, err = r.byte(); err != nil {
		return err
	}
	if t.form == formSub || t.form == formSubFinal {
		r.note(FeatureGC, at)
		if err := r.skipIndices(); err != nil { // the supertypes
			return err
		}
		if t.form, err = r.byte(); err != nil {
			return err
		}
	}
	switch t.form {
	case formFunc:
		return r.funcType(&t.FuncType, at)
	case formStruct:
		r.note(FeatureGC, at)
		return r.structType()
	case formArray:
		r.note(FeatureGC, at)
		return r.fieldType()
	case 0x5d: // continuations
		return fmt.Errorf("%w: types of stack switching", ErrUnsupported)
	}
	return fmt.Errorf("%w: 0x%02x is not the form of a type", ErrMalformed, t.form)
}

func (r *reader) funcType(t *FuncType, at int) (err error) {
	if t.Params, err = r.valueTypes(); err != nil {
		return err
	}
	if t.Results, err = r.valueTypes(); err != nil {
		return err
	}
	if len(t.Results) > 1 {
		r.note(FeatureMultiValue, at)
	}
	return nil
}

func (r *reader) structType() error {
	n, err := r.count(2)
	if err != nil {
		return err
	}
	for range n {
		if err := r.fieldType(); err != nil {
			return err
		}
	}
	return nil
}

// fieldType reads the type of a field or element and whether it can change.
// Unlike variables, fields may have 8 or 16 bits.
func (r *reader) fieldType() error {
	const i16, i8 = 0x77, 0x78
	if r.left() > 0 && (r.buf[r.pos] == i16 || r.buf[r.pos] == i8) {
		r.pos++
	} else if _, err := r.valueType(); err != nil {
		return err
	}
	_, err := r.byte()
	return err
}

// skipIndices reads a list of indices.
func (r *reader) skipIndices() error {
	n, err := r.count(1)
	if err != nil {
		return err
	}
	for range n {
		if _, err := r.u32(); err != nil {
			return err
		}
	}
	return nil
}

// limits reads the limits of a memory. The flags are: 1 has a maximum, 2 shared,
// 4 64-bit addresses, 8 page size of its own.
//
// https://webassembly.github.io/spec/core/binary/types.html#limits
func (r *reader) limits() (Memory, error) {
	var m Memory
	at := r.pos
	flags, err := r.byte()
	if err != nil {
		return m, err
	}
	switch {
	case flags > 15:
		return m, fmt.Errorf("%w: limits with flags 0x%02x", ErrMalformed, flags)
	case flags&8 != 0:
		return m, fmt.Errorf("%w: memory with a page size of its own", ErrUnsupported)
	}
	m.HasMax, m.Shared, m.Is64 = flags&1 != 0, flags&2 != 0, flags&4 != 0
	if m.Shared {
		r.note(FeatureSharedMemory, at)
	}
	if m.Is64 {
		r.note(FeatureMemory64, at)
	}
	if m.MinPages, err = r.limit(m.Is64); err != nil {
		return m, err
	}
	if m.HasMax {
		m.MaxPages, err = r.limit(m.Is64)
	}
	return m, err
}

func (r *reader) limit(is64 bool) (uint64, error) {
	if is64 {
		return r.u64()
	}
	n, err := r.u32()
	return uint64(n), err
}

// tableType reads the type of a table and returns how many elements it has at
// least.
//
// https://webassembly.github.io/spec/core/binary/types.html#table-types
func (r *reader) tableType() (uint64, error) {
	if r.left() > 0 && ValueType(r.buf[r.pos]) == FuncRef { // the first version has it
		r.pos++
	} else if _, err := r.valueType(); err != nil {
		return 0, err
	}
	limits, err := r.limits()
	return limits.MinPages, err
}
