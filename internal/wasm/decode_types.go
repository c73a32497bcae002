package wasm

import "fmt"

// decodeTypes reads the type section. Of the recursive types only function
// types are read: those of the garbage collection proposal are ErrUnsupported.
//
// https://webassembly.github.io/spec/core/binary/modules.html#type-section
func (m *Module) decodeTypes(r *reader) error {
	n, err := r.count(3)
	if err != nil {
		return err
	}
	m.types = make([]FuncType, n)
	for i := range m.types {
		if err := r.funcType(&m.types[i]); err != nil {
			return fmt.Errorf("type %d: %w", i, err)
		}
	}
	return nil
}

func (r *reader) funcType(t *FuncType) error {
	form, err := r.byte()
	if err != nil {
		return err
	}
	switch form {
	case 0x60:
	case 0x4e, 0x4f, 0x50, 0x5e, 0x5f: // rec, sub final, sub, array, struct
		return fmt.Errorf("%w: garbage-collected types", ErrUnsupported)
	default:
		return fmt.Errorf("%w: 0x%02x is not a function type", ErrMalformed, form)
	}
	if t.Params, err = r.valueTypes(); err != nil {
		return err
	}
	t.Results, err = r.valueTypes()
	return err
}

func (r *reader) valueTypes() ([]ValueType, error) {
	n, err := r.count(1)
	if err != nil || n == 0 {
		return nil, err
	}
	types := make([]ValueType, n)
	for i := range types {
		if types[i], err = r.valueType(); err != nil {
			return nil, err
		}
	}
	return types, nil
}

// valueType reads a type of one byte. Typed references (function references and
// garbage collection proposals, bytes 0x62 to 0x74) are ErrUnsupported.
func (r *reader) valueType() (ValueType, error) {
	b, err := r.byte()
	if err != nil {
		return 0, err
	}
	switch t := ValueType(b); t {
	case I32, I64, F32, F64, V128, FuncRef, ExternRef:
		return t, nil
	}
	if b >= 0x62 && b <= 0x74 {
		return 0, fmt.Errorf("%w: reference type 0x%02x", ErrUnsupported, b)
	}
	return 0, fmt.Errorf("%w: 0x%02x is not a value type", ErrMalformed, b)
}

// limits reads the limits of a table or memory. The flags are: 1 has a maximum,
// 2 shared, 4 64-bit addresses, 8 page size of its own.
//
// https://webassembly.github.io/spec/core/binary/types.html#limits
func (r *reader) limits() (Memory, error) {
	var m Memory
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
