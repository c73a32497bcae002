package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/testkit"
)

// logged waits until a filter has logged the text outside of any request.
func (h *host) logged(text string) {
	h.t.Helper()
	for end := time.Now().Add(patience); h.count(text) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.t.Fatalf("no %q in %q", text, h.logs)
		}
	}
}

// count returns how many lines have the text.
func (h *host) count(text string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.logs {
		if strings.Contains(l, text) {
			n++
		}
	}
	return n
}

func outside(o *Options) { o.OnRequest = nil }

func workers(n int) setting { return func(o *Options) { o.Concurrency = n } }

func TestCallsFromTheStart(t *testing.T) {
	t.Parallel()
	s := startService(t)
	h := run(t, filter("configure call up 1000 GET a /start ", "http_response body 4 0 99"), withCluster("up", "http", s.addr.String()))
	h.logged("http_response body 4: 0 for /start")
}

// TestUpstreamIsACluster holds that filters can call what is behind them, the
// built-in echo too.
func TestUpstreamIsACluster(t *testing.T) {
	t.Parallel()
	h := run(t, filter("configure call upstream 1000 POST a /me hello", "http_response get 6 :status", "http_response body 4 0 41"))
	h.logged("http_response get 6: 0 200")
	h.logged(`http_response body 4: 0 {"method":"POST","path":"/me","authority"`)
}

// TestEventsReachBusyExchanges lets the answer to a call act on a request whose
// client is silent in the middle of the body.
func TestEventsReachBusyExchanges(t *testing.T) {
	t.Parallel()
	up, _ := net.Listen("tcp", "127.0.0.1:0")
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		w.WriteHeader(http.StatusAccepted)
		_ = control.Flush()
		_, _ = io.Copy(w, r.Body)
	})}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server.Protocols = &protocols
	go func() { _ = server.Serve(up) }()
	t.Cleanup(func() { server.Close() })
	s := startService(t)
	script := []string{
		"request_headers call up 5000 GET a /late ", "request_headers return 1",
		"http_response effective 2", "http_response continue 0",
	}
	const head = " HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nhello"
	for _, scheme := range []string{"http", "h2c", "echo"} {
		t.Run("continue to "+scheme, func(t *testing.T) {
			t.Parallel()
			settings := []setting{filter(script...), withCluster("up", "http", s.addr.String())}
			if scheme != "echo" {
				settings = append(settings, upstreamAt(scheme, up.Addr()))
			}
			c := run(t, settings...).dial().send("POST /go/" + scheme + head)
			if scheme == "echo" { // which answers whole requests only
				c.send("world")
				if a := c.receive("POST"); a.status != 200 || !strings.Contains(a.body, "helloworld") {
					t.Errorf("got %+v", a)
				}
				return
			}
			for line := ""; line != "\r\n"; { // the upstream's answer, before the end of the body
				var err error
				if line, err = c.r.ReadString('\n'); err != nil {
					t.Fatal(err)
				}
			}
			c.send("world")
			rest, err := io.ReadAll(c.r)
			if err != nil || !strings.Contains(string(rest), "hello") || !strings.Contains(string(rest), "world") {
				t.Errorf("got %q, %v", rest, err)
			}
		})
	}
	for _, scheme := range []string{"http", "echo"} {
		t.Run("reply before "+scheme, func(t *testing.T) {
			t.Parallel()
			reply := filter("request_headers call up 5000 GET a /late ", "request_headers return 1", "http_response effective 2", "http_response reply 403 no denied")
			settings := []setting{reply, withCluster("up", "http", s.addr.String())}
			if scheme != "echo" {
				settings = append(settings, upstreamAt(scheme, up.Addr()))
			}
			h := run(t, settings...)
			c := h.dial().send("POST /no" + head)
			a := c.receive("POST")
			if a.status != 403 || a.body != "denied" || !a.close {
				t.Errorf("got %+v", a)
			}
			if _, err := c.r.ReadByte(); err == nil {
				t.Error("the connection goes on")
			}
			if e := h.exchange(); e.Status != 403 {
				t.Errorf("reported %+v", e)
			}
		})
	}
}

