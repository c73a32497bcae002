// Package testkit is what tests of several packages share: an encoder of
// WebAssembly modules, so that no test needs a blob of bytes, and the real
// components that tests run against. Only tests import it.
package testkit

import (
	"encoding/binary"

	"github.com/wasmctl/wasmctl/internal/wasm"
)

// Module builds a module. Imports come before functions, as in the index space
// of the binary format; the methods panic when a test breaks that. Types of
// functions are written with one letter a value: i, I, f, F for i32, i64, f32, f64.
type Module struct {
	types     [][]byte
	imports   [][]byte
	functions [][]byte // type indices
	tables    [][]byte
	memories  [][]byte
	tags      [][]byte
	globals   [][]byte
	exports   [][]byte
	start     []byte
	elements  [][]byte
	dataCount []byte
	bodies    [][]byte
	data      [][]byte
	custom    []byte
	imported  uint32 // functions
}

// Import adds an imported function and returns its index.
func (m *Module) Import(module, name, params, results string) uint32 {
	if len(m.functions) > 0 {
		panic("testkit: import " + name + " before the first function")
	}
	m.addImport(module, name, append([]byte{byte(wasm.ExternFunc)}, uleb(m.typeIndex(params, results))...))
	m.imported++
	return m.imported - 1
}

// ImportMemory adds an imported memory of at least min pages.
func (m *Module) ImportMemory(module, name string, min uint32) {
	m.addImport(module, name, append([]byte{byte(wasm.ExternMemory), 0}, uleb(min)...))
}

// ImportGlobal adds an imported i32.
func (m *Module) ImportGlobal(module, name string) {
	m.addImport(module, name, []byte{byte(wasm.ExternGlobal), byte(wasm.I32), 0})
}

// Function adds a function with the given instructions, the final end excepted,
// and returns its index. Without instructions it returns zeros.
func (m *Module) Function(params, results string, code ...byte) uint32 {
	if len(code) == 0 {
		for _, t := range letters(results) {
			code = append(code, zero(t)...)
		}
	}
	m.functions = append(m.functions, uleb(m.typeIndex(params, results)))
	body := append([]byte{0}, code...) // no locals
	body = append(body, 0x0b)
	m.bodies = append(m.bodies, append(uleb(uint32(len(body))), body...))
	return m.imported + uint32(len(m.functions)) - 1
}

// Export exports the function of the given index.
func (m *Module) Export(name string, index uint32) {
	m.exports = append(m.exports, append(append(text(name), byte(wasm.ExternFunc)), uleb(index)...))
}

// ExportFunction adds a function and exports it.
func (m *Module) ExportFunction(name, params, results string, code ...byte) uint32 {
	i := m.Function(params, results, code...)
	m.Export(name, i)
	return i
}

// Memory adds a memory of at least min pages; max 0 means no maximum.
func (m *Module) Memory(min, max uint32) {
	if max == 0 {
		m.memories = append(m.memories, append([]byte{0}, uleb(min)...))
		return
	}
	m.memories = append(m.memories, append(append([]byte{1}, uleb(min)...), uleb(max)...))
}

// ExportMemory exports the first memory.
func (m *Module) ExportMemory(name string) {
	m.exports = append(m.exports, append(text(name), byte(wasm.ExternMemory), 0))
}

// Global adds a variable i32 of the given first value and returns its index.
func (m *Module) Global(value int32) uint32 {
	m.globals = append(m.globals, append(append([]byte{byte(wasm.I32), 1}, I32Const(value)...), 0x0b))
	return uint32(len(m.globals)) - 1
}

// Data fills the first memory from offset on.
func (m *Module) Data(offset int32, content []byte) {
	segment := append(append([]byte{0}, I32Const(offset)...), 0x0b)
	segment = append(segment, uleb(uint32(len(content)))...)
	m.data = append(m.data, append(segment, content...))
}

// Start makes the function of the given index run at instantiation.
func (m *Module) Start(index uint32) { m.start = uleb(index) }

// Custom appends a custom section at the end of the module.
func (m *Module) Custom(name string, content []byte) {
	m.custom = append(m.custom, section(wasm.SectionCustom, append(text(name), content...))...)
}

// Bytes returns the module in the binary format.
func (m *Module) Bytes() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range []struct {
		id    wasm.SectionID
		items [][]byte
	}{
		{wasm.SectionType, m.types},
		{wasm.SectionImport, m.imports},
		{wasm.SectionFunction, m.functions},
		{wasm.SectionTable, m.tables},
		{wasm.SectionMemory, m.memories},
		{wasm.SectionTag, m.tags},
		{wasm.SectionGlobal, m.globals},
		{wasm.SectionExport, m.exports},
		{wasm.SectionStart, nil},
		{wasm.SectionElement, m.elements},
		{wasm.SectionDataCount, nil},
		{wasm.SectionCode, m.bodies},
		{wasm.SectionData, m.data},
	} {
		switch {
		case s.id == wasm.SectionStart && m.start != nil:
			out = append(out, section(s.id, m.start)...)
		case s.id == wasm.SectionDataCount && m.dataCount != nil:
			out = append(out, section(s.id, m.dataCount)...)
		case len(s.items) > 0:
			out = append(out, section(s.id, vector(s.items))...)
		}
	}
	return append(out, m.custom...)
}

func (m *Module) addImport(module, name string, description []byte) {
	m.imports = append(m.imports, append(append(text(module), text(name)...), description...))
}

// typeIndex returns the index of the type, which it adds when it is new.
func (m *Module) typeIndex(params, results string) uint32 {
	t := append([]byte{0x60}, text(string(letters(params)))...)
	t = append(t, text(string(letters(results)))...)
	for i, known := range m.types {
		if string(known) == string(t) {
			return uint32(i)
		}
	}
	m.types = append(m.types, t)
	return uint32(len(m.types)) - 1
}

func letters(s string) []byte {
	types := make([]byte, len(s))
	for i, c := range s {
		switch c {
		case 'i':
			types[i] = byte(wasm.I32)
		case 'I':
			types[i] = byte(wasm.I64)
		case 'f':
			types[i] = byte(wasm.F32)
		case 'F':
			types[i] = byte(wasm.F64)
		default:
			panic("testkit: no value type " + string(c))
		}
	}
	return types
}

func section(id wasm.SectionID, content []byte) []byte {
	return append(append([]byte{byte(id)}, uleb(uint32(len(content)))...), content...)
}

func vector(items [][]byte) []byte {
	out := uleb(uint32(len(items)))
	for _, item := range items {
		out = append(out, item...)
	}
	return out
}

func text(s string) []byte { return append(uleb(uint32(len(s))), s...) }

func uleb(n uint32) []byte { return binary.AppendUvarint(nil, uint64(n)) }
