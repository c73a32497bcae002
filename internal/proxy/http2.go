package proxy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// h2Server serves the connections of the listener that begin with the HTTP/2
// preface. net/http speaks the protocol; it hands over headers as a map, so
// their order among themselves is lost and they are put in order of their names.
type h2Server struct {
	srv    *Server
	server *http.Server
	conns  chan net.Conn
	done   chan struct{}
	once   sync.Once
	next   int
	mu     sync.Mutex
}

func newH2Server(s *Server) *h2Server {
	h := &h2Server{srv: s, conns: make(chan net.Conn), done: make(chan struct{})}
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	h.server = &http.Server{
		Handler:        h,
		Protocols:      &protocols,
		MaxHeaderBytes: headLimit,
		IdleTimeout:    connectionIdleTimeout,
		ErrorLog:       discardLog(),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if p, ok := c.(*prefixConn); ok {
				return context.WithValue(ctx, connKey{}, p)
			}
			return ctx
		},
	}
	return h
}

type connKey struct{}

// take serves a connection until it is closed.
func (h *h2Server) take(c *prefixConn) {
	c.closed = make(chan struct{})
	select {
	case h.conns <- c:
		<-c.closed
	case <-h.done:
	}
}

// Accept implements net.Listener.
func (h *h2Server) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *h2Server) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

// Addr implements net.Listener.
func (h *h2Server) Addr() net.Addr { return h.srv.Addr() }

// prefixConn is a connection whose first bytes are in a buffer.
type prefixConn struct {
	net.Conn
	r      *bufio.Reader
	info   connInfo
	closed chan struct{}
	once   sync.Once
}

func (c *prefixConn) Read(p []byte) (int, error) { return c.r.Read(p) }

func (c *prefixConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { close(c.closed) })
	return err
}

// worker takes the workers in turn: one HTTP/2 connection can load all of them.
func (h *h2Server) worker() *worker {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next++
	return h.srv.workers[h.next%len(h.srv.workers)]
}

// ServeHTTP carries one HTTP/2 stream.
func (h *h2Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, _ := r.Context().Value(connKey{}).(*prefixConn)
	if conn == nil {
		http.Error(w, "unknown connection", http.StatusInternalServerError)
		return
	}
	d := &h2Stream{w: w, r: r, controller: http.NewResponseController(w)}
	x, relay := &exchange{}, &relay{}
	x.reset(h.srv, h.worker(), conn.info)
	x.start = time.Now()
	x.protocol = "HTTP/2"
	d.fill(x)
	h.srv.begin(x)
	relay.reset(x, d)
	clean := relay.run(r.Body == http.NoBody)
	h.srv.conclude(x)
	if !clean && (x.torn || !d.ended) {
		panic(http.ErrAbortHandler) // net/http's way to reset the stream
	}
}

// h2Stream is the downstream side of one HTTP/2 stream.
type h2Stream struct {
	w          http.ResponseWriter
	r          *http.Request
	controller *http.ResponseController
	buf        []byte
	ended      bool
}

// fill makes the exchange's request of r.
func (d *h2Stream) fill(x *exchange) {
	r, h := d.r, &x.req.headers
	x.head = r.Method == http.MethodHead
	h.AddString(":authority", r.Host)
	path := r.RequestURI
	h.AddString(":path", path)
	h.AddString(":method", r.Method)
	scheme := "http"
	if strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		scheme = "https"
	}
	h.AddString(":scheme", scheme)
	addSorted(h, r.Header)
	if len(r.Trailer) > 0 { // net/http has taken the announcement away
		h.AddString("trailer", strings.Join(slices.Sorted(maps.Keys(r.Trailer)), ", "))
	}
	if r.ContentLength > 0 && r.Header.Get("Content-Length") == "" && r.Body != http.NoBody {
		h.AddString("content-length", itoa(r.ContentLength))
	}
	x.grpc = isGRPC(h)
	x.srv.addProxyHeaders(x)
	x.note(r.Method, path, r.Host)
}

// addSorted adds what net/http has sorted into a map, in the order of the names.
func addSorted(h *proxywasm.HeaderMap, from http.Header) {
	names := make([]string, 0, len(from))
	for name := range from {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range from[name] {
			h.AddString(name, value)
		}
	}
}

func (d *h2Stream) next() ([]byte, error) {
	if d.buf == nil {
		d.buf = make([]byte, wireBuffer)
	}
	for {
		n, err := d.r.Body.Read(d.buf)
		if n > 0 {
			return d.buf[:n], nil
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return nil, err
			}
			return nil, io.EOF
		}
	}
}

func (d *h2Stream) ready() bool { return d.r.Body == http.NoBody }

func (d *h2Stream) readTrailers(h *proxywasm.HeaderMap) bool {
	addSorted(h, d.r.Trailer)
	return h.Len() > 0
}

func (d *h2Stream) writeHeaders(h *proxywasm.HeaderMap, end bool) error {
	out := d.w.Header()
	for i := range h.Len() {
		name, value := h.At(i)
		if len(name) == 0 || name[0] == ':' || !validName(name) || !validValue(value) {
			continue
		}
		key := http.CanonicalHeaderKey(string(name))
		out[key] = append(out[key], string(value))
	}
	v, _ := h.GetString(":status")
	status := parseStatus(v)
	if status < 200 {
		status = 500
	}
	d.w.WriteHeader(status)
	d.ended = end
	if end {
		return nil
	}
	return d.controller.Flush()
}

func (d *h2Stream) writeData(p []byte, end bool) error {
	d.ended = d.ended || end
	if len(p) == 0 {
		return nil
	}
	_, err := d.w.Write(p)
	if errors.Is(err, http.ErrBodyNotAllowed) || errors.Is(err, http.ErrContentLength) {
		return nil // what a filter has added to such a response has no place
	}
	return err
}

func (d *h2Stream) writeTrailers(h *proxywasm.HeaderMap) error {
	d.ended = true
	out := d.w.Header()
	for i := range h.Len() {
		name, value := h.At(i)
		if validName(name) && validValue(value) {
			key := http.TrailerPrefix + http.CanonicalHeaderKey(string(name))
			out[key] = append(out[key], string(value))
		}
	}
	return nil
}

func (d *h2Stream) flush() error {
	if d.ended {
		return nil // the handler's return sends the rest
	}
	return d.controller.Flush()
}

func (d *h2Stream) interrupt() {
	past := time.Unix(1, 0)
	_ = d.controller.SetReadDeadline(past)
	_ = d.r.Body.Close()
}

func (d *h2Stream) gone() bool { return d.r.Context().Err() != nil }