// TestEventsCloseBusyExchanges lets the answer to a call close the connection of
// a client that is silent in the middle of the body.
func TestEventsCloseBusyExchanges(t *testing.T) {
	t.Parallel()
	s := startService(t)
	up := serveRaw(t, func(_ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
	for name, upstream := range map[string]setting{"echo": func(*Options) {}, "http": upstreamAt("http", up)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := run(t, upstream, withCluster("up", "http", s.addr.String()),
				filter("request_headers call up 5000 GET a /late ", "http_response effective 2", "http_response close 0"))
			c := h.dial().send("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nhello")
			if a := c.receive("POST"); a.status != 0 || a.err == nil {
				t.Errorf("got %+v", a)
			}
			if e := h.exchange(); e.Status != 0 || e.Details != "wasm_close_stream" {
				t.Errorf("reported %+v", e)
			}
		})
	}
}

// TestEventsReachStreamingResponses lets the answer to a call act on a response
// that is on its way: it was held since its headers.
func TestEventsReachStreamingResponses(t *testing.T) {
	t.Parallel()
	block := make(chan struct{})
	up := serveRaw(t, func(c net.Conn, _ *bufio.Reader) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n")
		<-block
		io.WriteString(c, "4\r\nlast\r\n0\r\n\r\n")
	})
	s := startService(t)
	h := run(t, filter("response_headers call up 5000 GET a /late ", "response_headers return 1", "http_response effective 2", "http_response continue 1"),
		withCluster("up", "http", s.addr.String()), upstreamAt("http", up))
	c := h.dial().send(get)
	for line := ""; line != "first\r\n"; { // although the upstream is silent
		var err error
		if line, err = c.r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	close(block)
	if rest, _ := c.r.ReadString('t'); !strings.Contains(rest, "last") {
		t.Errorf("got %q", rest)
	}
	if e := h.exchange(); e.Status != 200 || e.ResponseBytes != 9 {
		t.Errorf("reported %+v", e)
	}
}

// TestCallsOverHTTP2 holds that an HTTP/2 client gets an answer from a call
// while it still sends.
func TestCallsOverHTTP2(t *testing.T) {
	t.Parallel()
	s := startService(t)
	h := run(t, filter("request_headers call up 5000 GET a /late ", "request_headers return 1", "http_response effective 2", "http_response reply 403 no denied"),
		withCluster("up", "http", s.addr.String()))
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: &protocols}, Timeout: patience}
	body, in := io.Pipe()
	defer in.Close()
	go func() { _, _ = in.Write([]byte("hello")) }()
	r, err := client.Post("http://"+h.Addr().String()+"/", "text/plain", body)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if text, _ := io.ReadAll(r.Body); r.StatusCode != 403 || string(text) != "denied" {
		t.Errorf("got %d %q", r.StatusCode, text)
	}
}

func TestCallLimits(t *testing.T) {
	t.Parallel()
	s := startService(t)
	up := withCluster("up", "http", s.addr.String())
	t.Run("body", func(t *testing.T) {
		t.Parallel()
		h := run(t, up, filter(
			fmt.Sprintf("configure call up 20000 GET a /big?%d ", maxCallBody), "http_response info", "http_response status",
			fmt.Sprintf("http_response#1 call up 20000 GET a /big?%d ", maxCallBody+1)))
		h.logged(fmt.Sprintf("http_response info: 1 4 3 %d 0", maxCallBody))
		h.logged("http_response info: 1 8 0")
		h.logged("http_response status: 0 11 5 reset")
	})
	t.Run("in flight", func(t *testing.T) {
		t.Parallel()
		var lines []string
		for range maxCalls + 1 {
			lines = append(lines, "configure call up 0 GET a /silent ")
		}
		h := run(t, up, filter(lines...))
		h.logged(fmt.Sprintf("configure call up: 0 %d", 4*maxCalls))
		h.logged("configure call up: 10 0")
		if got := h.snapshot()["cluster.up.upstream_rq_pending_overflow"]; got != 1 {
			t.Errorf("overflow %d", got)
		}
	})
}

