package proxywasm

import (
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/wasmctl/wasmctl/internal/wasm"
)

// coreFeatures is what of WebAssembly is turned on for the module: all that
// Envoy has and wazero can do. Atomic instructions only for modules that use
// them: with them on, wazero falls back to its interpreter on some arm64.
func coreFeatures(m *wasm.Module) api.CoreFeatures {
	features := api.CoreFeaturesV2 | experimental.CoreFeaturesTailCall | experimental.CoreFeaturesExtendedConst |
		experimental.CoreFeaturesExceptionHandling | experimental.CoreFeaturesTypedFunctionReferences
	if m.Uses(wasm.FeatureAtomics) || m.Uses(wasm.FeatureSharedMemory) {
		features |= experimental.CoreFeaturesThreads
	}
	return features
}
