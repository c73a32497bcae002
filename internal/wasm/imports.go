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
	envoy := EnvoyProfile()
	version, _ := m.ABI() // without a version every version's functions count
	return checkImports(m, &envoy, version)
}

// checkImports returns the imports of m that the host does not satisfy for a
// module of the version v; "" stands for any version.
func checkImports(m *Module, p *Profile, v ABIVersion) []ImportProblem {
	offered := make(map[string]HostFunction, len(p.Functions))
	for _, f := range p.Functions {
		offered[f.Module+"."+f.Name] = f
	}
	var problems []ImportProblem
	seen := make(map[string]bool, len(m.imports))
	for _, i := range m.imports {
		key := i.String() + describeImport(i)
		if seen[key] { // Go imports some functions twice
			continue
		}
		seen[key] = true
		f, known := offered[i.String()]
		reason, next := p.checkImport(i, f, known)
		if reason == "" && known && v != "" && len(f.ABI) > 0 && !slices.Contains(f.ABI, v) {
			reason = fmt.Sprintf("offered for ABI %s only, the module is for %s", joinVersions(f.ABI, "and"), v)
			next = "use an SDK in which the calls and the ABI version belong together"
		}
		if reason != "" {
			problems = append(problems, ImportProblem{Import: i, Reason: reason, Hint: next})
		}
	}
	return problems
}

// checkImport returns "" when the host satisfies the import i with f; known says
// whether f exists. Envoy makes memories and tables as the module wants them, if
// they are not shared; globals and tags it does not, and an imported tag kills it.
func (p *Profile) checkImport(i Import, f HostFunction, known bool) (reason, next string) {
	static := "link the module statically, without imported " + i.Kind.plural()
	switch i.Kind {
	case ExternFunc:
	case ExternMemory, ExternTable:
		if p.MakesImports {
			return "", ""
		}
		return fmt.Sprintf("%s makes no imported %s", p.Name, i.Kind.plural()), static
	default:
		return fmt.Sprintf("no host offers a %s", i.Kind), static
	}
	if known {
		if i.Func.Equal(f.Type) {
			return "", ""
		}
		next := "declare the function as the proxy-wasm specification does"
		if i.Module != moduleEnv {
			next = "remove the call: " + p.Name + " declares this function of WASI in its own way, and it only fails there"
		}
		return fmt.Sprintf("wrong type: the module wants %s, %s offers %s", i.Func, p.Name, f.Type), next
	}
	if host := vendorOf(i); host != "" {
		return "offered only by " + host, "run the module in " + host + ", or build it without these calls"
	}
	if p.Host != HostEnvoy && offeredByEnvoy(i) {
		return p.Name + " does not offer it", "run the module in an Envoy that offers it, or build it without this call"
	}
	return "no host offers it", missingHint(i)
}

func offeredByEnvoy(i Import) bool {
	return slices.ContainsFunc(EnvoyFunctions(""), func(f HostFunction) bool { return f.Module == i.Module && f.Name == i.Name })
}

// vendorOf names the host that alone offers the function, "" if none is known.
func vendorOf(i Import) string {
	if i.Module != moduleEnv {
		return ""
	}
	if slices.ContainsFunc(onlyInHigress(), func(f HostFunction) bool { return f.Name == i.Name }) {
		return "Higress"
	}
	gcore := []string{
		"proxy_kv_store_open", "proxy_kv_store_get", "proxy_kv_store_scan", "proxy_kv_store_zscan",
		"proxy_kv_store_zrange_by_score", "proxy_kv_store_bf_exists",
		"proxy_get_secret", "proxy_get_effective_at_secret", "proxy_dictionary_get",
	}
	if slices.Contains(gcore, i.Name) {
		return "Gcore FastEdge"
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

// joinVersions lists versions as in a sentence: "0.1.0, 0.2.0 or 0.2.1".
func joinVersions(versions []ABIVersion, word string) string {
	words := make([]string, len(versions))
	for i, v := range versions {
		words[i] = string(v)
	}
	if last := len(words) - 1; last > 0 {
		return strings.Join(words[:last], ", ") + " " + word + " " + words[last]
	}
	return strings.Join(words, "")
}
