package wasm

import (
	"encoding/binary"
	"slices"
)

// WithCustomSection returns m with a custom section appended at its end, where
// hosts look for precompiled code. The section is added also when the module has
// one of that name; remove it first.
//
// https://webassembly.github.io/spec/core/binary/modules.html#custom-section
func (m *Module) WithCustomSection(name string, content []byte) (*Module, error) {
	body := append(appendName(nil, name), content...)
	out := append(slices.Clip(m.raw), byte(SectionCustom))
	out = binary.AppendUvarint(out, uint64(len(body)))
	return Decode(append(out, body...))
}

// WithoutCustomSections returns m without its custom sections of the given name;
// m itself when it has none.
func (m *Module) WithoutCustomSections(name string) (*Module, error) {
	return m.WithoutCustomSectionsFunc(func(other string) bool { return other == name })
}

// WithoutCustomSectionsFunc returns m without the custom sections whose name
// drop accepts; m itself when there are none.
func (m *Module) WithoutCustomSectionsFunc(drop func(name string) bool) (*Module, error) {
	var out []byte
	from := int64(0)
	for _, s := range m.sections {
		if s.ID == SectionCustom && drop(s.Name) {
			out = append(out, m.raw[from:s.Offset]...)
			from = s.Offset + s.Size
		}
	}
	if from == 0 {
		return m, nil
	}
	return Decode(append(out, m.raw[from:]...))
}
