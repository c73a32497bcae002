package wasm

import "fmt"

// SectionID is the first byte of a section.
//
// https://webassembly.github.io/spec/core/binary/modules.html#sections
type SectionID byte

// The sections of the core specification.
const (
	SectionCustom SectionID = iota
	SectionType
	SectionImport
	SectionFunction
	SectionTable
	SectionMemory
	SectionGlobal
	SectionExport
	SectionStart
	SectionElement
	SectionCode
	SectionData
	SectionDataCount
	SectionTag
)

// String returns the name that the specification gives the section.
func (id SectionID) String() string {
	names := [...]string{
		"custom", "type", "import", "function", "table", "memory", "global",
		"export", "start", "element", "code", "data", "data count", "tag",
	}
	if int(id) < len(names) {
		return names[id]
	}
	return fmt.Sprintf("unknown (%d)", byte(id))
}

// MarshalText makes the section's name its form in JSON.
func (id SectionID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// Section is one section of a module.
type Section struct {
	ID SectionID `json:"id"`
	// Name is the name of a custom section, and empty for all others.
	Name string `json:"name,omitempty"`
	// Offset is where the section starts in the file, in bytes.
	Offset int64 `json:"offset"`
	// Size is the whole section in bytes: id, length and contents.
	Size int64 `json:"size"`
	// Content is what follows the length, and in a custom section what follows
	// the name. It is part of Module.Bytes and must not be changed.
	Content []byte `json:"-"`
}

// rank is the place of a section in a module; sections other than custom ones
// come at most once and in this order. Two numbers were given out later than
// their places: data count stands before code, tag before global.
func (id SectionID) rank() int {
	order := [...]SectionID{
		SectionType, SectionImport, SectionFunction, SectionTable, SectionMemory, SectionTag, SectionGlobal,
		SectionExport, SectionStart, SectionElement, SectionDataCount, SectionCode, SectionData,
	}
	for i, s := range order {
		if s == id {
			return i + 1
		}
	}
	return 0
}
