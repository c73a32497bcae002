package wasm

import "fmt"

// decodeFunctions reads the function section: the type of each function that
// the module defines.
//
// https://webassembly.github.io/spec/core/binary/modules.html#function-section
func (m *Module) decodeFunctions(r *reader) error {
	n, err := r.count(1)
	if err != nil {
		return err
	}
	for range n {
		t, err := m.typeAt(r)
		if err != nil {
			return err
		}
		m.funcs = append(m.funcs, t)
	}
	m.defined = n
	m.spaces[ExternFunc] += n
	return nil
}

// decodeMemories reads the memory section.
//
// https://webassembly.github.io/spec/core/binary/modules.html#memory-section
func (m *Module) decodeMemories(r *reader) error {
	n, err := r.count(2)
	if err != nil {
		return err
	}
	for range n {
		memory, err := r.limits()
		if err != nil {
			return err
		}
		m.memories = append(m.memories, memory)
	}
	m.spaces[ExternMemory] += n
	return nil
}

// decodeStart reads the start section: the function that runs when the module
// is instantiated.
//
// https://webassembly.github.io/spec/core/binary/modules.html#start-section
func (m *Module) decodeStart(r *reader) error {
	i, err := r.u32()
	if err != nil {
		return err
	}
	if uint64(i) >= uint64(len(m.funcs)) {
		return fmt.Errorf("%w: start function %d of %d", ErrMalformed, i, len(m.funcs))
	}
	m.start = &i
	return nil
}

// bodies walks the code section and returns the number of function bodies,
// without reading the instructions.
//
// https://webassembly.github.io/spec/core/binary/modules.html#code-section
func (r *reader) bodies() (int, error) {
	n, err := r.count(1)
	if err != nil {
		return 0, err
	}
	for i := range n {
		size, err := r.u32()
		if err == nil {
			_, err = r.take(size)
		}
		if err != nil {
			return 0, fmt.Errorf("function body %d: %w", i, err)
		}
	}
	return n, nil
}
