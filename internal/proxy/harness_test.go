package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// patience bounds every wait of the tests.
const patience = 20 * time.Second

// script is the module that does what its configuration says.
var script = sync.OnceValues(func() (*wasm.Module, error) {
	b, err := os.ReadFile("../../testdata/modules/script.wasm")
	if err != nil {
		return nil, err
	}
	return wasm.Decode(b)
})

// host is a running server with what it has reported.
type host struct {
	*Server
	t         testing.TB
	mu        sync.Mutex
	logs      []string
	exchanges chan Exchange
	stopped   chan error
	cancel    context.CancelFunc
}

// setting changes the options of a host.
type setting func(*Options)

// filter is a filter of the chain that runs a script.
func filter(lines ...string) setting {
	return func(o *Options) {
		m, err := script()
		if err != nil {
			panic(err)
		}
		o.Chain.Filters = append(o.Chain.Filters, chain.Filter{
			Name:          fmt.Sprintf("f%d", len(o.Chain.Filters)+1),
			Module:        m,
			Configuration: []byte(strings.Join(lines, "\n")),
		})
	}
}

// last changes the last filter of the chain.
func last(change func(*chain.Filter)) setting {
	return func(o *Options) { change(&o.Chain.Filters[len(o.Chain.Filters)-1]) }
}

func literal(f *chain.Filter) { f.AllowOnHeadersStopIteration = true }

func upstreamAt(scheme string, a net.Addr) setting {
	return func(o *Options) { o.Chain.Upstream = &url.URL{Scheme: scheme, Host: a.String()} }
}

// run starts a host and ends it with the test.
func run(t testing.TB, settings ...setting) *host {
	t.Helper()
	h := &host{t: t, exchanges: make(chan Exchange, 1000), stopped: make(chan error, 1)}
	o := Options{Chain: &chain.Chain{Listen: "127.0.0.1:0", Admin: "127.0.0.1:0"}}
	o.OnRequest = func(e Exchange) { h.exchanges <- e }
	o.OnLog = func(l LogLine) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.logs = append(h.logs, l.Filter+" "+l.Level+" "+l.Text)
	}
	for _, s := range settings {
		s(&o)
	}
	s, err := New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	h.Server = s
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	go func() { h.stopped <- s.Serve(ctx) }()
	t.Cleanup(func() { h.end() })
	return h
}

// end stops the host and waits for it.
func (h *host) end() {
	h.cancel()
	select {
	case err := <-h.stopped:
		if err != nil {
			h.t.Error(err)
		}
		h.stopped <- nil
	case <-time.After(patience):
		h.t.Error("the server does not end")
	}
}

// exchange waits for the next finished request.
func (h *host) exchange() Exchange {
	h.t.Helper()
	select {
	case e := <-h.exchanges:
		return e
	case <-time.After(patience):
		h.t.Fatal("no request was reported")
		return Exchange{}
	}
}

// texts are the lines of an exchange, as "FILTER TEXT".
func texts(e Exchange) []string {
	var out []string
	for _, l := range e.Logs {
		out = append(out, l.Filter+" "+l.Text)
	}
	return out
}

// conn is a client's connection that speaks what the test says.
type conn struct {
	net.Conn
	t testing.TB
	r *bufio.Reader
}

func (h *host) dial() *conn { // with a deadline for all that the test does
	h.t.Helper()
	c, err := net.Dial("tcp", h.Addr().String())
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return &conn{Conn: c, t: h.t, r: bufio.NewReader(c)}
}

func (c *conn) send(text string) *conn {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
	return c
}

// answer is a response as it came.
type answer struct {
	status  int
	headers []string // "name: value" in their order
	body    string
	err     error // of reading the body
	close   bool
}

func (a answer) header(name string) string {
	var values []string
	for _, line := range a.headers {
		if n, v, _ := strings.Cut(line, ": "); n == name {
			values = append(values, v)
		}
	}
	return strings.Join(values, "|")
}

// receive reads one response to a request with the method.
func (c *conn) receive(method string) answer {
	c.t.Helper()
	return c.receiveQuietly(method)
}

// receiveQuietly is receive for goroutines of their own.
func (c *conn) receiveQuietly(method string) answer {
	var a answer
	var raw strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			a.err = err
			return a
		}
		raw.WriteString(line)
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break
		}
		if a.status == 0 {
			_, _ = fmt.Sscanf(line, "HTTP/1.1 %d", &a.status)
			continue
		}
		a.headers = append(a.headers, line)
	}
	response, err := http.ReadResponse(bufio.NewReader(io.MultiReader(strings.NewReader(raw.String()), c.r)), &http.Request{Method: method})
	if err != nil {
		a.err = err
		return a
	}
	if a.status == 100 {
		return a
	}
	// The reader above would swallow a following response: take the body by length.
	a.close = response.Close
	switch {
	case response.ContentLength >= 0 && method != "HEAD":
		b := make([]byte, response.ContentLength)
		n, err := io.ReadFull(c.r, b)
		a.body, a.err = string(b[:n]), err
	case method != "HEAD":
		chunked, _ := http.ReadResponse(bufio.NewReader(io.MultiReader(strings.NewReader(raw.String()), c.r)), nil)
		b, err := io.ReadAll(chunked.Body)
		a.body, a.err = string(b), err
	}
	return a
}

// ask sends one request on a connection of its own.
func (h *host) ask(request string) answer {
	h.t.Helper()
	method, _, _ := strings.Cut(request, " ")
	return h.dial().send(request).receive(method)
}

const get = "GET /a?b=1 HTTP/1.1\r\nHost: example.com\r\nX-One: 1\r\nUser-Agent: test\r\nX-Two: 2\r\nX-One: 3\r\n\r\n"

// serveRaw is an upstream that handles each connection as the test says.
func serveRaw(t testing.TB, handle func(c net.Conn, r *bufio.Reader)) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				handle(c, bufio.NewReader(c))
			}()
		}
	}()
	return l.Addr()
}
