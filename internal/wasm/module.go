// Package wasm reads and writes the WebAssembly binary format (WebAssembly
// core specification, chapter 5) as far as a proxy-wasm host needs it: the
// sections, what a module imports and exports, its memories and its ABI
// version. It reads bytes and returns values; it opens no file and runs no code.
//
// https://webassembly.github.io/spec/core/binary/index.html
package wasm

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
)

// Module is a decoded module. It keeps the bytes it was decoded from, never
// changes, and may be used from several goroutines at once.
type Module struct {
	raw      []byte
	sections []Section
	types    []definedType
	imports  []Import
	memories []Memory
	exports  []Export
	// funcs are the types of all functions, the imported ones first.
	funcs []*FuncType
	// defined is how many of funcs the module defines itself.
	defined int
	// spaces is the number of things of each kind, imported ones included.
	spaces [ExternTag + 1]int
	start  *uint32
	// declared are the features that types, imports and memories need.
	declared usage
	digest   func() string
	scan     func() scanned
	names    func() (map[uint32]string, error)
}

func newModule(raw []byte) *Module {
	m := &Module{raw: raw, digest: sync.OnceValue(func() string {
		sum := sha256.Sum256(raw)
		return hex.EncodeToString(sum[:])
	})}
	m.scan = sync.OnceValue(func() scanned { return scan(m) })
	m.names = sync.OnceValues(func() (map[uint32]string, error) { return readFunctionNames(m) })
	return m
}

// Bytes returns the module as it was decoded. The caller must not change them.
func (m *Module) Bytes() []byte { return m.raw }

// SHA256 returns the SHA-256 of Bytes as 64 hexadecimal digits.
func (m *Module) SHA256() string { return m.digest() }

// Sections returns all sections in file order, custom sections included.
func (m *Module) Sections() []Section { return slices.Clone(m.sections) }

// CustomSections returns the custom sections of the given name in file order.
func (m *Module) CustomSections(name string) []Section {
	var found []Section
	for _, s := range m.sections {
		if s.ID == SectionCustom && s.Name == name {
			found = append(found, s)
		}
	}
	return found
}

// Imports returns what the module needs from its host, in file order.
func (m *Module) Imports() []Import { return slices.Clone(m.imports) }

// Exports returns what the module offers to its host, in file order.
func (m *Module) Exports() []Export { return slices.Clone(m.exports) }

// Export returns the export of the given name. Names are unique in a module.
func (m *Module) Export(name string) (Export, bool) {
	for _, e := range m.exports {
		if e.Name == name {
			return e, true
		}
	}
	return Export{}, false
}

// ExportedFunction returns the type of the exported function of the given name.
func (m *Module) ExportedFunction(name string) (FuncType, bool) {
	e, ok := m.Export(name)
	if !ok || e.Func == nil {
		return FuncType{}, false
	}
	return *e.Func, true
}

// Memories returns the memories, the imported ones first.
func (m *Module) Memories() []Memory { return slices.Clone(m.memories) }

// HasStart tells whether the module has a start section: a function that runs
// when the module is instantiated, before any export is called.
func (m *Module) HasStart() bool { return m.start != nil }
