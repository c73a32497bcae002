package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// h2Upstream speaks HTTP/2 without TLS to one address.
type h2Upstream struct {
	host      string
	transport *http.Transport
}

func newH2Upstream(stats *clusterStats, host string) *h2Upstream {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	u := &h2Upstream{host: host}
	u.transport = &http.Transport{
		Protocols:          &protocols,
		DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			c, err := dialUpstream(ctx, stats, host)
			if err != nil {
				return nil, err
			}
			return &countedConn{Conn: c, stats: stats}, nil
		},
	}
	return u
}

// countedConn keeps upstream_cx_active.
type countedConn struct {
	net.Conn
	stats  *clusterStats
	closed bool
}

func (c *countedConn) Close() error {
	if !c.closed {
		c.closed = true
		c.stats.cxActive.Add(-1)
	}
	return c.Conn.Close()
}

// open implements upstream. The connecting happens with the first bytes.
func (u *h2Upstream) open(parent context.Context, p limits) (upstreamStream, error) {
	ctx, cancel := context.WithCancelCause(parent)
	return &h2cStream{
		up: u, limits: p, cancel: cancel, result: make(chan h2cResult, 1),
		ctx: func() context.Context { return ctx },
	}, nil
}

func (u *h2Upstream) close() { u.transport.CloseIdleConnections() }

// h2cStream is one exchange on an HTTP/2 connection.
type h2cStream struct {
	up     *h2Upstream
	limits limits
	cancel context.CancelCauseFunc
	ctx    func() context.Context

	request *http.Request
	// announced are the names in the trailer header.
	announced []string
	body      *io.PipeWriter
	result    chan h2cResult
	sentAt    time.Time
	response  *http.Response
	buf       []byte
}

type h2cResult struct {
	response *http.Response
	err      error
}

// writeHeaders starts the exchange: the transport sends in a goroutine of its own.
func (s *h2cStream) writeHeaders(h *proxywasm.HeaderMap, end bool) error {
	r := &http.Request{URL: &url.URL{Scheme: "http", Host: s.up.host}, Header: http.Header{"User-Agent": nil}, ContentLength: -1}
	var path string
	for i := range h.Len() {
		name, value := h.At(i)
		switch string(name) {
		case ":method":
			r.Method = string(value)
		case ":path":
			path = string(value)
		case ":authority":
			r.Host = string(value)
		case "content-length":
			if n, ok := parseLength(value); ok && !end {
				r.ContentLength = n
			}
		case "trailer":
			s.announced = append(s.announced, strings.Split(string(value), ",")...)
		default:
			if name[0] != ':' {
				key := http.CanonicalHeaderKey(string(name))
				r.Header[key] = append(r.Header[key], string(value))
			}
		}
	}
	r.URL.Opaque = "//" + r.Host + path // the path byte by byte
	if end {
		r.ContentLength = 0
		s.sentAt = time.Now()
	} else {
		pr, pw := io.Pipe()
		r.Body, s.body = pr, pw
		// net/http sends only trailers that were announced.
		r.Trailer = http.Header{}
		for _, name := range s.announced {
			r.Trailer[http.CanonicalHeaderKey(strings.TrimSpace(name))] = nil
		}
	}
	s.request = r.WithContext(s.ctx())
	go func() {
		response, err := s.up.transport.RoundTrip(s.request)
		if err != nil && s.body != nil {
			_ = s.body.CloseWithError(err)
		}
		s.result <- h2cResult{response, err}
	}()
	return nil
}

func (s *h2cStream) writeData(p []byte) error {
	_, err := s.body.Write(p)
	return err
}

func (s *h2cStream) writeEnd(trailers *proxywasm.HeaderMap) error {
	s.sentAt = time.Now()
	if s.body == nil {
		return nil
	}
	if trailers != nil {
		for i := range trailers.Len() {
			name, value := trailers.At(i)
			key := http.CanonicalHeaderKey(string(name))
			s.request.Trailer[key] = append(s.request.Trailer[key], string(value))
		}
	}
	return s.body.Close()
}

func (s *h2cStream) flush() error { return nil }
func (s *h2cStream) duplex() bool { return true }

// readHeaders implements upstreamStream.
func (s *h2cStream) readHeaders(h *proxywasm.HeaderMap, w watcher) (bool, error) {
	tick := time.NewTicker(activeTick)
	defer tick.Stop()
	began := time.Now()
	for {
		select {
		case got := <-s.result:
			if got.err != nil {
				return false, h2Error(s.ctx(), got.err)
			}
			s.response = got.response
			h.AddString(":status", itoa(int64(got.response.StatusCode)))
			addSorted(h, got.response.Header)
			return hasNoBody(got.response), nil
		case <-tick.C:
			if limit := s.limits.headers; limit > 0 && time.Since(began) > limit {
				return false, responseTimeout()
			}
			if w != nil && w.gone() {
				return false, errClientGone
			}
		}
	}
}

// hasNoBody tells whether the headers were the whole response: only then
// net/http knows the length although no header says it.
func hasNoBody(r *http.Response) bool {
	return r.Body == http.NoBody || (r.ContentLength == 0 && len(r.Header["Content-Length"]) == 0)
}

func h2Error(ctx context.Context, err error) error {
	var reset *resetError
	switch {
	case errors.As(err, &reset):
		return err
	case ctx.Err() != nil:
		return errInterrupted
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), isReset(err):
		return terminated(err)
	}
	return &resetError{reason: "remote reset", status: 503, flag: 0x10, err: err}
}

func (s *h2cStream) ready() bool { return false }

func (s *h2cStream) next(watcher) ([]byte, error) {
	if s.buf == nil {
		s.buf = make([]byte, wireBuffer)
	}
	n, err := s.response.Body.Read(s.buf)
	if n > 0 {
		return s.buf[:n], nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return nil, err
	}
	return nil, h2Error(s.ctx(), err)
}

func (s *h2cStream) readTrailers(h *proxywasm.HeaderMap) bool {
	addSorted(h, s.response.Trailer)
	return h.Len() > 0
}

func (s *h2cStream) interrupt() { s.cancel(errInterrupted) }

func (s *h2cStream) address() netip.AddrPort {
	a, _ := netip.ParseAddrPort(s.up.host)
	return a
}

func (s *h2cStream) close(bool) {
	if s.body != nil {
		_ = s.body.CloseWithError(errInterrupted)
	}
	if s.response != nil {
		_ = s.response.Body.Close()
	}
	s.cancel(errInterrupted)
}
