package build_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/testkit"
)

// A filter that was written for the upstream SDK does in Envoy what it is meant
// to: headers, bodies, properties, calls to a service, timers, shared data, queues
// and metrics.
func TestCppUpstreamFilterInEnvoy(t *testing.T) {
	t.Parallel()
	testkit.Need(t, testkit.Cpp)
	envoy := testkit.Need(t, testkit.Envoy)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/answer" {
			fmt.Fprint(w, "forty-two")
			return
		}
		fmt.Fprintf(w, "%s %q %q %q", body, r.Header["X-Count"], r.UserAgent(), r.Header["X-Secret"])
	}))
	defer upstream.Close()
	e := startEnvoy(t, envoy, upstreamFilter(t).Path, upstream.Listener.Addr().String())

	plain := e.get(t, http.MethodPost, "/path?x=1", "hello")
	if want := `HELLO! ["right"] "compat" [] and more`; plain.body != want {
		t.Errorf("body %q, want %q", plain.body, want)
	}
	if h := plain.header; h.Get("X-Compat") != "yes" || h.Get("X-Answer") != "none" || h.Get("X-Described") != "compat /path 5 /path none" {
		t.Errorf("headers %q", h)
	}
	if called := e.get(t, http.MethodGet, "/call", ""); called.header.Get("X-Answer") != "200 forty-two" {
		t.Errorf("headers %q", called.header)
	}
	if local := e.get(t, http.MethodGet, "/local", ""); local.code != http.StatusTeapot || !strings.HasPrefix(local.body, "short and stout") || local.header.Get("X-Local") != "yes" {
		t.Errorf("local response %+v", local)
	}
	// The timer runs three times and fills the queue, which the filter reads.
	var last answer
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if last = e.get(t, http.MethodGet, "/", ""); last.header.Get("X-Ticks") >= "3" && last.header.Get("X-Queue") >= "tick 3" {
			break
		}
	}
	if last.header.Get("X-Ticks") < "3" || last.header.Get("X-Queue") < "tick 3" {
		t.Errorf("after the timer: %q", last.header)
	}
	stats := e.ask(t, "/stats?filter=compat")
	for _, want := range []string{
		"method.POST.called.false.compat_requests: 1", "method.GET.called.true.compat_requests: 1", "compat_last_size: 6", "compat_sizes",
	} {
		if !strings.Contains(stats, want) {
			t.Errorf("no %q in the statistics:\n%s", want, stats)
		}
	}
	e.stop()
	for _, want := range []string{"compat: code 200", "compat: code 418", "compat: from the queue: tick 1"} {
		if !strings.Contains(e.log.String(), want) {
			t.Errorf("no %q in the log:\n%s", want, &e.log)
		}
	}
}

// When the C++ library gives up, it says why in Envoy's log.
func TestCppAbortInEnvoy(t *testing.T) {
	t.Parallel()
	testkit.Need(t, testkit.Cpp)
	envoy := testkit.Need(t, testkit.Envoy)
	upstream := httptest.NewServer(http.NotFoundHandler())
	defer upstream.Close()
	module := upstreamFilter(t).Path
	for path, want := range map[string]string{
		"/at":     `out_of_range was thrown in -fno-exceptions mode with message "vector"`,
		"/assert": `src/filter.cc: onRequestHeaders: assertion failed: path != "/assert"`,
	} {
		e := startEnvoy(t, envoy, module, upstream.Listener.Addr().String())
		if failed := e.get(t, http.MethodGet, path, ""); failed.code != http.StatusServiceUnavailable {
			t.Errorf("%s: %+v", path, failed)
		}
		if e.stop(); !strings.Contains(e.log.String(), want) {
			t.Errorf("no %q in the log:\n%s", want, &e.log)
		}
	}
}

// runningEnvoy is an Envoy with a filter.
type runningEnvoy struct {
	cmd      *exec.Cmd
	log      bytes.Buffer
	admin    string // host:port
	listener string
}

type answer struct {
	code   int
	header http.Header
	body   string
}

func startEnvoy(t *testing.T, envoy, module, upstream string) *runningEnvoy {
	t.Helper()
	dir := t.TempDir()
	config, admin := filepath.Join(dir, "envoy.yaml"), filepath.Join(dir, "admin")
	host, port, _ := strings.Cut(upstream, ":")
	if err := os.WriteFile(config, fmt.Appendf(nil, cppBootstrap, module, host, port), 0o600); err != nil {
		t.Fatal(err)
	}
	e := &runningEnvoy{}
	e.cmd = exec.CommandContext(t.Context(), envoy, "-c", config, "--concurrency", "1", "--disable-hot-restart", "--admin-address-path", admin, "-l", "info")
	e.cmd.Stderr = &e.log
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.stop)
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		b, err := os.ReadFile(admin)
		if e.admin = strings.TrimSpace(string(b)); err != nil || e.admin == "" {
			continue
		}
		if _, address, ok := strings.Cut(e.try("/listeners"), "::"); ok {
			e.listener = strings.TrimSpace(address)
			return e
		}
	}
	e.stop()
	t.Fatalf("Envoy did not start:\n%s", &e.log)
	return nil
}

// stop ends Envoy; its log is complete then.
func (e *runningEnvoy) stop() {
	if e.cmd.ProcessState == nil {
		_ = e.cmd.Process.Signal(os.Interrupt)
		_ = e.cmd.Wait() // ended by the signal
	}
}

func (e *runningEnvoy) try(path string) string {
	r, err := http.Get("http://" + e.admin + path)
	if err != nil {
		return ""
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	return string(b)
}

// ask asks the admin interface.
func (e *runningEnvoy) ask(t *testing.T, path string) string {
	t.Helper()
	text := e.try(path)
	if text == "" {
		t.Errorf("Envoy's admin interface says nothing to %s", path)
	}
	return text
}

// get sends a request through the filter.
func (e *runningEnvoy) get(t *testing.T, method, path, body string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+e.listener+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Secret", "key")
	client := http.Client{Timeout: 20 * time.Second}
	r, err := client.Do(request)
	if err != nil {
		e.stop()
		t.Fatalf("%v\n%s", err, &e.log)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return answer{r.StatusCode, r.Header, string(b)}
}

const cppBootstrap = `
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
static_resources:
  listeners:
  - name: main
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: main
          route_config:
            virtual_hosts:
            - {name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: service}}]}
          http_filters:
          - name: wasm
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
              config:
                name: compat
                root_id: compat_root
                configuration: {"@type": type.googleapis.com/google.protobuf.StringValue, value: service}
                vm_config: {runtime: envoy.wasm.runtime.v8, code: {local: {filename: %q}}}
          - name: router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: service
    type: STATIC
    load_assignment:
      cluster_name: service
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: %s, port_value: %s}}}}]}]
`
