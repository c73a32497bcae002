package wasm

import "fmt"

// decodeImports reads the import section.
//
// https://webassembly.github.io/spec/core/binary/modules.html#import-section
func (m *Module) decodeImports(r *reader) error {
	n, err := r.count(4)
	if err != nil {
		return err
	}
	m.imports = make([]Import, n)
	for i := range m.imports {
		if err := m.decodeImport(r, &m.imports[i]); err != nil {
			return fmt.Errorf("import %d: %w", i, err)
		}
	}
	return nil
}

func (m *Module) decodeImport(r *reader, i *Import) (err error) {
	if i.Module, err = r.name(); err != nil {
		return err
	}
	if i.Name, err = r.name(); err != nil {
		return err
	}
	kind, err := r.byte()
	if err != nil {
		return err
	}
	i.Kind = ExternKind(kind)
	switch i.Kind {
	case ExternFunc:
		i.Func, err = m.typeAt(r)
		m.funcs = append(m.funcs, i.Func)
	case ExternTable:
		_, err = r.tableType()
	case ExternMemory:
		var memory Memory
		memory, err = r.limits()
		memory.Imported = true
		m.memories = append(m.memories, memory)
	case ExternGlobal:
		if _, err = r.valueType(); err == nil {
			_, err = r.byte() // mutability
		}
	case ExternTag:
		if _, err = r.byte(); err == nil { // attribute
			_, err = m.typeAt(r)
		}
	default:
		return fmt.Errorf("%w: %s.%s is of %s", ErrMalformed, i.Module, i.Name, i.Kind)
	}
	m.spaces[i.Kind]++
	return err
}

// typeAt reads a type index and returns that type.
func (m *Module) typeAt(r *reader) (*FuncType, error) {
	i, err := r.u32()
	if err != nil {
		return nil, err
	}
	if uint64(i) >= uint64(len(m.types)) {
		return nil, fmt.Errorf("%w: type %d of %d", ErrMalformed, i, len(m.types))
	}
	if m.types[i].form != formFunc {
		return nil, fmt.Errorf("%w: type %d is not that of a function", ErrMalformed, i)
	}
	return &m.types[i].FuncType, nil
}
