package proxy

import (
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// The states of a connection, for draining.
const (
	connIdle int32 = iota
	connActive
	connClosed
)

// h1Conn is a connection of the listener. It speaks HTTP/1.1 until the first
// bytes say that it is HTTP/2. fasthttp's parser judges the heads of requests;
// the loop around it is our own, because filters see headers in their order and
// bodies as they come.
type h1Conn struct {
	srv    *Server
	wire   wire
	worker *worker
	info   connInfo
	state  atomic.Int32

	header fasthttp.RequestHeader
	x      exchange
	relay  relay
	body   bodyReader
	reply  bodyWriter
	// keep says that the connection can take another request.
	keep bool
	head bool
	// expects says that the client waits for "100 Continue".
	expects bool
}

// serve handles the requests of the connection, one after the other.
func (c *h1Conn) serve() {
	c.srv.stats.cxActive.Add(1)
	defer c.srv.stats.cxActive.Add(-1)
	defer c.wire.c.Close()
	for first := true; ; first = false {
		if err := c.wire.await(0, idleTick, connectionIdleTimeout, nil); err != nil {
			return
		}
		if first && c.isHTTP2() {
			return
		}
		if !c.state.CompareAndSwap(connIdle, connActive) {
			return
		}
		if !c.request() {
			c.linger()
			return
		}
		c.state.Store(connIdle)
		if c.srv.draining.Load() != 0 {
			return
		}
	}
}

// connectionIdleTimeout is Envoy's default for connections without requests.
const connectionIdleTimeout = time.Hour

// headerTimeout is how long a client may take to send a head.
const headerTimeout = time.Minute

const h2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// isHTTP2 hands the connection to the HTTP/2 server when it begins with the
// preface of RFC 9113 §3.4, and waits for that to end.
func (c *h1Conn) isHTTP2() bool {
	for n := 1; n <= len(h2Preface); n++ {
		b, _ := c.wire.br.Peek(min(c.wire.br.Buffered(), len(h2Preface)))
		if string(b) != h2Preface[:len(b)] {
			return false
		}
		if len(b) == len(h2Preface) {
			break
		}
		if err := c.wire.await(len(b), activeTick, headerTimeout, nil); err != nil {
			return false
		}
	}
	_ = c.wire.c.SetReadDeadline(time.Time{})
	c.srv.h2.take(&prefixConn{Conn: c.wire.c, r: c.wire.br, info: c.info})
	return true
}

// closeIfIdle closes the connection unless a request is on it.
func (c *h1Conn) closeIfIdle() {
	if c.state.CompareAndSwap(connIdle, connClosed) {
		c.wire.interrupt()
	}
}

// request handles one request and returns whether the connection lives on.
func (c *h1Conn) request() bool {
	for { // a blank line in front of a request is ignored: RFC 9112 §2.2
		b, _ := c.wire.br.Peek(1)
		if len(b) == 0 || (b[0] != '\r' && b[0] != '\n') {
			break
		}
		_, _ = c.wire.br.Discard(1)
		if c.wire.await(0, activeTick, headerTimeout, nil) != nil {
			return false
		}
	}
	if _, err := c.wire.head(c.awaitHead); err != nil {
		return c.refuse(headFault(err))
	}
	if err := c.header.Read(c.wire.br); err != nil {
		return c.refuse(parseFault(err))
	}
	x := &c.x
	x.reset(c.srv, c.worker, c.info)
	x.start = time.Now()
	x.protocol = "HTTP/1.1"
	if fault := c.admit(); fault != nil {
		return c.refuse(fault)
	}
	c.srv.begin(x)
	c.relay.reset(x, c)
	clean := c.relay.run(c.body.done)
	if clean {
		clean = c.finishBody()
	}
	c.srv.conclude(x)
	return clean && c.keep
}

func (c *h1Conn) awaitHead(n int) error {
	return c.wire.await(n, activeTick, headerTimeout, nil)
}

// finishBody takes what the last piece has lent out of the buffer.
func (c *h1Conn) finishBody() bool {
	_, err := c.body.next(&c.wire, c.awaitBody)
	return err == io.EOF
}

// refuse answers a request that reaches no filter, and gives the connection up.
func (c *h1Conn) refuse(f *refusal) bool {
	if f == nil {
		return false
	}
	c.srv.stats.rqTotal.Add(1)
	countClass(&c.srv.stats.rqClass, f.status)
	w := &c.wire
	w.out = append(w.out, "HTTP/1.1 "...)
	w.out = strconv.AppendInt(w.out, int64(f.status), 10)
	w.out = append(w.out, ' ')
	w.out = append(w.out, fasthttp.StatusMessage(f.status)...)
	w.out = append(w.out, "\r\ncontent-length: "...)
	w.out = strconv.AppendInt(w.out, int64(len(f.body)), 10)
	if f.body != "" {
		w.out = append(w.out, "\r\ncontent-type: text/plain"...)
	}
	w.out = append(w.out, "\r\ndate: "...)
	w.out = append(w.out, c.srv.clock.date()...)
	w.out = append(w.out, "\r\nserver: "+serverName+"\r\nconnection: close\r\n\r\n"...)
	w.out = append(w.out, f.body...)
	_ = w.flush()
	if report := c.srv.opts.OnRequest; report != nil {
		report(Exchange{
			Time: time.Now(), Method: string(c.header.Method()), Path: string(c.header.RequestURI()),
			Protocol: "HTTP/1.1", Status: f.status, Details: f.details,
		})
	}
	return false
}

// linger gives the client the chance to read an answer that came before it had
// sent everything: closing at once would reset the connection.
func (c *h1Conn) linger() {
	_ = c.wire.flush()
	t, ok := c.wire.c.(*net.TCPConn)
	if !ok || c.wire.interrupted.Load() && c.body.done {
		return
	}
	if t.CloseWrite() != nil {
		return
	}
	_ = t.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, t, lingerBytes)
}

