package proxywasm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/wasmctl/wasmctl/internal/wasm"
)

const modulesDir = "../../testdata/modules"

// script is the module that does what its configuration says.
var script = sync.OnceValues(func() (*wasm.Module, error) {
	return decodeFile(filepath.Join(modulesDir, "script.wasm"))
})

// goFilter is a module on the Go SDK, built once a test run; Go's own cache
// makes it fast the second time.
var goFilter = sync.OnceValues(func() (*wasm.Module, error) {
	dir, err := os.MkdirTemp("", "gofilter")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "gofilter.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags", "-s -w", "-o", out, ".")
	cmd.Dir = filepath.Join(modulesDir, "gofilter")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build gofilter: %w\n%s", err, text)
	}
	return decodeFile(out)
})

// engine is shared by all tests, so that each module is compiled once.
var engine = sync.OnceValues(func() (*Engine, error) { return NewEngine(EngineOptions{}) })

func decodeFile(path string) (*wasm.Module, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return wasm.Decode(b)
}

func compile(t testing.TB, module func() (*wasm.Module, error)) *Program {
	t.Helper()
	m, err := module()
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Compile(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// filter is a running plugin with what it has logged.
type filter struct {
	*Plugin
	t    testing.TB
	logs []string
}

// startScript runs a script, given line by line, as the plugin configuration.
func startScript(t testing.TB, lines ...string) *filter {
	t.Helper()
	return startWith(t, PluginConfig{Configuration: []byte(strings.Join(lines, "\n"))})
}

func startWith(t testing.TB, c PluginConfig) *filter {
	t.Helper()
	f, err := tryStart(t, c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func tryStart(t testing.TB, c PluginConfig) (*filter, error) {
	t.Helper()
	f := &filter{t: t}
	if c.Log == nil {
		c.Log = func(l LogLine) { f.logs = append(f.logs, l.Text) }
	}
	if c.Name == "" {
		c.Name = "test"
	}
	p, err := compile(t, script).NewPlugin(context.Background(), c)
	if err != nil {
		return f, err
	}
	f.Plugin = p
	t.Cleanup(func() { _ = p.Close(context.Background()) })
	return f, nil
}

// stream starts an exchange of GET /path.
func (f *filter) stream(h *host) *Stream {
	f.t.Helper()
	s, err := f.NewStream(h)
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

// wantLogs compares what was logged so far, and forgets it.
func (f *filter) wantLogs(want ...string) {
	f.t.Helper()
	if got := strings.Join(f.logs, "\n"); got != strings.Join(want, "\n") {
		f.t.Errorf("logs:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
	f.logs = nil
}

// host is a data plane of fixed contents.
type host struct {
	maps       map[MapType]*HeaderMap
	bodies     map[BufferType]*Buffer
	replies    []string
	acts       []string
	properties map[string]string
}

func newHost() *host {
	h := &host{
		maps: map[MapType]*HeaderMap{}, bodies: map[BufferType]*Buffer{},
		properties: map[string]string{"request.path": "/path"},
	}
	h.setMap(RequestHeaders, ":authority", "example.com", ":path", "/path", ":method", "GET", "user-agent", "test")
	return h
}

func (h *host) setMap(t MapType, pairs ...string) *HeaderMap {
	m := NewHeaderMap(t)
	for i := 0; i < len(pairs); i += 2 {
		m.AddString(pairs[i], pairs[i+1])
	}
	h.maps[t] = m
	return m
}

func (h *host) setBody(t BufferType, text string) *Buffer {
	b := &Buffer{}
	b.Append([]byte(text))
	h.bodies[t] = b
	return b
}

func (h *host) HeaderMap(t MapType) *HeaderMap { return h.maps[t] }
func (h *host) Body(t BufferType) *Buffer      { return h.bodies[t] }

func (h *host) SendLocalResponse(r LocalResponse) {
	h.replies = append(h.replies, fmt.Sprintf("%d details=%q body=%q headers=%s grpc=%d",
		r.Code, r.Details, r.Body, dump(r.Headers), r.GRPCStatus))
}

func (h *host) ContinueStream(t StreamType) { h.acts = append(h.acts, fmt.Sprint("continue ", t)) }
func (h *host) CloseStream(t StreamType)    { h.acts = append(h.acts, fmt.Sprint("close ", t)) }

func (h *host) Property(dst, path []byte) ([]byte, Status) {
	value, ok := h.properties[strings.ReplaceAll(string(path), "\x00", ".")]
	if !ok {
		return dst, StatusNotFound
	}
	return append(dst, value...), StatusOK
}

func (h *host) SetProperty(path, value []byte) Status {
	h.properties[strings.ReplaceAll(string(path), "\x00", ".")] = string(value)
	return StatusOK
}

// dump writes a map as "name=value|name=value".
func dump(m *HeaderMap) string {
	var parts []string
	for i := range m.Len() {
		name, value := m.At(i)
		parts = append(parts, string(name)+"="+string(value))
	}
	return strings.Join(parts, "|")
}
