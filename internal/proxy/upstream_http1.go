package proxy

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// h1Upstream speaks HTTP/1.1 to one address over kept connections.
type h1Upstream struct {
	lifetime func() context.Context
	stats    *clusterStats
	address  string

	mu     sync.Mutex
	idle   []*h1Stream // the last used at the end
	closed bool
}

const (
	// dialTimeout is Envoy's default connect timeout.
	dialTimeout = 5 * time.Second
	// maxIdle bounds the kept connections.
	maxIdle = 256
	// freshFor is how long a kept connection is trusted without a look at it.
	freshFor = 100 * time.Millisecond
)

func newH1Upstream(lifetime context.Context, stats *clusterStats, address string) *h1Upstream {
	return &h1Upstream{lifetime: func() context.Context { return lifetime }, stats: stats, address: address}
}

// open implements upstream: a kept connection, else a new one.
func (u *h1Upstream) open(ctx context.Context, p limits) (upstreamStream, error) {
	for {
		s := u.takeIdle()
		if s == nil {
			return u.dial(ctx, p)
		}
		if time.Since(s.since) > freshFor && peerClosed(s.wire.c) {
			s.discard()
			continue
		}
		s.begin(true, p)
		return s, nil
	}
}

func (u *h1Upstream) takeIdle() *h1Stream {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := len(u.idle)
	if n == 0 {
		return nil
	}
	s := u.idle[n-1]
	u.idle[n-1] = nil
	u.idle = u.idle[:n-1]
	return s
}

func (u *h1Upstream) dial(ctx context.Context, p limits) (*h1Stream, error) {
	c, err := dialUpstream(ctx, u.stats, u.address)
	if err != nil {
		return nil, err
	}
	s := &h1Stream{up: u, remote: addrPort(c.RemoteAddr())}
	s.wire.open(c)
	s.begin(false, p)
	return s, nil
}

// dialUpstream connects to the upstream; the error is *resetError.
func dialUpstream(ctx context.Context, stats *clusterStats, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		stats.cxFailed.Add(1)
		if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
			return nil, connectTimeout(err)
		}
		return nil, connectFailure(err)
	}
	stats.cxTotal.Add(1)
	stats.cxActive.Add(1)
	return c, nil
}

// keepIdle gives a connection back.
func (u *h1Upstream) keepIdle(s *h1Stream) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed || len(u.idle) >= maxIdle {
		s.discard()
		return
	}
	s.since = time.Now()
	u.idle = append(u.idle, s)
}

// close implements upstream.
func (u *h1Upstream) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	for _, s := range u.idle {
		s.discard()
	}
	u.idle = nil
}

// h1Stream is one connection to the upstream with the exchange on it.
type h1Stream struct {
	up     *h1Upstream
	limits limits
	wire   wire
	remote netip.AddrPort
	since  time.Time

	// reused says that the connection has carried an exchange before; replay
	// that the whole request is still in wire.out and may be sent again.
	reused, replay bool
	request        bodyWriter
	body           bodyReader
	// sent and keep say that the request was written to its end and that the
	// response allows another one.
	sent, keep bool
	began      time.Time
	head       bool
	watch      watcher
	wait       func(int) error
}

func (s *h1Stream) begin(reused bool, p limits) {
	s.limits = p
	s.reused, s.replay = reused, false
	s.sent, s.keep = false, false
	s.body = bodyReader{}
	if s.wait == nil {
		s.wait = s.await
	}
}

func (s *h1Stream) duplex() bool            { return true }
func (s *h1Stream) address() netip.AddrPort { return s.remote }
func (s *h1Stream) interrupt()              { s.wire.interrupt() }

func (s *h1Stream) discard() {
	_ = s.wire.c.Close()
	s.up.stats.cxActive.Add(-1)
}

// close implements upstreamStream.
func (s *h1Stream) close(clean bool) {
	s.watch = nil
	if clean && s.sent && s.keep && s.body.done && !s.wire.interrupted.Load() {
		if s.body.lent > 0 {
			_, _ = s.wire.br.Discard(s.body.lent)
			s.body.lent = 0
		}
		if s.wire.br.Buffered() == 0 {
			s.up.keepIdle(s)
			return
		}
	}
	s.discard()
}

// writeHeaders queues the request's head: RFC 9112 §3.
func (s *h1Stream) writeHeaders(h *proxywasm.HeaderMap, end bool) error {
	w := &s.wire
	w.out = w.out[:0]
	method, _ := h.GetString(":method")
	path, _ := h.GetString(":path")
	authority, _ := h.GetString(":authority")
	s.head = string(method) == "HEAD"
	w.out = append(w.out, method...)
	w.out = append(w.out, ' ')
	w.out = append(w.out, path...)
	w.out = append(w.out, " HTTP/1.1\r\nhost: "...)
	w.out = append(w.out, authority...)
	w.out = append(w.out, '\r', '\n')
	length := appendHeaders(w, h)
	switch {
	case length >= 0:
		s.request = bodyWriter{kind: bodyLength, left: length}
	case end:
		if expectsBody(method) {
			w.out = append(w.out, "content-length: 0\r\n"...)
		}
		s.request = bodyWriter{kind: bodyNone}
	default:
		w.out = append(w.out, "transfer-encoding: chunked\r\n"...)
		s.request = bodyWriter{kind: bodyChunked}
	}
	w.out = append(w.out, '\r', '\n')
	if end {
		s.replay = s.reused && idempotent(method)
		return s.writeEnd(nil)
	}
	return nil
}

func (s *h1Stream) writeData(p []byte) error { return s.request.data(&s.wire, p) }

// writeEnd ends the request. Envoy sends no trailers to HTTP/1.1 upstreams.
func (s *h1Stream) writeEnd(*proxywasm.HeaderMap) error {
	s.sent = s.request.end(&s.wire)
	s.began = time.Now()
	return nil
}

// flush sends what is queued. A request that may have to be sent once more
// stays in the queue.
func (s *h1Stream) flush() error {
	if !s.replay {
		return s.wire.flush()
	}
	if err := s.wire.write(s.wire.out); err != nil && !s.retry() {
		return err
	}
	return nil
}

// retry sends a request again on a new connection: the kept one was closed by
// the upstream before it saw the request. Only for requests that may be
// repeated and have no body: RFC 9110 §9.2.2.
func (s *h1Stream) retry() bool {
	if !s.replay || s.wire.interrupted.Load() {
		return false
	}
	s.replay = false
	c, err := dialUpstream(s.up.lifetime(), s.up.stats, s.up.address)
	if err != nil {
		return false
	}
	s.discard()
	s.up.stats.rqRetried.Add(1)
	out := s.wire.out
	s.wire.replace(c)
	s.reused = false
	return s.wire.write(out) == nil
}

// expectsBody tells whether a request without a body says so with a
// content-length of 0, as Envoy has it.
func expectsBody(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "DELETE", "TRACE", "CONNECT":
		return false
	}
	return true
}

// idempotent tells whether a method may be repeated: RFC 9110 §9.2.2.
func idempotent(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}
