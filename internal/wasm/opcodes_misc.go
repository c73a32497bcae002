package wasm

// miscOpcodes is the table of the opcodes after 0xfc: conversions that do not
// trap, bulk operations on memories and tables, and 128-bit arithmetic, which is
// a proposal.
//
// https://webassembly.github.io/spec/core/binary/instructions.html#memory-instructions
// https://github.com/WebAssembly/wide-arithmetic/blob/main/proposals/wide-arithmetic/Overview.md
func miscOpcodes() []opcode {
	return []opcode{
		{0, 7, immNone, FeatureNontrappingFloatToInt}, // i32.trunc_sat_f32_s to i64.trunc_sat_f64_u
		{8, 8, immInitMemory, FeatureBulkMemory},      // memory.init
		{9, 9, immIndex, FeatureBulkMemory},           // data.drop
		{10, 10, immTwoMemories, FeatureBulkMemory},   // memory.copy
		{11, 11, immMemory, FeatureBulkMemory},        // memory.fill
		{12, 12, immTwoIndices, FeatureBulkMemory},    // table.init
		{13, 13, immIndex, FeatureBulkMemory},         // elem.drop
		{14, 14, immTwoIndices, FeatureBulkMemory},    // table.copy
		{15, 17, immIndex, FeatureReferenceTypes},     // table.grow, table.size, table.fill
		{19, 22, immNone, FeatureWideArithmetic},      // i64.add128, i64.sub128, i64.mul_wide_s, i64.mul_wide_u
	}
}
