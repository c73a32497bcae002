package proxywasm

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero/api"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// hostFunction is an entry of the table of functions that this host offers:
// what is not in the table is refused when a module is compiled.
type hostFunction struct {
	// name is the import's name. The modules are those of the group it is in.
	name string
	// params are the parameters, a letter each: i for i32, l for i64.
	params string
	// void marks a function without result; all others return one i32.
	void bool
	// always marks a function that may be called during the start function and
	// during an allocation; any other traps there, as in Envoy.
	always bool
	// abi are the versions that have the function; none means all.
	abi  []wasm.ABIVersion
	call hostCall
}

// hostCall is the code of a host function. stack holds the parameters. What it
// returns becomes the result.
type hostCall func(p *Plugin, stack []uint64) uint32

// hostGroup is the functions of one part of the ABI.
type hostGroup struct {
	// modules are the names under which the functions can be imported.
	modules   []string
	functions []hostFunction
}

// hostGroups returns all functions that this host offers. A further part of the
// ABI is one more group here, in a file of its own.
func hostGroups() []hostGroup {
	env := []string{"env"}
	wasi := []string{"wasi_snapshot_preview1", "wasi_unstable"}
	return []hostGroup{
		{env, logFunctions()},
		{env, headerFunctions()},
		{env, bufferFunctions()},
		{env, streamFunctions()},
		{env, propertyFunctions()},
		{env, contextFunctions()},
		{env, metricFunctions()},
		{env, sharedFunctions()},
		{env, callFunctions()},
		{env, foreignFunctions()},
		{env, libcFunctions()},
		{wasi, wasiFunctions()},
		{wasi, wasiStubs()},
	}
}

// importName is how a module names a function that it imports.
type importName struct{ module, name string }

// offeredTo returns the functions that a module of the ABI version can import.
func offeredTo(v wasm.ABIVersion) map[importName]hostFunction {
	offered := map[importName]hostFunction{}
	for _, group := range hostGroups() {
		for _, f := range group.functions {
			if !f.isIn(v) {
				continue
			}
			for _, module := range group.modules {
				offered[importName{module, f.name}] = f
			}
		}
	}
	return offered
}

func (f *hostFunction) isIn(v wasm.ABIVersion) bool {
	for _, has := range f.abi {
		if has == v {
			return true
		}
	}
	return len(f.abi) == 0
}

// signature returns the type of the function.
func (f *hostFunction) signature() wasm.FuncType {
	t := wasm.FuncType{Params: valueTypes(f.params)}
	if !f.void {
		t.Results = []wasm.ValueType{wasm.I32}
	}
	return t
}

func valueTypes(letters string) []wasm.ValueType {
	types := make([]wasm.ValueType, len(letters))
	for i, c := range letters {
		types[i] = wasm.I32
		if c == 'l' {
			types[i] = wasm.I64
		}
	}
	return types
}

// Call implements api.GoModuleFunction. It runs on every call that a filter
// makes, so it must not allocate.
func (f *hostFunction) Call(ctx context.Context, mod api.Module, stack []uint64) {
	p := pluginOf(ctx)
	if p.memory == nil {
		p.memory = mod.Memory() // a start section runs before instantiation returns
	}
	if p.restricted && !f.always {
		panic(restrictedCallError(f.name))
	}
	result := f.call(p, stack)
	if !f.void {
		stack[0] = uint64(result)
	}
}

// restrictedCallError is a call at a time when filters may only log.
type restrictedCallError string

func (e restrictedCallError) Error() string {
	return fmt.Sprintf("%s cannot be called during the start function or an allocation", string(e))
}

// callContext carries the plugin to the host functions. wazero hands on the
// context of a call as it is, which makes this a type assertion and no lookup.
type callContext struct {
	context.Context
	plugin *Plugin
}

type pluginKey struct{}

// Value implements context.Context.
func (c *callContext) Value(key any) any {
	if _, ok := key.(pluginKey); ok {
		return c.plugin
	}
	return c.Context.Value(key)
}

func pluginOf(ctx context.Context) *Plugin {
	if c, ok := ctx.(*callContext); ok {
		return c.plugin
	}
	return ctx.Value(pluginKey{}).(*Plugin)
}

// u32 reads an i32 parameter. The upper half of its stack slot is undefined.
func u32(v uint64) uint32 { return api.DecodeU32(v) }
