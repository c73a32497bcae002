package wasm

// coreOpcodes is the table of the opcodes of one byte: control, references,
// parametric and variable instructions, tables, memory and numbers. Rows are in
// the order of the opcodes. The instructions of the old exceptions are not in the
// specification any more, but engines still take them.
//
// https://webassembly.github.io/spec/core/binary/instructions.html
// https://github.com/WebAssembly/exception-handling/blob/main/proposals/exception-handling/legacy/Exceptions.md
func coreOpcodes() []opcode {
	return []opcode{
		{0x00, 0x01, immNone, noFeature},                      // unreachable, nop
		{0x02, 0x04, immOpens, noFeature},                     // block, loop, if
		{0x05, 0x05, immNone, noFeature},                      // else
		{0x06, 0x06, immOpens, FeatureLegacyExceptions},       // try
		{0x07, 0x07, immIndex, FeatureLegacyExceptions},       // catch
		{0x08, 0x08, immIndex, FeatureExceptionTags},          // throw
		{0x09, 0x09, immIndex, FeatureLegacyExceptions},       // rethrow
		{0x0a, 0x0a, immNone, FeatureExceptions},              // throw_ref
		{0x0b, 0x0b, immCloses, noFeature},                    // end
		{0x0c, 0x0d, immIndex, noFeature},                     // br, br_if
		{0x0e, 0x0e, immLabels, noFeature},                    // br_table
		{0x0f, 0x0f, immNone, noFeature},                      // return
		{0x10, 0x10, immIndex, noFeature},                     // call
		{0x11, 0x11, immTableCall, noFeature},                 // call_indirect
		{0x12, 0x12, immIndex, FeatureTailCalls},              // return_call
		{0x13, 0x13, immTableCall, FeatureTailCalls},          // return_call_indirect
		{0x14, 0x14, immIndex, FeatureTypedReferences},        // call_ref
		{0x15, 0x15, immIndex, FeatureTailCalls},              // return_call_ref
		{0x18, 0x18, immClosesLabel, FeatureLegacyExceptions}, // delegate
		{0x19, 0x19, immNone, FeatureLegacyExceptions},        // catch_all
		{0x1a, 0x1b, immNone, noFeature},                      // drop, select
		{0x1c, 0x1c, immTypes, FeatureReferenceTypes},         // select with types
		{0x1f, 0x1f, immOpensCatching, FeatureExceptions},     // try_table
		{0x20, 0x24, immIndex, noFeature},                     // local and global variables
		{0x25, 0x26, immIndex, FeatureReferenceTypes},         // table.get, table.set
		{0x28, 0x3e, immAccess, noFeature},                    // loads and stores
		{0x3f, 0x40, immMemory, noFeature},                    // memory.size, memory.grow
		{0x41, 0x41, immInt32s, noFeature},                    // i32.const
		{0x42, 0x42, immInt64s, noFeature},                    // i64.const
		{0x43, 0x43, immFloat32s, noFeature},                  // f32.const
		{0x44, 0x44, immFloat64s, noFeature},                  // f64.const
		{0x45, 0xbf, immNone, noFeature},                      // comparisons, arithmetic, conversions
		{0xc0, 0xc4, immNone, FeatureSignExtension},           // i32.extend8_s to i64.extend32_s
		{0xd0, 0xd0, immHeapType, FeatureReferenceTypes},      // ref.null
		{0xd1, 0xd1, immNone, FeatureReferenceTypes},          // ref.is_null
		{0xd2, 0xd2, immIndex, FeatureReferenceTypes},         // ref.func
		{0xd3, 0xd3, immNone, FeatureGC},                      // ref.eq
		{0xd4, 0xd4, immNone, FeatureTypedReferences},         // ref.as_non_null
		{0xd5, 0xd6, immIndex, FeatureTypedReferences},        // br_on_null, br_on_non_null
		{prefixGC, prefixAtomic, immPrefix, noFeature},
	}
}
