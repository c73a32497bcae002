package wasm

import "fmt"

// decodeExports reads the export section.
//
// https://webassembly.github.io/spec/core/binary/modules.html#export-section
func (m *Module) decodeExports(r *reader) error {
	n, err := r.count(3)
	if err != nil {
		return err
	}
	m.exports = make([]Export, n)
	seen := make(map[string]bool, n)
	for i := range m.exports {
		e := &m.exports[i]
		if err := m.decodeExport(r, e); err != nil {
			return fmt.Errorf("export %d: %w", i, err)
		}
		if seen[e.Name] {
			return fmt.Errorf("%w: %q is exported twice", ErrMalformed, e.Name)
		}
		seen[e.Name] = true
	}
	return nil
}

func (m *Module) decodeExport(r *reader, e *Export) (err error) {
	if e.Name, err = r.name(); err != nil {
		return err
	}
	kind, err := r.byte()
	if err != nil {
		return err
	}
	if e.Index, err = r.u32(); err != nil {
		return err
	}
	e.Kind = ExternKind(kind)
	if e.Kind > ExternTag {
		return fmt.Errorf("%w: %q is of %s", ErrMalformed, e.Name, e.Kind)
	}
	if uint64(e.Index) >= uint64(m.spaces[e.Kind]) {
		return fmt.Errorf("%w: %q is %s %d of %d", ErrMalformed, e.Name, e.Kind, e.Index, m.spaces[e.Kind])
	}
	switch e.Kind {
	case ExternFunc:
		e.Func = m.funcs[e.Index]
	case ExternMemory:
		exports := &m.memories[e.Index].Exports
		*exports = append(*exports, e.Name)
	}
	return nil
}
