package wasm_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// TestEnvoyAgrees lets a real Envoy judge the modules that Check judges.
func TestEnvoyAgrees(t *testing.T) {
	t.Parallel()
	envoy := testkit.Need(t, testkit.Envoy)
	for name, m := range judged() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours := wasm.Check(decode(t, m.Bytes()))
			theirs := refusal(t, envoy, m.Bytes())
			if (ours == nil) != (theirs == "") {
				t.Errorf("Check says %v\nEnvoy says %q", ours, theirs)
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
	return modules
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

// refusal starts Envoy with the module as a service of its own and returns the
// line that tells why Envoy ended, "" when it came up.
func refusal(t *testing.T, envoy string, module []byte) string {
	t.Helper()
	dir := t.TempDir()
	code, config := filepath.Join(dir, "filter.wasm"), filepath.Join(dir, "envoy.yaml")
	for path, content := range map[string][]byte{code: module, config: fmt.Appendf(nil, bootstrap, code)} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, envoy, "-c", config, "--concurrency", "1", "--disable-hot-restart")
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
- name: envoy.bootstrap.wasm
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.wasm.v3.WasmService
    singleton: true
    config:
      name: judged
      vm_config: {runtime: envoy.wasm.runtime.v8, code: {local: {filename: %q}}}
`
