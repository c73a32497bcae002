package wasm

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// ProducersName is the name of the custom section that says what a module was
// made with.
const ProducersName = "producers"

// The fields of a producers section that its specification knows.
const (
	// ProducerLanguage are the source languages.
	ProducerLanguage = "language"
	// ProducerProcessedBy are the compilers and other programs.
	ProducerProcessedBy = "processed-by"
	// ProducerSDK are the kits that brought what a filter is written on.
	ProducerSDK = "sdk"
)

// Producers is the content of a producers section: fields in file order.
//
// https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md
type Producers []ProducerField

// ProducerField is one field of a producers section.
type ProducerField struct {
	Field  string     `json:"field"`
	Values []Producer `json:"values"`
}

// Producer is a language, a program or a kit. The version may be empty.
type Producer struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Producers returns the content of the first producers section; nil without
// one. The error is ErrTruncated or ErrMalformed.
func (m *Module) Producers() (Producers, error) {
	sections := m.CustomSections(ProducersName)
	if len(sections) == 0 {
		return nil, nil
	}
	p, err := decodeProducers(sections[0].Content)
	if err != nil {
		return nil, fmt.Errorf("custom section %q: %w", ProducersName, err)
	}
	return p, nil
}

func decodeProducers(b []byte) (Producers, error) {
	r := &reader{buf: b, end: len(b)}
	n, err := r.count(2)
	if err != nil {
		return nil, err
	}
	p := make(Producers, n)
	for i := range p {
		if p[i], err = r.producerField(); err != nil {
			return nil, err
		}
	}
	if r.left() > 0 {
		return nil, fmt.Errorf("%w: %d bytes too many", ErrMalformed, r.left())
	}
	return p, nil
}

func (r *reader) producerField() (ProducerField, error) {
	name, err := r.name()
	if err != nil {
		return ProducerField{}, err
	}
	n, err := r.count(2)
	if err != nil {
		return ProducerField{}, err
	}
	f := ProducerField{Field: name, Values: make([]Producer, n)}
	for i := range f.Values {
		if f.Values[i].Name, err = r.name(); err != nil {
			return ProducerField{}, err
		}
		if f.Values[i].Version, err = r.name(); err != nil {
			return ProducerField{}, err
		}
	}
	return f, nil
}

// Field returns the values of a field.
func (p Producers) Field(name string) []Producer {
	for _, f := range p {
		if f.Field == name {
			return f.Values
		}
	}
	return nil
}

// With returns p with one value more in a field. A value of the same name gives
// way: a name comes once in a field.
func (p Producers) With(field string, value Producer) Producers {
	out := slices.Clone(p)
	at := slices.IndexFunc(out, func(f ProducerField) bool { return f.Field == field })
	if at < 0 {
		return append(out, ProducerField{Field: field, Values: []Producer{value}})
	}
	values := slices.Clone(out[at].Values)
	same := slices.IndexFunc(values, func(v Producer) bool { return v.Name == value.Name })
	if same < 0 {
		values = append(values, value)
	} else {
		values[same] = value
	}
	out[at].Values = values
	return out
}

func (p Producers) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(len(p)))
	for _, f := range p {
		b = appendName(b, f.Field)
		b = binary.AppendUvarint(b, uint64(len(f.Values)))
		for _, v := range f.Values {
			b = appendName(appendName(b, v.Name), v.Version)
		}
	}
	return b
}

func appendName(b []byte, name string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(name))), name...)
}

// WithProducers returns m with p as its only producers section, at its end.
func (m *Module) WithProducers(p Producers) (*Module, error) {
	without, err := m.WithoutCustomSections(ProducersName)
	if err != nil {
		return nil, err
	}
	return without.WithCustomSection(ProducersName, p.encode())
}
