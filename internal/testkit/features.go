package testkit

import "github.com/wasmctl/wasmctl/internal/wasm"

// FeatureSample is a filter that is good but for what it uses of WebAssembly.
type FeatureSample struct {
	Name string
	// Features are what it uses beyond the first version, in the order of the constants.
	Features []wasm.Feature
	Module   *Module
}

// FeatureSamples returns filters that use one feature each, in each of the ways
// in which a feature can show.
func FeatureSamples() []FeatureSample {
	samples := numberSamples()
	samples = append(samples, tableSamples()...)
	samples = append(samples, vectorSamples()...)
	samples = append(samples, memorySamples()...)
	samples = append(samples, exceptionSamples()...)
	return append(samples, typeSamples()...)
}

// sample makes a filter and lets change add what it is about.
func sample(name string, change func(m *Module), features ...wasm.Feature) FeatureSample {
	m := Filter()
	if change != nil {
		change(m)
	}
	return FeatureSample{Name: name, Features: features, Module: m}
}

// code is a sample with one function of the given instructions.
func code(name, params, results string, instructions []byte, features ...wasm.Feature) FeatureSample {
	return sample(name, func(m *Module) { m.Function(params, results, instructions...) }, features...)
}

func numberSamples() []FeatureSample {
	return []FeatureSample{
		sample("version 1", nil),
		code("sign extension", "i", "i", []byte{0x20, 0, 0xc0}, wasm.FeatureSignExtension),
		code("conversion without trap", "f", "i", []byte{0x20, 0, 0xfc, 0}, wasm.FeatureNontrappingFloatToInt),
		code("two results", "", "ii", []byte{0x41, 0, 0x41, 0}, wasm.FeatureMultiValue),
		sample("block with a parameter", func(m *Module) {
			t := byte(m.RawType(0x60, 1, 0x7f, 1, 0x7f))
			m.Function("", "i", 0x41, 0, 0x02, t, 0x0b)
		}, wasm.FeatureMultiValue),
		sample("addition in a constant", func(m *Module) {
			m.RawGlobal(0x7f, 0, 0x41, 1, 0x41, 2, 0x6a, 0x0b)
		}, wasm.FeatureExtendedConst),
		sample("constant from a variable", func(m *Module) {
			m.RawGlobal(0x7f, 0, 0x41, 1, 0x0b)
			m.RawGlobal(0x7f, 0, 0x23, 1, 0x0b)
		}, wasm.FeatureGC),
		sample("tail call", func(m *Module) {
			f := byte(m.Function("", ""))
			m.Function("", "", 0x12, f)
		}, wasm.FeatureTailCalls),
		code("128-bit product", "", "", []byte{0x42, 0, 0x42, 0, 0xfc, 0x15, 0x1a, 0x1a}, wasm.FeatureWideArithmetic),
	}
}

func tableSamples() []FeatureSample {
	return []FeatureSample{
		sample("table of externref", func(m *Module) {
			m.RawTable(0x6f, 0, 1)
			m.Function("", "", 0x41, 0, 0x25, 0, 0x1a)
		}, wasm.FeatureReferenceTypes),
		sample("two tables", func(m *Module) {
			m.RawTable(0x70, 0, 1)
			m.RawTable(0x70, 0, 1)
		}, wasm.FeatureReferenceTypes),
		sample("long index of a table", func(m *Module) {
			m.RawTable(0x70, 0, 1)
			t := byte(m.RawType(0x60, 0, 0))
			m.Function("", "", 0x41, 0, 0x11, t, 0x80, 0)
		}, wasm.FeatureReferenceTypes),
		code("select with a type", "", "", []byte{0x41, 0, 0x41, 0, 0x41, 0, 0x1c, 1, 0x7f, 0x1a}, wasm.FeatureReferenceTypes),
		sample("table of 64-bit indices", func(m *Module) { m.RawTable(0x70, 4, 1) }, wasm.FeatureMemory64),
		sample("passive elements", func(m *Module) {
			m.RawTable(0x70, 0, 1)
			f := byte(m.Function("", "", 0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 12, 0, 0))
			m.RawElement(1, 0, 1, f)
		}, wasm.FeatureBulkMemory),
	}
}

func vectorSamples() []FeatureSample {
	return []FeatureSample{
		code("vector", "", "", []byte{0x41, 0, 0xfd, 0x0f, 0x1a}, wasm.FeatureSIMD),
		code("vector constant", "", "", append(append([]byte{0xfd, 12}, make([]byte, 16)...), 0x1a), wasm.FeatureSIMD),
		code("vector lane in memory", "", "",
			[]byte{0x41, 0, 0x41, 0, 0xfd, 0x0f, 0xfd, 0x54, 0, 0, 3, 0x1a}, wasm.FeatureSIMD),
		code("relaxed vector", "", "",
			[]byte{0x41, 0, 0xfd, 0x0f, 0x41, 0, 0xfd, 0x0f, 0xfd, 0x80, 0x02, 0x1a}, wasm.FeatureSIMD, wasm.FeatureRelaxedSIMD),
	}
}

