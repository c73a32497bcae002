package proxywasm

import (
	"testing"

	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// TestProfileTellsWhatLoads runs a filter of each feature and holds the profile to it.
func TestProfileTellsWhatLoads(t *testing.T) {
	t.Parallel()
	for _, s := range testkit.FeatureSamples() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			m, err := wasm.Decode(s.Module.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			verdict := wasm.CheckHost(m, Profile())
			e, err := NewEngine(EngineOptions{})
			if err != nil {
				t.Fatal(err)
			}
			program, err := e.load(t.Context(), m) // what wazero says, without the checks before it
			if (err == nil) != (verdict.Judgement != wasm.Refuses) {
				t.Errorf("verdict %s %v, wazero says %v", verdict.Judgement, verdict.Problems, err)
			}
			if err == nil {
				_ = program.close(t.Context())
			}
			if _, err := e.Compile(t.Context(), m); (err == nil) != (verdict.Judgement != wasm.Refuses) {
				t.Errorf("verdict %s %v, the host says %v", verdict.Judgement, verdict.Problems, err)
			}
			_ = e.Close(t.Context())
		})
	}
}

// TestProfileOffersNothingThatEnvoyDoesNot: a filter that runs here links in Envoy.
func TestProfileOffersNothingThatEnvoyDoesNot(t *testing.T) {
	t.Parallel()
	envoy := map[string]wasm.HostFunction{}
	for _, f := range wasm.EnvoyFunctions("") {
		envoy[f.Module+"."+f.Name] = f
	}
	for _, f := range Profile().Functions {
		if known, ok := envoy[f.Module+"."+f.Name]; !ok || !known.Type.Equal(f.Type) {
			t.Errorf("%s.%s %s is offered here, in Envoy %s", f.Module, f.Name, f.Type, known.Type)
		}
	}
}
