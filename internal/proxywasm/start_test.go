package proxywasm

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

func TestStart(t *testing.T) {
	t.Parallel()
	f := startWith(t, PluginConfig{
		Name: "my-filter", RootID: "root", VMID: "vm",
		VMConfiguration: []byte("root info\nroot property plugin_name\nroot body 7 0 9\nvm_start info\nvm_start setproperty a b"),
		Configuration:   []byte("configure info\nconfigure property plugin_root_id\nconfigure property plugin_vm_id\nconfigure bufstatus 7\nconfigure effective 1\nconfigure effective 0\nconfigure effective 2\nconfigure finish"),
	})
	f.wantLogs(
		"root info: 1 0 0",
		"root property plugin_name: 0 my-filter",
		"root body 7: 1 ",
		"vm_start info: 1 90 0",
		"vm_start setproperty a: 1",
		"configure info: 1 185 0",
		"configure property plugin_root_id: 0 root",
		"configure property plugin_vm_id: 0 vm",
		"configure bufstatus 7: 0 185 0",
		"configure effective 1: 0",
		"configure effective 0: 0",
		"configure effective 2: 2",
		"configure finish: 1",
	)
	if stats := f.Stats(); stats.MemoryBytes < wasm.PageSize || stats.StreamsCreated != 0 || stats.Traps != 0 {
		t.Errorf("stats %+v", stats)
	}
}

func TestStartFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		config PluginConfig
		phase  Phase
		want   []string
	}{
		{
			"vm_start false",
			PluginConfig{VMConfiguration: []byte("vm_start log 3 no good\nvm_start return 0")},
			PhaseVMStart,
			[]string{`filter "test" refused to start: proxy_on_vm_start returned false`, "\n  warn: no good"},
		},
		{
			"configure false",
			PluginConfig{Configuration: []byte("configure log 2 quiet\nconfigure return 0")},
			PhaseConfigure,
			[]string{"proxy_on_configure returned false"},
		},
		{
			"context traps",
			PluginConfig{VMConfiguration: []byte("root trap")},
			PhaseContext,
			[]string{"trapped in proxy_on_context_create: unreachable", "\n  at "},
		},
		{
			"configure exits",
			PluginConfig{Configuration: []byte("configure stderr panic: so it is\\n\nconfigure exit 3")},
			PhaseConfigure,
			[]string{"trapped in proxy_on_configure: panic: so it is", "\n  panic: so it is"},
		},
		{
			"exit code",
			PluginConfig{Configuration: []byte("configure exit 3")},
			PhaseConfigure,
			[]string{"the filter exited with code 3"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tryStart(t, tt.config)
			var start *StartError
			if !errors.As(err, &start) || start.Phase != tt.phase {
				t.Fatalf("got %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in:\n%v", want, err)
				}
			}
			var trap *TrapError
			if errors.As(err, &trap) != strings.Contains(err.Error(), "trapped") {
				t.Errorf("trap %v in %v", trap, err)
			}
		})
	}
}

// startModule compiles a module and starts it.
func startModule(t *testing.T, m *testkit.Module, log func(LogLine)) (*Plugin, error) {
	t.Helper()
	program, err := compileModule(t, m)
	if err != nil {
		t.Fatal(err)
	}
	p, err := program.NewPlugin(context.Background(), PluginConfig{Name: "test", Log: log})
	if err == nil {
		t.Cleanup(func() { _ = p.Close(context.Background()) })
	}
	return p, err
}

func compileModule(t *testing.T, m *testkit.Module) (*Program, error) {
	t.Helper()
	decoded, err := wasm.Decode(m.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEngine(EngineOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(context.Background()) })
	return e.Compile(context.Background(), decoded)
}

// logCode is wasm code that calls proxy_log, which is function 0, at info with
// one letter from the memory.
func logCode(at int32) []byte {
	return slices.Concat(testkit.I32Const(2), testkit.I32Const(at), testkit.I32Const(1), testkit.Call(0), testkit.Drop())
}

