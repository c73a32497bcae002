package wasm_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// TestEnvoyAgrees lets a real Envoy judge the modules that Check judges. Those
// that are expected to load do so in one Envoy; each that is refused ends its own.
func TestEnvoyAgrees(t *testing.T) {
	t.Parallel()
	envoy := testkit.Need(t, testkit.Envoy)
	good, bad := map[string]*testkit.Module{}, map[string]*testkit.Module{}
	for name, m := range judged() {
		if wasm.Check(decode(t, m.Bytes())) == nil {
			good[name] = m
		} else {
			bad[name] = m
		}
	}
	t.Run("loads", func(t *testing.T) {
		t.Parallel()
		var all [][]byte
		for _, m := range good {
			all = append(all, m.Bytes())
		}
		if refusal(t, envoy, all...) == "" {
			return
		}
		for name, m := range good {
			if reason := refusal(t, envoy, m.Bytes()); reason != "" {
				t.Errorf("%s: Check finds nothing, Envoy says %q", name, reason)
			}
		}
	})
	for name, m := range bad {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if refusal(t, envoy, m.Bytes()) == "" {
				t.Errorf("Envoy loads it, Check says %v", wasm.Check(decode(t, m.Bytes())))
			}
		})
	}
}

// judged returns modules that differ from a good filter in one point each.
func judged() map[string]*testkit.Module {
	modules := map[string]*testkit.Module{
		"good":               testkit.Filter(testkit.ProxyLog()),
		"all of 0.1.0":       everyImport(wasm.ABI010),
		"all of 0.2.0":       everyImport(wasm.ABI020),
		"all of 0.2.1":       everyImport(wasm.ABI021),
		"missing import":     testkit.Filter(testkit.HostFunc{Name: "abort", Params: "iiii"}),
		"type of import":     testkit.Filter(testkit.HostFunc{Name: "proxy_log", Params: "ii", Results: "i"}),
		"version of import":  testkit.Filter(testkit.HostFunc{Name: "proxy_continue_request", Results: "i"}),
		"type of callback":   testkit.Filter(),
		"result of callback": testkit.Filter(),
		"no allocator":       marked(),
		"path_link of WASI":  {},
		"name section":       testkit.Filter(),
		"largest memory":     marked(),
		"too much memory":    marked(),
		"imported memory":    marked(),
		"imported global":    testkit.Filter(),
		"no marker":          {},
		"type of start":      testkit.Filter(),
	}
	modules["no allocator"].Memory(1, 0)
	modules["no allocator"].ExportMemory("memory")
	modules["path_link of WASI"].Import("wasi_snapshot_preview1", "path_link", "iiiiiii", "i")
	modules["path_link of WASI"].ExportFunction("proxy_abi_version_0_2_1", "", "")
	withMemory(modules["path_link of WASI"], 1)
	modules["type of callback"].ExportFunction("proxy_on_request_headers", "ii", "i")
	modules["result of callback"].ExportFunction("proxy_on_tick", "i", "i")
	modules["name section"].Custom("name", []byte{1, 9, 1})
	withMemory(modules["largest memory"], 16384)
	withMemory(modules["too much memory"], 16385)
	modules["imported memory"].ImportMemory("env", "memory", 1)
	modules["imported memory"].ExportFunction("malloc", "i", "i")
	modules["imported global"].ImportGlobal("env", "base")
	withMemory(modules["no marker"], 1)
	modules["type of start"].ExportFunction("_initialize", "i", "")
	for _, s := range testkit.FeatureSamples() {
		modules["feature: "+s.Name] = s.Module
	}
	for name, m := range judgedByShape() {
		modules["shape: "+name] = m
	}
	return modules
}

