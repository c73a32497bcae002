package wasm

import (
	"slices"
	"strings"

	"github.com/wasmctl/wasmctl/internal/suggest"
)

// allocator demands the function with which the host gets memory for the values
// it returns.
func (c *checker) allocator() {
	for _, name := range []string{"malloc", "proxy_on_memory_allocate"} {
		if t, ok := c.m.ExportedFunction(name); ok {
			c.exportType(name, t, signature("i", "i"))
			return
		}
	}
	c.problem(allocatorHint(c.m.Language()), "the module exports no allocator: neither malloc nor proxy_on_memory_allocate")
}

func allocatorHint(l Language) string {
	switch l {
	case LanguageCPP:
		return "export malloc (the linker's --export=malloc), or proxy_on_memory_allocate, which returns malloc(size)"
	case LanguageAssemblyScript:
		return "export a function proxy_on_memory_allocate(size: usize): usize that returns heap.alloc(size)"
	case LanguageGo, LanguageTinyGo:
		return "import the proxy-wasm SDK, which exports proxy_on_memory_allocate"
	case LanguageRust:
		return "use the proxy-wasm crate, and keep its exports when stripping"
	}
	return "build the module with a proxy-wasm SDK, which exports it"
}

// callbacks compares the exports that the host calls with the types they must
// have. Without a known version the type of any version will do.
func (c *checker) callbacks() {
	want := c.called()
	for _, e := range c.m.exports {
		if e.Func == nil {
			continue
		}
		types, known := want[e.Name]
		switch {
		case !known:
			c.unknownExport(e.Name, want)
		case !slices.ContainsFunc(types, e.Func.Equal):
			c.exportType(e.Name, *e.Func, types[0])
		}
	}
}

// called returns the exports that the host looks up, with their possible types.
func (c *checker) called() map[string][]FuncType {
	want := map[string][]FuncType{}
	for _, cb := range callbacks() {
		if c.version == "" || len(cb.abi) == 0 || slices.Contains(cb.abi, c.version) {
			want[cb.name] = append(want[cb.name], signature(cb.params, cb.results))
		}
	}
	for _, cb := range c.p.Callbacks {
		if c.version == "" || slices.Contains(cb.ABI, c.version) {
			want[cb.Name] = append(want[cb.Name], cb.Type)
		}
	}
	if _, ok := c.m.ExportedFunction("_initialize"); ok {
		want["_initialize"] = []FuncType{{}}
		want["main"] = []FuncType{signature("ii", "i")}
		want["__main_void"] = []FuncType{signature("", "i")}
	} else {
		want["_start"] = []FuncType{{}}
	}
	return want
}

func (c *checker) exportType(name string, have, want FuncType) {
	if !have.Equal(want) {
		c.problem("declare the function as the proxy-wasm specification does for the module's ABI version",
			"export %s is %s, %s wants %s", name, have, c.p.Name, want)
	}
}

// unknownExport remarks on a function that looks like a callback and is none: it
// is never called. Those of other versions and of other hosts are no mistakes.
func (c *checker) unknownExport(name string, want map[string][]FuncType) {
	if !strings.HasPrefix(name, prefixProxy) || strings.HasPrefix(name, abiPrefix) || slices.Contains(notCallbacks(), name) {
		return
	}
	known := make([]string, 0, len(want))
	for candidate := range want {
		if strings.HasPrefix(candidate, prefixProxy) {
			known = append(known, candidate)
		}
	}
	slices.Sort(known)
	next := "remove the export, or give it the name of a callback of the proxy-wasm specification"
	if near := suggest.Nearest(name, known); near != "" {
		next = "did you mean " + near + "?"
	}
	c.remark(next, "exports %s, which %s never calls", name, c.p.Name)
}

// notCallbacks are exports of SDKs that are no mistakes although Envoy does not
// call them as callbacks of a filter: the allocator, those of one host, and a
// name that the C++ SDK declares.
func notCallbacks() []string {
	return []string{
		"proxy_on_memory_allocate", "proxy_on_redis_call_response", "proxy_on_resolve_dns", "proxy_on_stats_update",
		"proxy_on_foreign_function", "proxy_on_grpc_trailing_metadata",
	}
}
