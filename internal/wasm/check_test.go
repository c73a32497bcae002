package wasm_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

func TestABI(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		exports []string
		want    wasm.ABIVersion
		unknown string
		is      error
	}{
		{name: "0.1.0", exports: []string{"proxy_abi_version_0_1_0"}, want: wasm.ABI010},
		{name: "0.2.0", exports: []string{"proxy_abi_version_0_2_0"}, want: wasm.ABI020},
		{name: "0.2.1", exports: []string{"x", "proxy_abi_version_0_2_1"}, want: wasm.ABI021},
		{name: "the first wins", exports: []string{"proxy_abi_version_0_2_1", "proxy_abi_version_0_1_0"}, want: wasm.ABI021},
		{name: "a known one wins", exports: []string{"proxy_abi_version_9", "proxy_abi_version_0_2_0"}, want: wasm.ABI020},
		{name: "Higress", exports: []string{"proxy_abi_version_0_2_100"}, unknown: "0.2.100"},
		{name: "none", exports: []string{"run"}, is: wasm.ErrNoABI},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := &testkit.Module{}
			for _, name := range c.exports {
				m.ExportFunction(name, "", "")
			}
			got, err := decode(t, m.Bytes()).ABI()
			if got != c.want || (c.is != nil && !errors.Is(err, c.is)) {
				t.Errorf("ABI = %q, %v", got, err)
			}
			unknown := (*wasm.UnknownABIError)(nil)
			if errors.As(err, &unknown) != (c.unknown != "") || (unknown != nil && unknown.Version() != c.unknown) {
				t.Errorf("error %v, want unknown version %q", err, c.unknown)
			}
			if err != nil && len(hint.Of(err)) == 0 {
				t.Errorf("error %q has no next step", err)
			}
		})
	}
}

func TestABIMarkerMustBeAFunction(t *testing.T) {
	t.Parallel()
	m := &testkit.Module{}
	m.Memory(1, 0)
	m.ExportMemory("proxy_abi_version_0_2_1")
	if _, err := decode(t, m.Bytes()).ABI(); !errors.Is(err, wasm.ErrNoABI) {
		t.Errorf("error %v, want %v", err, wasm.ErrNoABI)
	}
}

func TestCheckAcceptsAFilter(t *testing.T) {
	t.Parallel()
	m := testkit.Filter(testkit.ProxyLog())
	m.ExportFunction("_initialize", "", "")
	m.ExportFunction("proxy_on_request_headers", "iii", "i")
	if err := wasm.Check(decode(t, m.Bytes())); err != nil {
		t.Error(err)
	}
}

func TestCheckAcceptsAllThatEnvoyOffers(t *testing.T) {
	t.Parallel()
	for _, v := range []wasm.ABIVersion{wasm.ABI010, wasm.ABI020, wasm.ABI021} {
		if err := wasm.Check(decode(t, everyImport(v).Bytes())); err != nil {
			t.Errorf("ABI %s: %v", v, err)
		}
	}
}

// everyImport imports every function that Envoy offers to version v.
func everyImport(v wasm.ABIVersion) *testkit.Module {
	m := &testkit.Module{}
	for _, f := range wasm.EnvoyFunctions(v) {
		m.Import(f.Module, f.Name, letters(f.Type.Params), letters(f.Type.Results))
	}
	m.Memory(1, 0)
	m.ExportMemory("memory")
	m.ExportFunction("proxy_abi_version_"+strings.ReplaceAll(string(v), ".", "_"), "", "")
	m.ExportFunction("malloc", "i", "i", testkit.I32Const(1024)...)
	return m
}

func letters(types []wasm.ValueType) string {
	s := ""
	for _, t := range types {
		s += map[wasm.ValueType]string{wasm.I32: "i", wasm.I64: "I"}[t]
	}
	return s
}

func TestCheckImports(t *testing.T) {
	t.Parallel()
	cases := []struct {
		module, name, params, results string
		marker                        string
		reason, hint                  string
	}{
		{module: "env", name: "proxy_log", params: "iii", results: "i"},
		{module: "env", name: "pthread_equal", params: "ii", results: "i"},
		{module: "wasi_unstable", name: "fd_write", params: "iiii", results: "i"},
		{module: "wasi_snapshot_preview1", name: "proc_exit", params: "i"},
		{module: "env", name: "proxy_continue_request", results: "i", marker: "0_1_0"},
		{
			module: "env", name: "proxy_continue_request", results: "i", marker: "0_2_1",
			reason: "offered for ABI 0.1.0 only, the module is for 0.2.1", hint: "SDK",
		},
		{
			module: "env", name: "proxy_get_log_level", params: "i", results: "i", marker: "0_2_0",
			reason: "offered for ABI 0.2.1 only", hint: "SDK",
		},
		{module: "env", name: "proxy_continue_stream", params: "i", results: "i", marker: "9_9_9"},
		{module: "env", name: "proxy_log", params: "ii", results: "i", reason: "wrong type: the module wants (i32, i32) -> i32, Envoy offers (i32, i32, i32) -> i32", hint: "declare"},
		{module: "env", name: "proxy_redis_call", params: "iiiii", results: "i", reason: "offered only by Higress", hint: "run the module in Higress"},
		{module: "env", name: "proxy_dictionary_get", params: "iiii", results: "i", reason: "offered only by Gcore FastEdge", hint: "FastEdge"},
		{module: "env", name: "abort", params: "iiii", reason: "no host offers it", hint: "--use abort="},
		{module: "env", name: "proxy_nonsense", reason: "no host offers it", hint: "not part of the proxy-wasm ABI"},
		{module: "env", name: "helper", reason: "no host offers it", hint: "undefined at link time"},
		{module: "env", name: "__cxa_throw", params: "iii", reason: "no host offers it", hint: "-fno-exceptions"},
		{module: "gojs", name: "runtime.wasmExit", params: "i", reason: "no host offers it", hint: "GOOS=wasip1"},
		{module: "__wbindgen_placeholder__", name: "x", reason: "no host offers it", hint: "wasm-bindgen"},
		{module: "wasi:cli/stdout@0.2.0", name: "get-stdout", results: "i", reason: "no host offers it", hint: "preview 1"},
		{module: "wasi_snapshot_preview1", name: "proc_raise", params: "i", results: "i", reason: "no host offers it", hint: "remove the call"},
	}
	for _, c := range cases {
		t.Run(c.module+"."+c.name+c.marker, func(t *testing.T) {
			t.Parallel()
			m := &testkit.Module{}
			m.Import(c.module, c.name, c.params, c.results)
			if c.marker == "" {
				c.marker = "0_2_1"
			}
			m.ExportFunction("proxy_abi_version_"+c.marker, "", "")
			problems := wasm.CheckImports(decode(t, m.Bytes()))
			if c.reason == "" {
				if len(problems) > 0 {
					t.Errorf("refused: %+v", problems)
				}
				return
			}
			if len(problems) != 1 || !strings.HasPrefix(problems[0].Reason, c.reason) || !strings.Contains(problems[0].Hint, c.hint) {
				t.Errorf("problems %+v, want %q with hint %q", problems, c.reason, c.hint)
			}
		})
	}
}

