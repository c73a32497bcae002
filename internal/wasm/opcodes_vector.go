package wasm

// vectorOpcodes is the table of the opcodes after 0xfd: vectors of 128 bits
// (SIMD), and from 0x100 on those whose results may differ by machine (relaxed
// SIMD). The numbers between the rows are not in use.
//
// https://webassembly.github.io/spec/core/binary/instructions.html#vector-instructions
func vectorOpcodes() []opcode {
	const simd = FeatureSIMD
	return []opcode{
		{0x00, 0x0b, immAccess, simd},     // v128.load, v128.load8x8_s to v128.load64_splat, v128.store
		{0x0c, 0x0d, immLanes, simd},      // v128.const, i8x16.shuffle
		{0x0e, 0x14, immNone, simd},       // i8x16.swizzle, splats
		{0x15, 0x22, immLane, simd},       // lanes of vectors
		{0x23, 0x53, immNone, simd},       // comparisons, logic of 128 bits
		{0x54, 0x5b, immAccessLane, simd}, // v128.load8_lane to v128.store64_lane
		{0x5c, 0x5d, immAccess, simd},     // v128.load32_zero, v128.load64_zero
		{0x5e, 0x99, immNone, simd},       // f32x4.demote_f64x2_zero to i16x8.max_u
		{0x9b, 0xa1, immNone, simd},       // i16x8.avgr_u to i32x4.neg
		{0xa3, 0xa4, immNone, simd},       // i32x4.all_true, i32x4.bitmask
		{0xa7, 0xae, immNone, simd},       // i32x4.extend_low_i16x8_s to i32x4.add
		{0xb1, 0xb1, immNone, simd},       // i32x4.sub
		{0xb5, 0xba, immNone, simd},       // i32x4.mul to i32x4.dot_i16x8_s
		{0xbc, 0xc1, immNone, simd},       // i32x4.extmul_low_i16x8_s to i64x2.neg
		{0xc3, 0xc4, immNone, simd},       // i64x2.all_true, i64x2.bitmask
		{0xc7, 0xce, immNone, simd},       // i64x2.extend_low_i32x4_s to i64x2.add
		{0xd1, 0xd1, immNone, simd},       // i64x2.sub
		{0xd5, 0xe1, immNone, simd},       // i64x2.mul to f32x4.neg
		{0xe3, 0xed, immNone, simd},       // f32x4.sqrt to f64x2.neg
		{0xef, 0xff, immNone, simd},       // f64x2.sqrt to f64x2.convert_low_i32x4_u
		{0x100, 0x113, immNone, FeatureRelaxedSIMD},
	}
}
