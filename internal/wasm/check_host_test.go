package wasm_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// TestFeaturesByHost holds the profiles to the table in docs/check.md.
func TestFeaturesByHost(t *testing.T) {
	t.Parallel()
	higressLacks := []string{
		"tail-call", "extended-const", "relaxed-simd", "typed-references", "gc", "multimemory", "memory64", "exceptions",
		"wide-arithmetic",
	}
	for _, s := range testkit.FeatureSamples() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			m := decode(t, s.Module.Bytes())
			mixed := slices.Contains(s.Features, wasm.FeatureLegacyExceptions) && slices.Contains(s.Features, wasm.FeatureExceptions)
			late := slices.ContainsFunc(s.Features, func(f wasm.Feature) bool { return slices.Contains(higressLacks, f.String()) })
			threads := slices.Contains(s.Features, wasm.FeatureAtomics) || slices.Contains(s.Features, wasm.FeatureSharedMemory)
			envoy := wasm.Loads
			if late || threads {
				envoy = wasm.LoadsWithRemarks
			}
			if mixed || slices.Contains(s.Features, wasm.FeatureWideArithmetic) {
				envoy = wasm.Refuses
			}
			higress := wasm.Loads
			if threads {
				higress = wasm.LoadsWithRemarks
			}
			if late {
				higress = wasm.Refuses
			}
			want := map[wasm.Host]wasm.Judgement{
				wasm.HostEnvoy: envoy, wasm.HostIstio: envoy, wasm.HostGateway: envoy, wasm.HostHigress: higress,
			}
			for _, p := range wasm.Profiles() {
				v := wasm.CheckHost(m, p)
				if v.Judgement != want[p.Host] {
					t.Errorf("%s: %s %v %v, want %s", p.Host, v.Judgement, v.Problems, v.Remarks, want[p.Host])
				}
				for _, found := range slices.Concat(v.Problems, v.Remarks) {
					if found.Reason == "" || found.Hint == "" {
						t.Errorf("%s: %q, hint %q", p.Host, found.Reason, found.Hint)
					}
				}
			}
		})
	}
}

// higressFilter is a filter of Higress' own ABI version and calls.
func higressFilter() *testkit.Module {
	m := &testkit.Module{}
	m.Import("env", "proxy_redis_call", "iiiii", "i")
	m.Import("env", "proxy_get_log_level", "i", "i")
	m.ExportFunction("proxy_abi_version_0_2_100", "", "")
	withMemory(m, 1)
	m.ExportFunction("proxy_on_request_headers", "iii", "i")
	m.ExportFunction("proxy_on_redis_call_response", "iiii", "")
	return m
}

func TestCheckHost(t *testing.T) {
	t.Parallel()
	old := &testkit.Module{}
	old.ExportFunction("proxy_abi_version_0_1_0", "", "")
	withMemory(old, 1)
	files := &testkit.Module{}
	files.Import("wasi_snapshot_preview1", "fd_readdir", "iiiIi", "i")
	files.ExportFunction("proxy_abi_version_0_2_1", "", "")
	withMemory(files, 1)
	wrongRedis := higressFilter()
	wrongRedis.ExportFunction("proxy_on_response_headers", "ii", "i")
	command := testkit.Filter()
	command.ExportFunction("_start", "", "")
	wrapped := testkit.Filter()
	wrapped.Custom("name", []byte("\x01\x13\x01\x00\x10x.command_export"))
	misspelt := testkit.Filter()
	misspelt.ExportFunction("proxy_on_request_heders", "iii", "i")
	memories := testkit.Filter()
	memories.RawMemory(0, 1)
	memories.RawExport("other", byte(wasm.ExternMemory), 1)

	cases := []struct {
		name   string
		module *testkit.Module
		host   wasm.Host
		want   wasm.Judgement
		text   string
		hint   string
	}{
		{"Higress' own in Higress", higressFilter(), wasm.HostHigress, wasm.Loads, "", ""},
		{"Higress' own in Envoy", higressFilter(), wasm.HostEnvoy, wasm.Refuses, "offered only by Higress", "run the module in Higress"},
		{"Higress' own in Istio", higressFilter(), wasm.HostIstio, wasm.Refuses, "unknown proxy-wasm ABI version 0.2.100", "Higress"},
		{"wrong type in Higress", wrongRedis, wasm.HostHigress, wasm.Refuses, "Higress wants (i32, i32, i32) -> i32", ""},
		{"old ABI", old, wasm.HostHigress, wasm.Loads, "", ""},
		{"later WASI in Envoy", files, wasm.HostEnvoy, wasm.LoadsWithRemarks, "imports fd_readdir, which Envoy offers since 1.39", "not older"},
		{"later WASI in Higress", files, wasm.HostHigress, wasm.Refuses, "Higress does not offer it", "in an Envoy that offers it"},
		{"command", command, wasm.HostEnvoy, wasm.LoadsWithRemarks, "is a command", "reactor"},
		{"wrapped exports", wrapped, wasm.HostEnvoy, wasm.LoadsWithRemarks, "neither _initialize nor _start", "reactor"},
		{"misspelt", misspelt, wasm.HostGateway, wasm.LoadsWithRemarks, "never calls", "did you mean proxy_on_request_headers?"},
		{"two memories", memories, wasm.HostEnvoy, wasm.LoadsWithRemarks, "exported last", "export only the memory"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := wasm.CheckHost(decode(t, c.module.Bytes()), profile(t, c.host))
			if v.Judgement != c.want {
				t.Fatalf("%s, problems %v, remarks %v", v.Judgement, v.Problems, v.Remarks)
			}
			found := c.text == ""
			for _, p := range slices.Concat(v.Problems, v.Remarks) {
				found = found || strings.Contains(p.Reason, c.text) && strings.Contains(p.Hint, c.hint)
			}
			if !found {
				t.Errorf("nothing says %q with %q: %v %v", c.text, c.hint, v.Problems, v.Remarks)
			}
		})
	}
}

