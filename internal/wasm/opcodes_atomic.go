package wasm

// atomicOpcodes is the table of the opcodes after 0xfe: atomic memory accesses,
// wait and notify of the threads proposal.
//
// https://webassembly.github.io/threads/core/binary/instructions.html#atomic-memory-instructions
func atomicOpcodes() []opcode {
	return []opcode{
		{0x00, 0x02, immAccess, FeatureAtomics}, // memory.atomic.notify, memory.atomic.wait32, memory.atomic.wait64
		{0x03, 0x03, immLane, FeatureAtomics},   // atomic.fence
		{0x10, 0x4e, immAccess, FeatureAtomics}, // loads, stores, read-modify-write
	}
}
