package wasm

// gcOpcodes is the table of the opcodes after 0xfb: structures, arrays, casts
// and small integers of the garbage-collected types.
//
// https://webassembly.github.io/spec/core/binary/instructions.html#aggregate-instructions
func gcOpcodes() []opcode {
	return []opcode{
		{0, 1, immIndex, FeatureGC},        // struct.new, struct.new_default
		{2, 5, immTwoIndices, FeatureGC},   // struct.get, struct.get_s, struct.get_u, struct.set
		{6, 7, immIndex, FeatureGC},        // array.new, array.new_default
		{8, 10, immTwoIndices, FeatureGC},  // array.new_fixed, array.new_data, array.new_elem
		{11, 14, immIndex, FeatureGC},      // array.get, array.get_s, array.get_u, array.set
		{15, 15, immNone, FeatureGC},       // array.len
		{16, 16, immIndex, FeatureGC},      // array.fill
		{17, 19, immTwoIndices, FeatureGC}, // array.copy, array.init_data, array.init_elem
		{20, 23, immHeapType, FeatureGC},   // ref.test, ref.cast
		{24, 25, immCastTypes, FeatureGC},  // br_on_cast, br_on_cast_fail
		{26, 30, immNone, FeatureGC},       // any.convert_extern, extern.convert_any, ref.i31, i31.get_s, i31.get_u
	}
}