// TestEnd holds that a host ends at once with calls, streams and timers on their
// way, and that on_done may wait for events.
func TestEnd(t *testing.T) {
	t.Parallel()
	s, g := startService(t), testkit.StartGRPC(t)
	h := run(t, outside, withCluster("up", "http", s.addr.String()), withCluster("grpc", "h2c", g.Addr), filter(
		"configure period 1", "configure call up 0 GET a /silent ", "configure grpc grpc 100000 p.S Slow x",
		"configure stream grpc p.S Echo", "configure send $_ 0 x", "grpc_message body 5 0 9"))
	h.logged("grpc_message body 5: 0 x")
	began := time.Now()
	h.end()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the end took %v", took)
	}
}

func TestEndWaitsForEvents(t *testing.T) {
	t.Parallel()
	s := startService(t)
	up := withCluster("up", "http", s.addr.String())
	h := run(t, outside, up, filter("root_done call up 1000 GET a /late ", "root_done return 0", "http_response body 4 0 9", "http_response finish", "root_delete info"))
	h.end()
	if h.count("http_response finish: 0") != 1 || h.count("root_delete info") != 1 {
		t.Errorf("logs %q", h.logs)
	}
	never := run(t, outside, filter("root_done return 0", "root_delete info"))
	began := time.Now()
	never.end()
	if took := time.Since(began); took < endTime || took > endTime+4*time.Second || never.count("root_delete info") != 1 {
		t.Errorf("the end took %v, logs %q", took, never.logs)
	}
}

func TestNoEventsAfterATrap(t *testing.T) {
	t.Parallel()
	h := run(t, outside, filter("configure period 1", "tick info", "tick#2 trap"))
	h.logged("trapped in proxy_on_tick: unreachable")
	before := h.count("tick info")
	h.ask(get)
	if got := h.count("tick info"); got != before || before != 2 {
		t.Errorf("%d ticks, then %d", before, got)
	}
	if a := h.ask(get); a.status != 503 {
		t.Errorf("got %+v", a)
	}
}

// TestReloadStartsTimersAnew holds that a new VM has its own timer and calls.
func TestReloadStartsTimersAnew(t *testing.T) {
	t.Parallel()
	h := run(t, outside, filter("configure period 10", "tick info", "request_headers@/trap trap"),
		last(func(f *chain.Filter) { f.FailurePolicy = chain.FailReload }))
	h.logged("tick info")
	h.ask("GET /trap HTTP/1.1\r\nhost: h\r\n\r\n")
	at := h.count("tick info")
	waitFor(t, func() bool { return h.ask(get).status == 200 })
	waitFor(t, func() bool { return h.count("tick info") > at })
}

// TestQueueCrossesVMs lets filters of one VM id feed a queue of another, in
// every worker; one worker takes the items.
func TestQueueCrossesVMs(t *testing.T) {
	t.Parallel()
	id := func(id string) setting { return last(func(f *chain.Filter) { f.VMID = id }) }
	h := run(t, outside, workers(2),
		filter("configure register jobs", "queue dequeue $1"), id("consumer"),
		filter("request_headers resolve consumer jobs", "request_headers enqueue $_ item", "request_headers resolve - jobs"), id("producer"))
	const items = 20
	for range items {
		h.ask(get)
	}
	waitFor(t, func() bool { return h.count("queue dequeue $1: 0 item") == items })
	if n := h.count("resolve -: 1"); n != items {
		t.Errorf("%d of %d found no queue of their own", n, items)
	}
}

// TestSharedDataCrossesWorkers counts up with compare-and-swap in two workers.
func TestSharedDataCrossesWorkers(t *testing.T) {
	t.Parallel()
	h := run(t, outside, workers(2), filter("request_headers getdata k", "request_headers setdata k $_ v", "request_headers define 0 c", "request_headers increment $_ 1"))
	var wg sync.WaitGroup
	const requests = 40
	for range requests {
		wg.Go(func() { askRaw(h.Addr().String(), "/") })
	}
	wg.Wait()
	if done, lost := h.count("setdata k: 0"), h.count("setdata k: 8"); done+lost != requests || done == 0 {
		t.Errorf("%d written, %d too late", done, lost)
	}
	if text := get200(t, "http://"+h.AdminAddr().String()+"/stats"); !strings.Contains(text, fmt.Sprintf("\nwasmcustom.c: %d\n", requests)) {
		t.Errorf("stats:\n%s", text)
	}
}

