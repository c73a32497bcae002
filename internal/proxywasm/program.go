package proxywasm

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// maxMemoryPages is the memory limit of a VM: 1 GiB, as in Envoy.
const maxMemoryPages = 16384

// Program is a compiled module. It may be used from several goroutines.
type Program struct {
	runtime  wazero.Runtime
	code     wazero.CompilationCache
	compiled wazero.CompiledModule
	cached   bool
	// first says that the module is built for ABI 0.1.0.
	first bool
}

// Cached tells whether the machine code came from the cache on disk.
func (p *Program) Cached() bool { return p.cached }

// close frees what the program holds.
func (p *Program) close(ctx context.Context) error {
	return errors.Join(p.runtime.Close(ctx), p.code.Close(ctx))
}

// compile makes a program, with machine code from the cache if it is there.
func (e *Engine) compile(ctx context.Context, m *wasm.Module, offered map[importName]hostFunction) (*Program, error) {
	program, err := e.load(ctx, m)
	if err != nil {
		return nil, fmt.Errorf("compile the module: %w", err)
	}
	version, err := m.ABI()
	program.first = err == nil && version == wasm.ABI010
	if err := program.offer(ctx, m, offered); err != nil {
		_ = program.close(ctx) // the first error is the cause
		return nil, err
	}
	return program, nil
}

// load compiles the module or takes its machine code from the cache. Whatever
// is wrong with the cache, the module is then compiled without it.
func (e *Engine) load(ctx context.Context, m *wasm.Module) (*Program, error) {
	entry := openCacheEntry(e.cacheDir, m.SHA256())
	if entry == nil {
		return newProgram(ctx, m, wazero.NewCompilationCache())
	}
	program, err := newProgram(ctx, m, entry.code)
	if err != nil {
		entry.discard()
		return newProgram(ctx, m, wazero.NewCompilationCache())
	}
	program.cached = entry.seal()
	return program, nil
}

// newProgram compiles the module, on all cores, and owns code from then on.
func newProgram(ctx context.Context, m *wasm.Module, code wazero.CompilationCache) (*Program, error) {
	// Without close on context done: its checks in every loop make code slower.
	config := wazero.NewRuntimeConfig().
		WithCoreFeatures(coreFeatures(m)).
		WithMemoryLimitPages(maxMemoryPages).
		WithCompilationCache(code).
		WithDebugInfoEnabled(false)
	p := &Program{runtime: wazero.NewRuntimeWithConfig(ctx, config), code: code}
	var err error
	p.compiled, err = p.runtime.CompileModule(experimental.WithCompilationWorkers(ctx, runtime.NumCPU()), m.Bytes())
	if err != nil {
		_ = p.close(ctx) // the module is what is wrong
		return nil, err
	}
	return p, nil
}

// offer makes the host functions that the module imports.
func (p *Program) offer(ctx context.Context, m *wasm.Module, offered map[importName]hostFunction) error {
	builders := map[string]wazero.HostModuleBuilder{}
	for _, i := range m.Imports() {
		f := offered[importName{i.Module, i.Name}]
		b, ok := builders[i.Module]
		if !ok {
			b = p.runtime.NewHostModuleBuilder(i.Module)
			builders[i.Module] = b
		}
		t := f.signature()
		b.NewFunctionBuilder().WithGoModuleFunction(&f, apiTypes(t.Params), apiTypes(t.Results)).Export(i.Name)
	}
	for name, b := range builders {
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("make the functions of %s: %w", name, err)
		}
	}
	return nil
}

// apiTypes converts value types: wazero too uses their binary form.
func apiTypes(types []wasm.ValueType) []api.ValueType {
	converted := make([]api.ValueType, len(types))
	for i, t := range types {
		converted[i] = api.ValueType(t)
	}
	return converted
}