func TestCheckImportsOfOtherKinds(t *testing.T) {
	t.Parallel()
	m := &testkit.Module{}
	m.ImportMemory("env", "memory", 1)
	m.ImportGlobal("env", "base")
	problems := wasm.CheckImports(decode(t, m.Bytes()))
	if len(problems) != 1 || problems[0].Reason != "no host offers a global" {
		t.Errorf("problems %+v, want the global alone", problems)
	}
}

func TestCheckListsAllProblems(t *testing.T) {
	t.Parallel()
	m := &testkit.Module{}
	m.Import("env", "abort", "iiii", "")
	m.Memory(20000, 0)
	m.ExportMemory("memory")
	m.ExportFunction("proxy_on_memory_allocate", "I", "i")
	m.ExportFunction("proxy_on_request_headers", "ii", "")
	m.ExportFunction("_initialize", "i", "")
	m.Custom("name", []byte{1, 9, 1})
	err := wasm.Check(decode(t, m.Bytes()))

	check := (*wasm.CheckError)(nil)
	if !errors.As(err, &check) {
		t.Fatalf("error %v, want *CheckError", err)
	}
	want := []string{
		"not a proxy-wasm filter", "import env.abort (i32, i32, i32, i32) -> (): no host offers it",
		"at least 1250 MiB", "export proxy_on_memory_allocate is (i64) -> i32, Envoy wants (i32) -> i32",
		"export proxy_on_request_headers is (i32, i32) -> ()", "export _initialize is (i32) -> ()", "custom section \"name\"",
	}
	if len(check.Problems) != len(want) {
		t.Errorf("%d problems, want %d: %v", len(check.Problems), len(want), err)
	}
	for _, text := range want {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is missing in:\n%v", text, err)
		}
	}
	for _, p := range check.Problems {
		if p.Hint == "" {
			t.Errorf("%q has no next step", p.Reason)
		}
	}
	if !errors.Is(err, wasm.ErrNoABI) || !errors.Is(err, wasm.ErrTruncated) {
		t.Error("the causes are lost")
	}
	if len(hint.Of(err)) < 5 {
		t.Errorf("hints: %q", hint.Of(err))
	}
}

func TestCheckWithoutMemoryAndAllocator(t *testing.T) {
	t.Parallel()
	m := &testkit.Module{}
	m.ExportFunction("proxy_abi_version_0_2_1", "", "")
	err := wasm.Check(decode(t, m.Bytes()))
	for _, text := range []string{"exports no memory", "exports no allocator"} {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want %q", err, text)
		}
	}
}

func TestFunctionNames(t *testing.T) {
	t.Parallel()
	m := testkit.Filter()
	m.Custom("name", []byte("\x00\x02\x01m\x01\x09\x02\x00\x01a\x05\x03run\x02\x01\x00"))
	names, err := decode(t, m.Bytes()).FunctionNames()
	if err != nil || names[0] != "a" || names[5] != "run" || len(names) != 2 {
		t.Errorf("names %v, error %v", names, err)
	}
}

func TestCustomSections(t *testing.T) {
	t.Parallel()
	m := decode(t, sample())
	longer, err := m.WithCustomSection("wamr-aot", []byte("code"))
	if err != nil {
		t.Fatal(err)
	}
	sections := longer.Sections()
	if last := sections[len(sections)-1]; last.Name != "wamr-aot" || string(last.Content) != "code" {
		t.Errorf("last section: %+v", last)
	}
	shorter, err := longer.WithoutCustomSections("producers")
	if err != nil {
		t.Fatal(err)
	}
	if len(shorter.CustomSections("producers")) != 0 || len(shorter.CustomSections("wamr-aot")) != 1 {
		t.Error("the wrong sections were removed")
	}
	if same, _ := m.WithoutCustomSections("none"); same != m {
		t.Error("nothing to remove, yet a new module")
	}
}
