package envoy

import (
	"context"
	"fmt"
	"strings"

	"github.com/wasmctl/wasmctl/internal/chain"
)

// WasmState is what Envoy's statistics say about its Wasm VMs.
type WasmState struct {
	// Active is the number of VMs that run, Expected the number that has to.
	Active, Expected uint64
}

// Wasm asks how many VMs run and computes how many should.
//
// Envoy 1.40 keeps, for every distinct VM, one VM to clone from, one for the
// main thread and one for each worker. A VM whose start or configuration failed
// is gone from the count. That matters: when it fails in a worker only, Envoy
// logs an error and passes requests on without the filter, under every failure
// policy.
func (a *Admin) Wasm(ctx context.Context, c *chain.Chain, concurrency int) (WasmState, error) {
	const active = "wasm." + Runtime + ".active"
	stats, err := a.Stats(ctx, `^wasm\.envoy\.wasm\.runtime`)
	if err != nil {
		return WasmState{}, err
	}
	expected := uint64(distinctVMs(c) * (2 + concurrency))
	return WasmState{Active: stats[active], Expected: expected}, nil
}

// distinctVMs counts the VMs of a chain: filters of the same module, VM id, VM
// configuration and environment share one.
func distinctVMs(c *chain.Chain) int {
	keys := map[string]bool{}
	for _, f := range c.Filters {
		keys[fmt.Sprintf("%q %q %q %s", f.VMID, f.VMConfiguration, f.Environment, f.Module.SHA256())] = true
	}
	return len(keys)
}

// LoadedFilters tells, by name, which plugins Envoy has built: only then their
// counters exist.
func (a *Admin) LoadedFilters(ctx context.Context, c *chain.Chain) (map[string]bool, error) {
	stats, err := a.Stats(ctx, `^wasm\..*\.vm_reload$`)
	if err != nil {
		return nil, err
	}
	loaded := map[string]bool{}
	for _, f := range c.Filters {
		_, loaded[f.Name] = stats["wasm."+strings.ReplaceAll(f.Name, ":", "_")+".vm_reload"]
	}
	return loaded, nil
}
