package wasm

import "strings"

// Title returns the feature as a person calls it.
func (f Feature) Title() string {
	titles := [featureCount]string{
		"version 1", "sign extension", "conversions without traps", "several results", "bulk memory operations",
		"reference types", "vectors (SIMD)", "atomic instructions", "shared memory", "old exceptions (try, catch)",
		"exceptions", "tail calls", "extended constants", "relaxed vectors (relaxed SIMD)", "typed references",
		"garbage-collected types", "several memories", "64-bit memory", "new exceptions (try_table, exnref)",
		"128-bit arithmetic",
	}
	if f < featureCount {
		return titles[f]
	}
	return f.String()
}

// flag is a feature's name in the flags of compilers and of wasm-opt; "" where
// they have none.
type flag struct {
	// llvm is the name in clang's -mno-NAME, Rust's -C target-feature=-NAME and
	// TinyGo's -llvm-features=-NAME.
	llvm string
	// asc is the name in AssemblyScript's --enable and --disable.
	asc string
	// optional is set when asc has the feature off unless --enable names it.
	optional bool
	// lowering is the pass of wasm-opt that replaces the feature by older ones.
	lowering string
}

// flags is the table of names. They were tried with clang 19, rustc 1.95 and asc
// 0.28; of these clang does not know wide-arithmetic yet.
func flags() map[Feature]flag {
	return map[Feature]flag{
		FeatureSignExtension:         {"sign-ext", "sign-extension", false, "--signext-lowering"},
		FeatureNontrappingFloatToInt: {"nontrapping-fptoint", "nontrapping-f2i", false, "--llvm-nontrapping-fptoint-lowering"},
		FeatureMultiValue:            {"multivalue", "", false, ""},
		FeatureBulkMemory:            {"bulk-memory", "bulk-memory", false, "--llvm-memory-copy-fill-lowering"},
		FeatureReferenceTypes:        {"reference-types", "reference-types", true, ""},
		FeatureSIMD:                  {"simd128", "simd", true, ""},
		FeatureRelaxedSIMD:           {"relaxed-simd", "relaxed-simd", true, ""},
		FeatureAtomics:               {"atomics", "threads", true, ""},
		FeatureSharedMemory:          {"atomics", "threads", true, ""},
		FeatureTailCalls:             {"tail-call", "", false, ""},
		FeatureExtendedConst:         {"extended-const", "", false, ""},
		FeatureTypedReferences:       {"", "gc", true, ""},
		FeatureGC:                    {"", "gc", true, ""},
		FeatureMultiMemory:           {"multimemory", "", false, "--multi-memory-lowering"},
		FeatureMemory64:              {"", "", false, "--memory64-lowering"},
		FeatureWideArithmetic:        {"wide-arithmetic", "", false, ""},
	}
}

// featureFix returns what the author of a module in the given language does to
// build it without the feature.
func featureFix(f Feature, l Language) string {
	if f == FeatureLegacyExceptions || f == FeatureExceptions || f == FeatureExceptionTags {
		return exceptionFix(f, l)
	}
	if f == FeatureMemory64 && l == LanguageCPP {
		return "compile for wasm32, not wasm64"
	}
	names := flags()[f]
	switch {
	case l == LanguageGo:
		return "Go's compiler does not write this: look at what runs over the module after it, such as wasm-opt"
	case names.llvm != "" && l == LanguageRust:
		return "take +" + names.llvm + " out of RUSTFLAGS, .cargo/config.toml and #[target_feature], or set -C target-feature=-" +
			names.llvm
	case names.llvm != "" && l == LanguageCPP:
		return "compile with " + threadFlag(f, "-mno-"+names.llvm) + ", and libraries too"
	case names.llvm != "" && l == LanguageTinyGo:
		return "build with -llvm-features=-" + names.llvm
	case names.llvm != "" && l == LanguageZig:
		return "build with -mcpu=generic-" + strings.ReplaceAll(names.llvm, "-", "_")
	case names.asc != "" && names.optional && l == LanguageAssemblyScript:
		return "compile without asc's --enable " + names.asc
	case names.asc != "" && l == LanguageAssemblyScript:
		return "compile with asc's --disable " + names.asc
	case names.lowering != "":
		return "rewrite the module with 'wasm-opt " + names.lowering + "', or compile it without the feature"
	}
	return "compile the module without the feature, and keep wasm-opt from adding it (no --all-features)"
}

// threadFlag adds to clang's flag the one that turns it on again.
func threadFlag(f Feature, flag string) string {
	if f == FeatureAtomics || f == FeatureSharedMemory {
		return flag + " and without -pthread"
	}
	return flag
}

// exceptionFix is featureFix for exceptions: of the two kinds the other one may do.
func exceptionFix(f Feature, l Language) string {
	switch {
	case f == FeatureLegacyExceptions:
		return "compile without exceptions" + noExceptions(l) + ", or rewrite the module with 'wasm-opt --enable-exception-handling --enable-reference-types --translate-to-exnref'"
	case f == FeatureExceptions && l == LanguageCPP:
		return "compile with -fno-exceptions, or for the old kind: with -fwasm-exceptions of clang 19 or older, or -mllvm -wasm-use-legacy-eh"
	}
	return "compile without exceptions" + noExceptions(l)
}

func noExceptions(l Language) string {
	switch l {
	case LanguageCPP:
		return " (-fno-exceptions)"
	case LanguageRust:
		return " (panic = \"abort\" in the profile)"
	}
	return ""
}