func TestStartFunctions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		exports []string
		section bool
		want    string
	}{
		{[]string{"_initialize"}, false, "i"},
		{[]string{"_initialize", "main", "_start"}, false, "im"},
		{[]string{"_initialize", "__main_void"}, false, "iv"},
		{[]string{"_start", "main"}, false, "s"},
		{[]string{"main"}, false, ""},
		{[]string{"_start"}, true, "xs"},
		{nil, true, "x"},
	}
	letters := map[string]int32{"_initialize": 0, "main": 1, "__main_void": 2, "_start": 3}
	for _, tt := range tests {
		t.Run(strings.Join(tt.exports, " "), func(t *testing.T) {
			t.Parallel()
			m := testkit.Filter(testkit.ProxyLog())
			m.Data(0, []byte("imvsx"))
			for _, name := range tt.exports {
				params, results, code := "", "", logCode(letters[name])
				if name == "main" {
					params = "ii"
				}
				if name == "main" || name == "__main_void" {
					results, code = "i", append(code, testkit.I32Const(0)...)
				}
				m.ExportFunction(name, params, results, code...)
			}
			if tt.section {
				m.Start(m.Function("", "", logCode(4)...))
			}
			got := ""
			if _, err := startModule(t, m, func(l LogLine) { got += l.Text }); err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("called %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRestrictedDuringStart(t *testing.T) {
	t.Parallel()
	m := testkit.Filter(testkit.HostFunc{Name: "proxy_done", Results: "i"})
	m.ExportFunction("_initialize", "", "", append(testkit.Call(0), testkit.Drop()...)...)
	_, err := startModule(t, m, nil)
	var start *StartError
	if !errors.As(err, &start) || start.Phase != PhaseStart || !strings.Contains(err.Error(), "proxy_done cannot be called during the start") {
		t.Errorf("got %v", err)
	}
}

func TestRestrictedDuringAllocation(t *testing.T) {
	t.Parallel()
	m := testkit.Filter(
		testkit.HostFunc{Name: "proxy_done", Results: "i"},
		testkit.HostFunc{Name: "proxy_get_property", Params: "iiii", Results: "i"})
	m.Data(0, []byte("plugin_name"))
	m.ExportFunction("malloc", "i", "i", testkit.Call(0)...)
	m.ExportFunction("proxy_on_context_create", "ii", "", slices.Concat(
		testkit.I32Const(0), testkit.I32Const(11), testkit.I32Const(64), testkit.I32Const(68), testkit.Call(1), testkit.Drop())...)
	_, err := startModule(t, m, nil)
	var start *StartError
	if !errors.As(err, &start) || start.Phase != PhaseContext || !strings.Contains(err.Error(), "proxy_done cannot be called") {
		t.Errorf("got %v", err)
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	noMemory := &testkit.Module{}
	noMemory.ExportFunction("proxy_abi_version_0_2_1", "", "")
	broken := testkit.Filter()
	broken.Function("", "i", testkit.Drop()...)
	tests := []struct {
		name   string
		module *testkit.Module
		target any
		want   string
		hint   string
	}{
		{
			"unknown", testkit.Filter(testkit.HostFunc{Name: "proxy_nonsense", Results: "i"}),
			new(*UnsupportedImportsError), "env.proxy_nonsense", "",
		},
		{
			"other type", testkit.Filter(testkit.HostFunc{Name: "proxy_done", Params: "i", Results: "i"}),
			new(*UnsupportedImportsError), "env.proxy_done", "",
		},
		{
			"several", testkit.Filter(
				testkit.HostFunc{Name: "proxy_nonsense", Results: "i"},
				testkit.HostFunc{Name: "proxy_continue_request", Results: "i"}),
			new(*UnsupportedImportsError), "\n  - import env.proxy_continue_request: ", "",
		},
		{"no memory", noMemory, new(*wasm.CheckError), "memory", ""},
		{"invalid code", broken, nil, "compile the module", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := compileModule(t, tt.module)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if tt.target != nil && !errors.As(err, tt.target) {
				t.Errorf("%T is not in %v", tt.target, err)
			}
			if hints := strings.Join(hint.Of(err), "; "); !strings.Contains(hints, tt.hint) {
				t.Errorf("hints %q", hints)
			}
		})
	}
}

// TestDocumented holds that docs/abi.md names every function of the ABI and every
// callback.
func TestDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/abi.md")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range wasm.EnvoyFunctions("") {
		if f.Module == "env" {
			names[strings.TrimPrefix(f.Name, "env.")] = true
		}
	}
	for c := range callbackCount {
		names[c.String()] = true
	}
	for name := range names {
		if !strings.Contains(string(text), "`"+name+"`") && !strings.Contains(string(text), "`env."+name+"`") {
			t.Errorf("docs/abi.md does not name %s", name)
		}
	}
}

// TestOfferedFunctions holds the table to what Envoy offers.
func TestOfferedFunctions(t *testing.T) {
	t.Parallel()
	for _, version := range []wasm.ABIVersion{wasm.ABI010, wasm.ABI020, wasm.ABI021} {
		envoy := map[importName]wasm.FuncType{}
		for _, f := range wasm.EnvoyFunctions(version) {
			envoy[importName{f.Module, f.Name}] = f.Type
		}
		offered := offeredTo(version)
		for name, f := range offered {
			if want, ok := envoy[name]; !ok || !want.Equal(f.signature()) {
				t.Errorf("%s: %v is offered as %s, Envoy has %v", version, name, f.signature(), want)
			}
		}
		for name := range envoy {
			if _, ok := offered[name]; !ok {
				t.Errorf("%s: %v is not offered", version, name)
			}
		}
	}
}