func memorySamples() []FeatureSample {
	return []FeatureSample{
		code("copy of memory", "", "", []byte{0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 10, 0, 0}, wasm.FeatureBulkMemory),
		sample("passive data", func(m *Module) {
			m.RawData(1, 1, 'x')
			m.DataCount(1)
			m.Function("", "", 0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 8, 0, 0)
		}, wasm.FeatureBulkMemory),
		code("atomic load", "", "", []byte{0x41, 0, 0xfe, 0x10, 2, 0, 0x1a}, wasm.FeatureAtomics),
		code("atomic fence", "", "", []byte{0xfe, 3, 0}, wasm.FeatureAtomics),
		{"shared memory", []wasm.Feature{wasm.FeatureSharedMemory}, withLimits(3, 1, 2)},
		{"memory of 64 bits", []wasm.Feature{wasm.FeatureMemory64}, withLimits(5, 1, 2)},
		sample("two memories", func(m *Module) {
			m.RawMemory(0, 1)
			m.Function("", "", 0x41, 0, 0x28, 0x42, 1, 0, 0x1a)
		}, wasm.FeatureMultiMemory),
	}
}

// withLimits is a filter whose memory has the given limits.
func withLimits(limits ...byte) *Module {
	m := &Module{}
	m.RawMemory(limits...)
	m.ExportMemory("memory")
	m.ExportFunction("proxy_abi_version_0_2_1", "", "")
	m.ExportFunction("malloc", "i", "i")
	return m
}

func exceptionSamples() []FeatureSample {
	tag := func(m *Module) { m.RawTag(0, byte(m.RawType(0x60, 0, 0))) }
	old := []byte{0x06, 0x40, 0x08, 0, 0x07, 0, 0x0b}
	current := []byte{0x1f, 0x40, 1, 0, 0, 0, 0x08, 0, 0x0b}
	return []FeatureSample{
		sample("tag", tag, wasm.FeatureExceptionTags),
		sample("old exception", func(m *Module) {
			tag(m)
			m.Function("", "", old...)
		}, wasm.FeatureLegacyExceptions, wasm.FeatureExceptionTags),
		sample("delegated old exception", func(m *Module) {
			tag(m)
			m.Function("", "", 0x06, 0x40, 0x06, 0x40, 0x08, 0, 0x18, 0, 0x19, 0x0b)
		}, wasm.FeatureLegacyExceptions, wasm.FeatureExceptionTags),
		sample("exception", func(m *Module) {
			tag(m)
			m.Function("", "", current...)
		}, wasm.FeatureExceptionTags, wasm.FeatureExceptions),
		sample("reference to an exception", func(m *Module) {
			tag(m)
			m.Function("", "", 0x02, 0x69, 0x1f, 0x40, 1, 1, 0, 0, 0x08, 0, 0x0b, 0x00, 0x0b, 0x0a)
		}, wasm.FeatureExceptionTags, wasm.FeatureExceptions),
		sample("old and new exceptions", func(m *Module) {
			tag(m)
			m.Function("", "", old...)
			m.Function("", "", current...)
		}, wasm.FeatureLegacyExceptions, wasm.FeatureExceptionTags, wasm.FeatureExceptions),
	}
}

func typeSamples() []FeatureSample {
	return []FeatureSample{
		sample("call of a reference", func(m *Module) {
			t := byte(m.RawType(0x60, 0, 0))
			m.RawFunction(m.RawType(0x60, 1, 0x63, t, 0), 0, 0x20, 0, 0x14, t, 0x0b)
		}, wasm.FeatureTypedReferences),
		sample("structure", func(m *Module) {
			t := byte(m.RawType(0x5f, 1, 0x7f, 1))
			m.Function("", "", 0xfb, 1, t, 0x1a)
		}, wasm.FeatureGC),
		sample("group with an array of bytes", func(m *Module) {
			m.RawType(0x4e, 1, 0x50, 0, 0x5e, 0x78, 1)
		}, wasm.FeatureGC),
		code("small integer as a reference", "", "", []byte{0x41, 0, 0xfb, 28, 0x1a}, wasm.FeatureGC),
		code("cast", "", "", []byte{0x41, 0, 0xfb, 28, 0xfb, 22, 0x6c, 0x1a}, wasm.FeatureGC),
		code("branch on a cast", "", "", []byte{
			0x02, 0x6c, 0x41, 0, 0xfb, 28, 0xfb, 24, 0, 0, 0x6c, 0x6c, 0x0b, 0x1a,
		}, wasm.FeatureGC),
	}
}
