package wasm

import (
	"fmt"
	"slices"
	"strings"
)

// ImportProblem is an import that keeps Envoy from loading a module.
type ImportProblem struct {
	Import Import `json:"import"`
	// Reason is why: "no host offers it", "offered only by Higress", "wrong type: ...".
	Reason string `json:"reason"`
	// Hint is the next step for the user.
	Hint string `json:"hint"`
}

// CheckImports returns the imports of m that Envoy does not satisfy for the ABI
// version of m. For a module without a known version it is enough that any
// version has the function.
func CheckImports(m *Module) []ImportProblem {
	version, err := m.ABI()
	if err != nil {
		version = ""
	}
	offered := map[string]HostFunction{}
	for _, f := range EnvoyFunctions("") {
		offered[f.Module+"."+f.Name] = f
	}
	var problems []ImportProblem
	for _, i := range m.imports {
		f, known := offered[i.String()]
		reason, next := checkImport(i, f, known)
		if reason == "" && version != "" && len(f.ABI) > 0 && !slices.Contains(f.ABI, version) {
			reason = fmt.Sprintf("offered for ABI %s only, the module is for %s", joinVersions(f.ABI), version)
			next = "use an SDK in which the calls and the ABI version belong together"
		}
		if reason != "" {
			problems = append(problems, ImportProblem{Import: i, Reason: reason, Hint: next})
		}
	}
	return problems
}

// checkImport returns "" when Envoy satisfies the import i with f; known says
// whether f exists. Memories and tables are made by the host as the module wants
// them; globals are not.
func checkImport(i Import, f HostFunction, known bool) (reason, next string) {
	switch i.Kind {
	case ExternMemory, ExternTable:
		return "", ""
	case ExternFunc:
	default:
		return fmt.Sprintf("no host offers a %s", i.Kind), "link the module statically, without imported " + i.Kind.String() + "s"
	}
	if known {
		if i.Func.Equal(f.Type) {
			return "", ""
		}
		return fmt.Sprintf("wrong type: the module wants %s, Envoy offers %s", i.Func, f.Type),
			"declare the function as the proxy-wasm specification does"
	}
	if host := vendorOf(i); host != "" {
		return "offered only by " + host, "run the module in " + host + ", or build it without these calls"
	}
	return "no host offers it", missingHint(i)
}

// vendorOf names the host that alone offers the function, "" if none is known.
func vendorOf(i Import) string {
	if i.Module != moduleEnv {
		return ""
	}
	vendors := map[string][]string{
		"Higress": {
			"proxy_redis_init", "proxy_redis_call", "proxy_inject_encoded_data_to_filter_chain",
			"proxy_get_upstream_hosts", "proxy_set_upstream_override_host",
		},
		"Gcore FastEdge": {
			"proxy_kv_store_open", "proxy_kv_store_get", "proxy_kv_store_scan", "proxy_kv_store_zscan",
			"proxy_kv_store_zrange_by_score", "proxy_kv_store_bf_exists",
			"proxy_get_secret", "proxy_get_effective_at_secret", "proxy_dictionary_get",
		},
	}
	for host, names := range vendors {
		if slices.Contains(names, i.Name) {
			return host
		}
	}
	return ""
}

// missingHint tells where an import that no host offers usually comes from, and
// how to get rid of it.
func missingHint(i Import) string {
	const undefined = "the name was left undefined at link time: link what defines it, or remove the call"
	switch {
	case i.Module == moduleEnv && i.Name == "abort":
		return "this is AssemblyScript's default abort: compile with 'asc --use abort=FILE/FUNCTION' and an abort " +
			"function of your own, or with an SDK's '--use abort=abort_proc_exit'"
	case i.Module == moduleEnv && strings.HasPrefix(i.Name, "__cxa_"):
		return "C++ exceptions need a runtime that is not there: compile with -fno-exceptions"
	case i.Module == moduleEnv && strings.HasPrefix(i.Name, "emscripten_"):
		return "link with emcc -sSTANDALONE_WASM and without the features of a browser"
	case i.Module == moduleEnv && strings.HasPrefix(i.Name, prefixProxy):
		return "the function is not part of the proxy-wasm ABI: check its name and the version of the SDK"
	case i.Module == moduleEnv:
		return undefined
	case i.Module == "gojs" || i.Module == "go":
		return "build with GOOS=wasip1 instead of GOOS=js ('wasmctl build' does)"
	case i.Module == "wbg" || strings.HasPrefix(i.Module, "__wbindgen"):
		return "wasm-bindgen is for JavaScript hosts: build without it, and without crates that use it"
	case strings.HasPrefix(i.Module, "wasi:"):
		return "build for WASI preview 1, not for preview 2"
	case i.Module == moduleWASI || i.Module == moduleWASIOld:
		return "remove the call: Envoy offers most of WASI preview 1, but not this function"
	}
	return undefined
}

func joinVersions(versions []ABIVersion) string {
	words := make([]string, len(versions))
	for i, v := range versions {
		words[i] = string(v)
	}
	return strings.Join(words, " and ")
}