// TestManyCalls runs requests that wait for calls, over kept connections, in two
// workers, and holds that each goes on.
func TestManyCalls(t *testing.T) {
	t.Parallel()
	s := startService(t)
	resume := func(id int) string { return fmt.Sprintf("http_response=%d effective %d", 4*(id-1), id) }
	lines := []string{"request_headers call up 10000 GET a /check ", "request_headers return 1"}
	const each = 50
	for id := range each {
		lines = append(lines, resume(id+2), fmt.Sprintf("http_response=%d continue 0", 4*(id+1)))
	}
	h := run(t, outside, workers(2), filter(lines...), withCluster("up", "http", s.addr.String()))
	var wg sync.WaitGroup
	for range 2 { // one connection a worker, so that ids and tokens go hand in hand
		c := h.dial()
		wg.Go(func() {
			for i := range each {
				if a := c.send(get).receiveQuietly("GET"); a.status != 200 {
					t.Errorf("request %d: %+v", i, a)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestGRPCTimeoutText(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0m", time.Second: "1000m", 99_999_999 * time.Millisecond: "99999999m", 100_000_000 * time.Millisecond: "100000S",
		(1<<32 - 1) * time.Millisecond: "4294967S",
	} {
		if got := grpcTimeout(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

// FuzzCutFrame holds that frames come out as they went in, and that no bytes
// make the reader fail.
func FuzzCutFrame(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x02hi\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x01\x00\x00\x00\x00"))
	f.Add([]byte("\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for rest := b; ; {
			message, next, ok := cutFrame(rest)
			if !ok || message == nil {
				return
			}
			if len(message)+grpcFrameHead+len(next) != len(rest) {
				t.Fatalf("%d bytes became %d and %d", len(rest), len(message), len(next))
			}
			rest = next
		}
	})
}

func TestPrometheus(t *testing.T) {
	t.Parallel()
	h := run(t, outside, filter("configure define 0 my.counter", "configure increment $_ 3", "configure define 1 gauge", "configure record $_ -1",
		"configure define 2 h", "configure record $_ 5", "configure record $_ 5", "configure record $_ 123456", "configure define 0 1st"))
	h.ask(get)
	text := get200(t, "http://"+h.AdminAddr().String()+"/stats/prometheus")
	for _, want := range []string{
		"# TYPE my_counter counter\nmy_counter{} 3\n",
		"# TYPE gauge gauge\ngauge{} 18446744073709551615\n",
		"# TYPE h histogram\nh_bucket{le=\"0.5\"} 0\nh_bucket{le=\"1\"} 0\nh_bucket{le=\"5\"} 2\n",
		"h_bucket{le=\"60000\"} 2\nh_bucket{le=\"300000\"} 3\n", "h_bucket{le=\"+Inf\"} 3\n", "h_count{} 3\n", "h_sum{} 1248",
		"envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix=\"ingress\"} 1\n",
		"envoy_http_downstream_rq_xx{envoy_response_code_class=\"2\",envoy_http_conn_manager_prefix=\"ingress\"} 1\n",
		"# TYPE envoy_cluster_upstream_rq_total counter\nenvoy_cluster_upstream_rq_total{envoy_cluster_name=\"upstream\"} 1\n",
		"# TYPE envoy_wasm_f1_active gauge\nenvoy_wasm_f1_active{} 1\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "1st") {
		t.Error("a name that Prometheus does not take")
	}
	json := get200(t, "http://"+h.AdminAddr().String()+"/stats?format=json")
	for _, want := range []string{
		`{"name":"wasmcustom.my.counter","value":3}`,
		`"computed_quantiles":[{"name":"wasmcustom.h","values":[{"cumulative":5.033333333333333,"interval":null}`,
	} {
		if !strings.Contains(json, want) {
			t.Errorf("%q is not in\n%s", want, json)
		}
	}
}

// TestCallsOfAFailedStart holds that nothing is left of a VM that did not start.
func TestCallsOfAFailedStart(t *testing.T) {
	t.Parallel()
	s := startService(t)
	o := Options{Chain: &chain.Chain{Listen: "127.0.0.1:0"}}
	withCluster("up", "http", s.addr.String())(&o)
	filter("configure period 1", "configure call up 0 GET a /silent ", "configure return 0")(&o)
	if _, err := New(context.Background(), o); err == nil || !strings.Contains(err.Error(), "refused to start") {
		t.Fatalf("got %v", err)
	}
}
