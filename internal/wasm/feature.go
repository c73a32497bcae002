package wasm

import "fmt"

// Feature is what a later version or proposal has added to the first version of
// WebAssembly. A host loads a module only when its engine has all that it uses.
//
// https://webassembly.org/features/
type Feature uint8

// The features, in the order in which engines got them.
const (
	// noFeature marks what the first version has.
	noFeature Feature = iota
	FeatureSignExtension
	FeatureNontrappingFloatToInt
	FeatureMultiValue
	FeatureBulkMemory
	FeatureReferenceTypes
	FeatureSIMD
	// FeatureAtomics are the instructions of the threads proposal.
	FeatureAtomics
	// FeatureSharedMemory is the memory that several threads may use.
	FeatureSharedMemory
	// FeatureLegacyExceptions are exceptions as they were first shipped: try,
	// catch and rethrow.
	FeatureLegacyExceptions
	// FeatureExceptionTags are tags and throw, which both kinds of exceptions have.
	FeatureExceptionTags
	FeatureTailCalls
	FeatureExtendedConst
	FeatureRelaxedSIMD
	FeatureTypedReferences
	FeatureGC
	FeatureMultiMemory
	FeatureMemory64
	// FeatureExceptions are exceptions as in WebAssembly 3.0: try_table, throw_ref and exnref.
	FeatureExceptions
	FeatureWideArithmetic
	featureCount
)

// String returns the feature by the name that compilers and tools use.
func (f Feature) String() string {
	names := [featureCount]string{
		"version 1", "sign-ext", "nontrapping-fptoint", "multivalue", "bulk-memory", "reference-types", "simd128",
		"atomics", "shared-memory", "legacy-exceptions", "exception-tags", "tail-call", "extended-const",
		"relaxed-simd", "typed-references", "gc", "multimemory", "memory64", "exceptions", "wide-arithmetic",
	}
	if f < featureCount {
		return names[f]
	}
	return fmt.Sprintf("unknown feature %d", uint8(f))
}

// MarshalText makes String the form in JSON.
func (f Feature) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// FeatureUse says that a module uses a feature, and where first.
type FeatureUse struct {
	Feature Feature `json:"feature"`
	// Count is how many instructions, types and declarations need the feature.
	Count int `json:"count"`
	// Offset is where the first of them is, in bytes from the start of the file.
	Offset int64 `json:"offset"`
	// Function is the index of the function that the first of them is in; nil
	// when it is outside of functions.
	Function *uint32 `json:"function,omitempty"`
}

// Features returns what the module really uses of WebAssembly beyond its first
// version, in the order of the constants: it reads all code. What the section
// "target_features" declares does not count; see DeclaredFeatures. The error is
// a *SectionError for code that cannot be read; no host loads such a module.
//
// The code is read at the first call; further ones return the same.
func (m *Module) Features() ([]FeatureUse, error) {
	s := m.scan()
	return s.features, s.err
}

// Uses tells whether the module uses a feature. A module whose code cannot be
// read uses what was found before the error.
func (m *Module) Uses(f Feature) bool {
	for _, use := range m.scan().features {
		if use.Feature == f {
			return true
		}
	}
	return false
}

// usage collects the uses of features while a module is read.
type usage [featureCount]struct {
	count    int
	offset   int64
	function *uint32
}

// note adds a use. A nil usage takes no notes.
func (u *usage) note(f Feature, offset int, function *uint32) {
	if u == nil {
		return
	}
	if u[f].count == 0 {
		u[f].offset, u[f].function = int64(offset), function
	}
	u[f].count++
}

// list returns the features that were used.
func (u *usage) list() []FeatureUse {
	var uses []FeatureUse
	for f := noFeature + 1; f < featureCount; f++ {
		if n := u[f]; n.count > 0 {
			uses = append(uses, FeatureUse{Feature: f, Count: n.count, Offset: n.offset, Function: n.function})
		}
	}
	return uses
}

// targetFeatures is the custom section in which LLVM's linker writes down what
// the compiler was allowed to use.
const targetFeatures = "target_features"

// DeclaredFeatures returns the names in the section "target_features": what the
// compiler was allowed to use, in the compiler's words. Nil without the section
// or when it cannot be read; hosts ignore it.
//
// https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md#target-features-section
func (m *Module) DeclaredFeatures() []string {
	sections := m.CustomSections(targetFeatures)
	if len(sections) == 0 {
		return nil
	}
	r := &reader{buf: sections[0].Content, end: len(sections[0].Content)}
	n, err := r.count(2)
	if err != nil {
		return nil
	}
	var names []string
	for range n {
		prefix, err := r.byte()
		if err != nil {
			return nil
		}
		name, err := r.name()
		if err != nil {
			return nil
		}
		if prefix != '-' {
			names = append(names, name)
		}
	}
	return names
}