func profile(t *testing.T, host wasm.Host) wasm.Profile {
	t.Helper()
	all := wasm.Profiles()
	i := slices.IndexFunc(all, func(p wasm.Profile) bool { return p.Host == host })
	if i < 0 {
		t.Fatalf("no profile of %s", host)
	}
	return all[i]
}

func TestCheckHostLimitsTheSizeOfTheModule(t *testing.T) {
	t.Parallel()
	m := decode(t, testkit.Filter().Bytes())
	p := profile(t, wasm.HostIstio)
	if p.Limits.ModuleSize != 256<<20 {
		t.Errorf("Istio takes %d bytes", p.Limits.ModuleSize)
	}
	p.Limits.ModuleSize = int64(len(m.Bytes()))
	if v := wasm.CheckHost(m, p); v.Judgement != wasm.Loads {
		t.Errorf("a module of just the size: %s", v.Judgement)
	}
	p.Limits.ModuleSize--
	if v := wasm.CheckHost(m, p); v.Judgement != wasm.Refuses {
		t.Errorf("a module of one byte more: %s", v.Judgement)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	if w := wasm.Warnings(decode(t, testkit.Filter(testkit.ProxyLog()).Bytes())); len(w) > 0 {
		t.Errorf("warnings about a good filter: %v", w)
	}
	for _, s := range testkit.FeatureSamples() {
		if s.Name != "tail call" {
			continue
		}
		w := wasm.Warnings(decode(t, s.Module.Bytes()))
		if len(w) != 2 || !strings.Contains(w[0].Reason, "since 1.36") ||
			!strings.HasPrefix(w[1].Reason, "Higress would refuse the module: ") {
			t.Errorf("warnings %v", w)
		}
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	producers := func(field, name string) *testkit.Module {
		m := testkit.Filter()
		content := []byte{1, byte(len(field))}
		content = append(append(content, field...), 1, byte(len(name)))
		m.Custom("producers", append(append(content, name...), 0))
		return m
	}
	buildID, abort := testkit.Filter(), testkit.Filter(testkit.HostFunc{Name: "abort", Params: "iiii"})
	buildID.Custom("go:buildid", []byte("x"))
	broken := testkit.Filter()
	broken.Custom("producers", []byte("\xff"))
	cases := []struct {
		name   string
		module *testkit.Module
		want   wasm.Language
	}{
		{"Go", producers("language", "Go"), wasm.LanguageGo},
		{"TinyGo", producers("processed-by", "TinyGo"), wasm.LanguageTinyGo},
		{"Rust", producers("language", "Rust"), wasm.LanguageRust},
		{"C", producers("language", "C11"), wasm.LanguageCPP},
		{"C++ by clang", producers("language", "C_plus_plus_14"), wasm.LanguageCPP},
		{"C++", producers("language", "C++"), wasm.LanguageCPP},
		{"AssemblyScript", producers("language", "AssemblyScript"), wasm.LanguageAssemblyScript},
		{"another one", producers("language", "COBOL"), wasm.LanguageUnknown},
		{"Go by its section", buildID, wasm.LanguageGo},
		{"AssemblyScript by its abort", abort, wasm.LanguageAssemblyScript},
		{"nothing to go by", testkit.Filter(), wasm.LanguageUnknown},
		{"unreadable", broken, wasm.LanguageUnknown},
	}
	for _, c := range cases {
		if got := decode(t, c.module.Bytes()).Language(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestFixesSpeakTheLanguage wants the words of the language's own tools.
func TestFixesSpeakTheLanguage(t *testing.T) {
	t.Parallel()
	cases := []struct{ sample, language, text string }{
		{"relaxed vector", "Rust", "-C target-feature=-relaxed-simd"},
		{"relaxed vector", "C_plus_plus_14", "-mno-relaxed-simd"},
		{"relaxed vector", "AssemblyScript", "--enable relaxed-simd"},
		{"relaxed vector", "Zig", "-mcpu=generic-relaxed_simd"},
		{"tail call", "Go", "wasm-opt"},
		{"tail call", "C11", "-mno-tail-call"},
		{"exception", "C_plus_plus_14", "-fno-exceptions"},
		{"exception", "Rust", "panic = \"abort\""},
		{"structure", "AssemblyScript", "--enable gc"},
		{"two memories", "AssemblyScript", "--multi-memory-lowering"},
		{"memory of 64 bits", "C11", "wasm32"},
		{"structure", "COBOL", "without the feature"},
	}
	for _, s := range testkit.FeatureSamples() {
		for _, c := range cases {
			if c.sample != s.Name {
				continue
			}
			content := append([]byte{1, 8}, "language"...)
			content = append(append(content, 1, byte(len(c.language))), c.language...)
			b := decode(t, s.Module.Bytes())
			m, err := b.WithCustomSection("producers", append(content, 0))
			if err != nil {
				t.Fatal(err)
			}
			v := wasm.CheckHost(m, profile(t, wasm.HostHigress))
			if !slices.ContainsFunc(v.Problems, func(p wasm.Problem) bool { return strings.Contains(p.Hint, c.text) }) {
				t.Errorf("%s in %s: no hint says %q: %v", c.sample, c.language, c.text, v.Problems)
			}
		}
	}
}