const (
	lingerTime  = time.Second // Envoy's delayed_close_timeout
	lingerBytes = 4 << 20
)

// headFault is the answer to a head that did not arrive whole; nil is none.
func headFault(err error) *refusal {
	var malformed *malformedError
	switch {
	case errors.Is(err, errHeadTooLarge):
		return &refusal{431, "Request Header Fields Too Large", "http1.headers_too_large"}
	case errors.As(err, &malformed):
		return &refusal{400, "Bad Request", "http1.codec_error"}
	case errors.Is(err, errWaitTooLong):
		return &refusal{408, "Request Timeout", "request_header_timeout"}
	}
	return nil
}

// parseFault is the answer to a head that fasthttp refuses. Two of its errors
// are not exported and are known by their texts, which the table of refusals in
// the tests holds.
func parseFault(err error) *refusal {
	switch text := err.Error(); {
	case strings.Contains(text, "unsupported transfer-encoding"):
		return &refusal{501, "Not Implemented", "http1.invalid_transfer_encoding"}
	case strings.Contains(text, "missing required host header"):
		return &refusal{400, "", "missing_host_header"}
	}
	return &refusal{400, "Bad Request", "http1.codec_error"}
}

// refusal is an answer to a request that no filter sees.
type refusal struct {
	status        int
	body, details string
}

// The downstream side of the relay.

func (c *h1Conn) awaitBody(n int) error {
	if c.expects {
		c.expects = false
		if err := c.sayContinue(); err != nil {
			return err
		}
	}
	return c.wire.await(n, activeTick, streamIdleTimeout, nil)
}

// sayContinue lets a client go on that waits for it, unless the response has begun.
func (c *h1Conn) sayContinue() error {
	c.relay.resMu.Lock()
	defer c.relay.resMu.Unlock()
	if c.relay.resBegun {
		return nil
	}
	c.wire.out = append(c.wire.out, "HTTP/1.1 100 Continue\r\n\r\n"...)
	return c.wire.flush()
}

func (c *h1Conn) next() ([]byte, error) { return c.body.next(&c.wire, c.awaitBody) }
func (c *h1Conn) ready() bool           { return c.body.ready(&c.wire) }
func (c *h1Conn) flush() error          { return c.wire.flush() }
func (c *h1Conn) interrupt()            { c.wire.interrupt() }
func (c *h1Conn) gone() bool            { return peerClosed(c.wire.c) }

// readTrailers: the trailers of HTTP/1.1 requests are dropped, as Envoy does.
func (c *h1Conn) readTrailers(*proxywasm.HeaderMap) bool { return false }