// judgedByShape returns modules that differ from a good filter in how they
// start, in their memories and in their sizes.
func judgedByShape() map[string]*testkit.Module {
	change := func(f func(m *testkit.Module), imports ...testkit.HostFunc) *testkit.Module {
		m := testkit.Filter(imports...)
		f(m)
		return m
	}
	limits := func(limits ...byte) *testkit.Module {
		m := marked()
		m.RawMemory(limits...)
		m.ExportMemory("memory")
		m.ExportFunction("malloc", "i", "i")
		return m
	}
	imported := func(kind byte, description ...byte) *testkit.Module {
		m := &testkit.Module{}
		if kind == byte(wasm.ExternTag) {
			description = []byte{0, byte(m.RawType(0x60, 0, 0))}
		}
		m.RawImport("env", "thing", append([]byte{kind}, description...)...)
		m.ExportFunction("proxy_abi_version_0_2_1", "", "")
		if kind != byte(wasm.ExternMemory) {
			m.Memory(1, 0)
			m.ExportMemory("memory")
		}
		m.ExportFunction("malloc", "i", "i")
		return m
	}
	return map[string]*testkit.Module{
		"command":            change(func(m *testkit.Module) { m.ExportFunction("_start", "", "") }),
		"command of Go":      commandOfGo(),
		"command's type":     change(func(m *testkit.Module) { m.ExportFunction("_start", "", "i") }),
		"main's type":        change(func(m *testkit.Module) { m.ExportFunction("_initialize", "", ""); m.ExportFunction("main", "", "i") }),
		"main alone":         change(func(m *testkit.Module) { m.ExportFunction("main", "", "i") }),
		"start section":      change(func(m *testkit.Module) { m.Start(m.Function("", "")) }),
		"misspelt callback":  change(func(m *testkit.Module) { m.ExportFunction("proxy_on_request_header", "i", "") }),
		"two memories shown": change(func(m *testkit.Module) { m.RawMemory(0, 1); m.RawExport("m2", byte(wasm.ExternMemory), 1) }),
		"hidden memory":      hiddenMemory(),
		"no maximum shared":  limits(2, 1),
		"maximum of 4 GiB":   limits(1, 1, 0x80, 0x80, 4),
		"imported table":     imported(byte(wasm.ExternTable), 0x70, 0, 1),
		"imported tag":       imported(byte(wasm.ExternTag)),
		"imported shared":    imported(byte(wasm.ExternMemory), 3, 1, 2),
		"largest table":      change(func(m *testkit.Module) { m.RawTable(0x70, 0, 0x80, 0xad, 0xe2, 0x04) }),
		"too large a table":  change(func(m *testkit.Module) { m.RawTable(0x70, 0, 0x81, 0xad, 0xe2, 0x04) }),
		"largest function":   change(func(m *testkit.Module) { m.Function("", "", bytes.Repeat([]byte{1}, 7_654_321-2)...) }),
		"too large function": change(func(m *testkit.Module) { m.Function("", "", bytes.Repeat([]byte{1}, 7_654_321-1)...) }),
		"most locals":        change(func(m *testkit.Module) { m.RawFunction(m.RawType(0x60, 0, 0), 1, 0xd0, 0x86, 3, 0x7f, 0x0b) }),
		"too many locals":    change(func(m *testkit.Module) { m.RawFunction(m.RawType(0x60, 0, 0), 1, 0xd1, 0x86, 3, 0x7f, 0x0b) }),
		"unknown opcode":     change(func(m *testkit.Module) { m.Function("", "", 0xff) }),
		"unfinished block":   change(func(m *testkit.Module) { m.Function("", "", 0x02, 0x40) }),
	}
}

// commandOfGo ends its start as Go does: by exiting with 0.
func commandOfGo() *testkit.Module {
	m := &testkit.Module{}
	exit := m.Import("wasi_snapshot_preview1", "proc_exit", "i", "")
	m.ExportFunction("proxy_abi_version_0_2_1", "", "")
	withMemory(m, 1)
	m.ExportFunction("_start", "", "", append(testkit.I32Const(0), testkit.Call(exit)...)...)
	m.Custom("go:buildid", []byte("x"))
	return m
}

// hiddenMemory logs from a memory that the host cannot reach.
func hiddenMemory() *testkit.Module {
	m := &testkit.Module{}
	log := m.Import("env", "proxy_log", "iii", "i")
	m.Memory(1, 0)
	m.ExportFunction("proxy_abi_version_0_2_1", "", "")
	m.ExportFunction("malloc", "i", "i")
	m.ExportFunction("proxy_on_vm_start", "ii", "i", slices.Concat(
		testkit.I32Const(2), testkit.I32Const(0), testkit.I32Const(1), testkit.Call(log), testkit.Drop(), testkit.I32Const(1))...)
	return m
}

func marked() *testkit.Module {
	m := &testkit.Module{}
	m.ExportFunction("proxy_abi_version_0_2_1", "", "")
	return m
}

func withMemory(m *testkit.Module, pages uint32) {
	m.Memory(pages, 0)
	m.ExportMemory("memory")
	m.ExportFunction("malloc", "i", "i")
}

// refusal starts Envoy with each module as a service of its own and returns the
// line that tells why Envoy ended, "" when it came up.
func refusal(t *testing.T, envoy string, modules ...[]byte) string {
	t.Helper()
	dir := t.TempDir()
	config := []byte(bootstrap)
	for i, module := range modules {
		code := filepath.Join(dir, fmt.Sprint(i, ".wasm"))
		if err := os.WriteFile(code, module, 0o600); err != nil {
			t.Fatal(err)
		}
		config = fmt.Appendf(config, service, i, code)
	}
	if err := os.WriteFile(filepath.Join(dir, "envoy.yaml"), config, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, envoy, "-c", "envoy.yaml", "--concurrency", "1", "--disable-hot-restart")
	cmd.Dir = dir
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last := ""
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if strings.Contains(lines.Text(), "starting main dispatch loop") {
			cancel()
			_ = cmd.Wait()
			return ""
		}
		last = lines.Text()
	}
	return fmt.Sprint(cmd.Wait(), ": ", last)
}

const bootstrap = `
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
bootstrap_extensions:
`

const service = `
- name: envoy.bootstrap.wasm
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.wasm.v3.WasmService
    singleton: true
    config:
      name: judged-%d
      vm_config: {runtime: envoy.wasm.runtime.v8, code: {local: {filename: %q}}}
`
