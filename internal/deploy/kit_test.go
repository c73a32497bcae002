package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/container"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// The filters that the tests deploy.

func decode(_ testing.TB, m *testkit.Module) *wasm.Module {
	decoded, err := wasm.Decode(m.Bytes())
	if err != nil {
		panic(err) // there is no t in a child process
	}
	return decoded
}

// markModule adds the response header x-mark with the given value, and logs
// two lines on each request.
func markModule(t testing.TB, value string) *wasm.Module {
	const name = "x-mark"
	add := testkit.HostFunc{Name: "proxy_add_header_map_value", Params: "iiiii", Results: "i"}
	m := testkit.Filter(testkit.ProxyLog(), add)
	const text = "marked\ntwice"
	m.Data(0, []byte(name+value+text))
	log := slices.Concat(testkit.I32Const(2), testkit.I32Const(int32(len(name+value))), testkit.I32Const(int32(len(text))),
		testkit.Call(0), testkit.Drop())
	mark := slices.Concat(
		testkit.I32Const(2), testkit.I32Const(0), testkit.I32Const(int32(len(name))),
		testkit.I32Const(int32(len(name))), testkit.I32Const(int32(len(value))), testkit.Call(1), testkit.Drop())
	m.ExportFunction("proxy_on_context_create", "ii", "")
	m.ExportFunction("proxy_on_request_headers", "iii", "i", slices.Concat(log, testkit.I32Const(0))...)
	m.ExportFunction("proxy_on_response_headers", "iii", "i", slices.Concat(mark, testkit.I32Const(0))...)
	return decode(t, m)
}

// configureModule answers on_configure with the given instructions. It imports
// proxy_log as 0 and the metric functions as 1, 2 and 3.
func configureModule(t testing.TB, code ...byte) *wasm.Module {
	m := &testkit.Module{}
	m.Import("env", "proxy_log", "iii", "i")
	m.Import("env", "proxy_define_metric", "iiii", "i")
	m.Import("env", "proxy_increment_metric", "iI", "i")
	m.Import("env", "proxy_get_metric", "ii", "i")
	m.Memory(1, 0)
	m.ExportMemory("memory")
	m.Data(0, []byte("unhappy"))
	m.ExportFunction("proxy_abi_version_0_2_1", "", "")
	m.ExportFunction("proxy_on_memory_allocate", "i", "i", testkit.I32Const(1024)...)
	m.ExportFunction("proxy_on_vm_start", "ii", "i", testkit.I32Const(1)...)
	m.ExportFunction("proxy_on_configure", "ii", "i", code...)
	m.ExportFunction("proxy_on_context_create", "ii", "")
	return decode(t, m)
}

func refusingModule(t testing.TB) *wasm.Module {
	return configureModule(t, slices.Concat(
		testkit.I32Const(4), testkit.I32Const(0), testkit.I32Const(7), testkit.Call(0), testkit.Drop(),
		testkit.I32Const(0))...)
}

// thirdTimeModule refuses its configuration in the third VM only, which is a
// worker's. The metric that counts is one for all VMs.
func thirdTimeModule(t testing.TB) *wasm.Module {
	const idAt, valueAt, ne = 16, 24, 0x47
	return configureModule(t, slices.Concat(
		testkit.I32Const(0), testkit.I32Const(0), testkit.I32Const(7), testkit.I32Const(idAt), testkit.Call(1), testkit.Drop(),
		testkit.I32Const(idAt), testkit.I32Load(0), testkit.I64Const(1), testkit.Call(2), testkit.Drop(),
		testkit.I32Const(idAt), testkit.I32Load(0), testkit.I32Const(valueAt), testkit.Call(3), testkit.Drop(),
		testkit.I32Const(valueAt), testkit.I32Load(0), testkit.I32Const(3), []byte{ne})...)
}

// one is a chain of one filter on free ports.
func one(m *wasm.Module) *chain.Chain {
	return &chain.Chain{
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0",
		Filters: []chain.Filter{{Name: "my-filter", Module: m}},
	}
}

// lockedBuffer is a buffer for a log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// binaryOptions are those of a deployment by the Envoy of the tests. When the
// test is over nothing may be left of it.
func binaryOptions(t *testing.T, c *chain.Chain) EnvoyOptions {
	t.Helper()
	o := EnvoyOptions{
		Chain: c, Via: ViaBinary, EnvoyPath: testkit.Need(t, testkit.Envoy),
		StateDir: t.TempDir(), Log: &lockedBuffer{},
	}
	t.Cleanup(func() { noLeaks(t, o.StateDir) })
	return o
}

