package wasm

import "fmt"

// functionNames is the subsection of the "name" section that holds the names of
// the functions.
const functionNames = 1

// FunctionNames returns the names that the custom section "name" gives to
// functions, by function index; nil without such a section. Hosts use them in
// stack traces, and Envoy refuses a module whose function names it cannot read.
// They are read at the first call; the caller must not change them.
//
// https://webassembly.github.io/spec/core/appendix/custom.html#name-section
func (m *Module) FunctionNames() (map[uint32]string, error) { return m.names() }

func readFunctionNames(m *Module) (map[uint32]string, error) {
	sections := m.CustomSections("name")
	if len(sections) == 0 {
		return nil, nil
	}
	r := &reader{buf: sections[0].Content, end: len(sections[0].Content)}
	names := map[uint32]string{}
	for r.left() > 0 {
		if err := r.nameSubsection(names); err != nil {
			return nil, fmt.Errorf("custom section \"name\": %w", err)
		}
	}
	return names, nil
}

func (r *reader) nameSubsection(names map[uint32]string) error {
	id, err := r.byte()
	if err != nil {
		return err
	}
	size, err := r.u32()
	if err != nil {
		return err
	}
	content, err := r.take(size)
	if err != nil || id != functionNames {
		return err
	}
	inner := &reader{buf: content, end: len(content)}
	n, err := inner.count(2)
	if err != nil {
		return err
	}
	for range n {
		i, err := inner.u32()
		if err != nil {
			return err
		}
		if names[i], err = inner.name(); err != nil {
			return err
		}
	}
	if inner.left() > 0 {
		return fmt.Errorf("%w: %d bytes too many in the function names", ErrMalformed, inner.left())
	}
	return nil
}
