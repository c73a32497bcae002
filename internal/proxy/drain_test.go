package proxy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// TestDrain ends a server that has an idle connection, a request that ends in
// time and one that does not.
func TestDrain(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	up := serveRaw(t, func(c net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if req.URL.Path == "/never" {
			<-never
		}
		<-release
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	})
	h := run(t, filter("root_done log 2 root done", "log log 2 logged"), upstreamAt("http", up))
	idle, slow, stuck := h.dial(), h.dial().send(get), h.dial().send("GET /never HTTP/1.1\r\nHost: h\r\n\r\n")
	waitFor(t, func() bool { return h.target.stats.rqActive.Load() == 2 && h.stats.cxActive.Load() == 3 })
	began := time.Now()
	h.cancel()
	if _, err := idle.r.ReadByte(); err == nil {
		t.Error("the idle connection goes on")
	}
	waitFor(t, func() bool { return h.draining.Load() == 1 })
	if r, err := http.Get("http://" + h.AdminAddr().String() + "/ready"); err != nil || r.StatusCode != 503 {
		t.Errorf("ready: %v %v", r, err)
	}
	close(release)
	if a := slow.receive("GET"); a.status != 200 || a.body != "ok" || a.header("connection") != "close" {
		t.Errorf("got %+v", a)
	}
	if a := stuck.receive("GET"); a.err == nil {
		t.Errorf("got %+v", a)
	}
	h.end()
	if d := time.Since(began); d > 6*time.Second {
		t.Errorf("took %v", d)
	}
	if !strings.Contains(strings.Join(h.logs, "\n"), "root done") {
		t.Errorf("logs %q", h.logs)
	}
}

// TestNothingLeft starts and ends servers and looks for goroutines.
func TestNothingLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 3 {
		h := run(t, filter(), filter("request_headers trap"), last(func(f *chain.Filter) { f.FailurePolicy = chain.FailOpen }))
		c := h.dial()
		c.send(get).receive("GET")
		c.send(get).receive("GET")
		h.end()
	}
	waitFor(t, func() bool { return runtime.NumGoroutine() <= before+2 })
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for flag, c := range map[string]*chain.Chain{
		"--listen": {Listen: l.Addr().String()},
		"--admin":  {Listen: "127.0.0.1:0", Admin: l.Addr().String()},
	} {
		_, err := New(context.Background(), Options{Chain: c})
		if err == nil || !strings.Contains(err.Error(), l.Addr().String()) || !strings.Contains(strings.Join(hint.Of(err), " "), flag) {
			t.Errorf("%s: %v, hints %q", flag, err, hint.Of(err))
		}
	}
}

func TestStartFailure(t *testing.T) {
	t.Parallel()
	o := Options{Chain: &chain.Chain{Listen: "127.0.0.1:0"}}
	filter()(&o)
	filter("configure return 0")(&o)
	_, err := New(context.Background(), o)
	var start *proxywasm.StartError
	if !errors.As(err, &start) || start.Plugin != "f2" || start.Phase != proxywasm.PhaseConfigure {
		t.Errorf("got %v", err)
	}
}

// TestFailurePolicies is what requests after a trap get.
func TestFailurePolicies(t *testing.T) {
	t.Parallel()
	for policy, want := range map[chain.FailurePolicy][2]int{
		"": {503, 503}, chain.FailClosed: {503, 503}, chain.FailOpen: {200, 200}, chain.FailReload: {503, 200},
	} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			h := run(t, filter("request_headers@/trap trap"), last(func(f *chain.Filter) { f.FailurePolicy = policy }))
			if a := h.ask("GET /trap HTTP/1.1\r\nHost: h\r\n\r\n"); a.status != 503 || a.body != "" || a.header("content-type") != "" {
				t.Errorf("the trap: %+v", a)
			}
			if a := h.ask(get); a.status != want[0] {
				t.Errorf("after it: %+v", a)
			}
			time.Sleep(reloadBackoff + 50*time.Millisecond) // the back-off is time itself
			if a := h.ask(get); a.status != want[1] {
				t.Errorf("a second later: %+v", a)
			}
		})
	}
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	h := run(t, filter())
	h.ask(get)
	h.exchange()
	for path, want := range map[string][]string{
		"/ready":             {"LIVE\n"},
		"/stats":             {"http.ingress.downstream_rq_total: 1\n", "http.ingress.downstream_rq_2xx: 1\n", "wasm.f1.active: 1\n", "wasm.f1.memory_bytes: "},
		"/stats?format=json": {`{"name":"cluster.upstream.upstream_rq_total","value":1}`},
		"/nothing":           {"no such page: /nothing", "/ready"},
	} {
		r, err := http.Get("http://" + h.AdminAddr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(r.Body)
		r.Body.Close()
		for _, w := range want {
			if !strings.Contains(string(b), w) {
				t.Errorf("%s: no %q in %s", path, w, b)
			}
		}
	}
}

func TestConcurrency(t *testing.T) {
	t.Parallel()
	h := run(t, filter(), func(o *Options) { o.Concurrency = 3 })
	if n := h.snapshot()["wasm.f1.active"]; n != 3 {
		t.Errorf("%d VMs", n)
	}
	for range 6 {
		if a := h.ask(get); a.status != 200 {
			t.Errorf("got %+v", a)
		}
	}
	for i, w := range h.workers {
		if n := w.slots[0].vm.plugin.Stats().StreamsCreated; n != 2 {
			t.Errorf("worker %d had %d streams", i, n)
		}
	}
}