// dockerOptions are the same for Docker.
func dockerOptions(t *testing.T, c *chain.Chain) EnvoyOptions {
	t.Helper()
	testkit.Need(t, testkit.Docker)
	o := EnvoyOptions{
		Chain: c, Via: ViaDocker, EnvoyImage: testkit.Need(t, testkit.EnvoyImage), StateDir: t.TempDir(), Log: &lockedBuffer{},
		Name: strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name())),
	}
	t.Cleanup(func() { noLeaks(t, o.StateDir); noContainers(t, o.Name) })
	return o
}

func ways() map[Via]func(*testing.T, *chain.Chain) EnvoyOptions {
	return map[Via]func(*testing.T, *chain.Chain) EnvoyOptions{ViaBinary: binaryOptions, ViaDocker: dockerOptions}
}

// noLeaks fails the test when a folder or a process of it is still there.
func noLeaks(t *testing.T, stateDir string) {
	t.Helper()
	left, err := os.ReadDir(stateDir)
	if err != nil {
		t.Error(err)
	}
	for _, e := range left {
		t.Errorf("left behind: %s", filepath.Join(stateDir, e.Name()))
	}
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Error(err)
	}
	for _, path := range commands {
		if line, err := os.ReadFile(path); err == nil && bytes.Contains(line, []byte(stateDir)) {
			t.Errorf("still runs: %s: %q", path, line)
		}
	}
}

func noContainers(t *testing.T, name string) {
	t.Helper()
	client, err := container.New()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	left, err := client.List(context.Background(), deploymentLabel, name)
	if err != nil || len(left) > 0 {
		t.Errorf("containers left: %v, %v", left, err)
	}
}

// start deploys and stops at the end of the test.
func start(t *testing.T, o EnvoyOptions) *Deployment {
	t.Helper()
	d, err := Envoy(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return d
}

// echoed is the answer of the built-in upstream.
type echoed struct {
	Method, Path, Authority, Body string
	Headers, Trailers             map[string][]string
}

// ask sends a POST by HTTP/1.1, or HTTP/2 with prior knowledge.
func ask(t *testing.T, address string, http2 bool, body string) (*http.Response, string) {
	t.Helper()
	var protocols http.Protocols
	protocols.SetHTTP1(!http2)
	protocols.SetUnencryptedHTTP2(http2)
	client := &http.Client{Transport: &http.Transport{Protocols: &protocols, DisableKeepAlives: true}, Timeout: 20 * time.Second}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+reachable(address)+"/a?b=c", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header["X-Twice"] = []string{"1", "2"}
	if http2 {
		request.ContentLength = -1 // as unknown: trailers may follow
		request.Trailer = http.Header{"X-Trailer": {"3"}}
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

func parseEcho(t *testing.T, text string) echoed {
	t.Helper()
	var e echoed
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	return e
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !yes() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// occupied returns an address that is in use until the end of the test.
func occupied(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return fmt.Sprint(l.Addr())
}

// logConfigurationModule logs its configuration.
func logConfigurationModule(t testing.TB) *wasm.Module {
	const pluginConfiguration, pointerAt, sizeAt = 7, 16, 20
	get := testkit.HostFunc{Name: "proxy_get_buffer_bytes", Params: "iiiii", Results: "i"}
	m := &testkit.Module{}
	m.Import("env", "proxy_log", "iii", "i")
	m.Import("env", get.Name, get.Params, get.Results)
	m.Memory(1, 0)
	m.ExportMemory("memory")
	m.ExportFunction("proxy_abi_version_0_2_1", "", "")
	m.ExportFunction("proxy_on_memory_allocate", "i", "i", testkit.I32Const(1024)...)
	m.ExportFunction("proxy_on_context_create", "ii", "")
	m.ExportFunction("proxy_on_configure", "ii", "i", slices.Concat(
		testkit.I32Const(pluginConfiguration), testkit.I32Const(0), testkit.LocalGet(1),
		testkit.I32Const(pointerAt), testkit.I32Const(sizeAt), testkit.Call(1), testkit.Drop(),
		testkit.I32Const(2), testkit.I32Const(pointerAt), testkit.I32Load(0), testkit.I32Const(sizeAt), testkit.I32Load(0),
		testkit.Call(0), testkit.Drop(), testkit.I32Const(1))...)
	return decode(t, m)
}
