package testkit

// The methods below take things in their binary form: what only a few tests
// need, and what no well-behaved encoder would write.
//
// https://webassembly.github.io/spec/core/binary/modules.html

// RawType adds a type and returns its index.
func (m *Module) RawType(t ...byte) uint32 {
	m.types = append(m.types, t)
	return uint32(len(m.types)) - 1
}

// RawImport adds an import of the given description: kind and type. Functions
// come by Import, which counts them.
func (m *Module) RawImport(module, name string, description ...byte) {
	m.addImport(module, name, description)
}

// RawFunction adds a function of the type of the given index: its declarations
// of locals and its instructions, the final end included.
func (m *Module) RawFunction(typeIndex uint32, body ...byte) uint32 {
	m.functions = append(m.functions, uleb(typeIndex))
	m.bodies = append(m.bodies, append(uleb(uint32(len(body))), body...))
	return m.imported + uint32(len(m.functions)) - 1
}

// RawTable adds a table: its element type and limits.
func (m *Module) RawTable(table ...byte) { m.tables = append(m.tables, table) }

// RawMemory adds a memory: its limits.
func (m *Module) RawMemory(limits ...byte) { m.memories = append(m.memories, limits) }

// RawTag adds a tag of exceptions: an attribute and the index of its type.
func (m *Module) RawTag(tag ...byte) { m.tags = append(m.tags, tag) }

// RawGlobal adds a global: its type, its mutability and its first value with the end.
func (m *Module) RawGlobal(global ...byte) { m.globals = append(m.globals, global) }

// RawExport exports what has the given kind and index.
func (m *Module) RawExport(name string, kind, index byte) {
	m.exports = append(m.exports, append(text(name), kind, index))
}

// RawElement adds an element segment.
func (m *Module) RawElement(segment ...byte) { m.elements = append(m.elements, segment) }

// RawData adds a data segment.
func (m *Module) RawData(segment ...byte) { m.data = append(m.data, segment) }

// DataCount adds the section that says how many data segments follow.
func (m *Module) DataCount(n byte) { m.dataCount = []byte{n} }
