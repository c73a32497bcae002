package wasm

// immediate says what follows an opcode in the code.
type immediate uint8

// The immediates. Indices and labels are unsigned integers of at most 32 bits.
const (
	// immIllegal marks an opcode that is not in use.
	immIllegal immediate = iota
	immNone
	// immOpens is a block type, of an instruction that ends with its own end.
	immOpens
	// immOpensCatching is a block type and a list of catch clauses.
	immOpensCatching
	// immCloses is nothing, of the end itself.
	immCloses
	// immClosesLabel is a label, of delegate, which is an end too.
	immClosesLabel
	immIndex
	immTwoIndices
	// immTableCall is a type and a table, of call_indirect.
	immTableCall
	// immLabels is a list of labels and one more.
	immLabels
	// immTypes is a list of value types.
	immTypes
	// immHeapType is what a reference refers to.
	immHeapType
	// immCastTypes is a byte of flags, a label and two heap types.
	immCastTypes
	// immInt32s and immInt64s are signed integers, immFloat32s and immFloat64s four and eight bytes.
	immInt32s
	immInt64s
	immFloat32s
	immFloat64s
	// immAccess is an alignment, a memory if there are several, and an offset.
	immAccess
	// immAccessLane is an access and a byte.
	immAccessLane
	// immMemory is a memory, immTwoMemories are two; immInitMemory is a data segment and a memory.
	immMemory
	immTwoMemories
	immInitMemory
	// immLane is a byte, immLanes are sixteen.
	immLane
	immLanes
	// immPrefix says that the opcode goes on with an integer.
	immPrefix
)

// opcode is a row of a table of opcodes: those from first to last have the same
// immediates and belong to the same feature.
type opcode struct {
	first, last uint32
	immediate   immediate
	feature     Feature
}

// instruction is what the walker has to know of one opcode.
type instruction struct {
	immediate immediate
	feature   Feature
}

// The first bytes of opcodes that go on with an integer.
const (
	prefixGC     = 0xfb
	prefixMisc   = 0xfc
	prefixVector = 0xfd
	prefixAtomic = 0xfe
)

// instructionSet is the tables of opcodes, made for looking up.
type instructionSet struct {
	core [256]instruction
	// prefixed are the tables by the last two bits of the prefix.
	prefixed [4][]instruction
}

// newInstructionSet makes the tables. It takes a few microseconds, once a module.
func newInstructionSet() *instructionSet {
	s := &instructionSet{}
	fill(s.core[:], coreOpcodes())
	for first, rows := range map[byte][]opcode{
		prefixGC: gcOpcodes(), prefixMisc: miscOpcodes(), prefixVector: vectorOpcodes(), prefixAtomic: atomicOpcodes(),
	} {
		table := make([]instruction, rows[len(rows)-1].last+1)
		fill(table, rows)
		s.prefixed[first&3] = table
	}
	return s
}

func fill(table []instruction, rows []opcode) {
	for _, row := range rows {
		for i := row.first; i <= row.last; i++ {
			table[i] = instruction{row.immediate, row.feature}
		}
	}
}
