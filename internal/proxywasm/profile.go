package proxywasm

import "github.com/wasmctl/wasmctl/internal/wasm"

// Profile says what this host takes, for those who check a module without
// running it. What it offers is read from the table of host functions.
func Profile() wasm.Profile {
	p := wasm.Profile{
		Host: wasm.HostLocal, Name: "the embedded host", Version: "of this wasmctl", Engine: "wazero",
		ABI: []wasm.ABIVersion{wasm.ABI010, wasm.ABI020, wasm.ABI021},
		Lacks: []wasm.Feature{
			wasm.FeatureLegacyExceptions, wasm.FeatureRelaxedSIMD, wasm.FeatureGC, wasm.FeatureMultiMemory,
			wasm.FeatureMemory64, wasm.FeatureWideArithmetic,
		},
		// What Envoy refuses is refused here too, although wazero has larger limits.
		OneKindOfExceptions: true, Limits: wasm.V8Limits(0),
	}
	for _, group := range hostGroups() {
		for _, f := range group.functions {
			for _, module := range group.modules {
				p.Functions = append(p.Functions, wasm.HostFunction{Module: module, Name: f.name, Type: f.signature(), ABI: f.abi})
			}
		}
	}
	return p
}
