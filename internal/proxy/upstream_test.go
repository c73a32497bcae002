package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const envoyWords = "upstream connect error or disconnect/reset before headers. reset reason: "

// TestUpstreamFaults are the answers to what goes wrong behind the filters.
func TestUpstreamFaults(t *testing.T) {
	t.Parallel()
	say := func(text string) func(net.Conn, *bufio.Reader) {
		return func(c net.Conn, r *bufio.Reader) {
			if _, err := http.ReadRequest(r); err == nil {
				io.WriteString(c, text)
			}
		}
	}
	wait := func(net.Conn, *bufio.Reader) { time.Sleep(3 * time.Second) }
	tests := map[string]struct {
		handle  func(net.Conn, *bufio.Reader)
		status  int
		body    string
		details string
		cut     bool
	}{
		"closes":              {say(""), 503, envoyWords + "connection termination", "upstream_reset_before_response_started{connection_termination}", false},
		"garbage":             {say("NOPE\r\n\r\n"), 502, envoyWords + "protocol error", "upstream_reset_before_response_started{protocol_error}", false},
		"half a head":         {say("HTTP/1.1 200 OK\r\nX:"), 503, envoyWords + "connection termination", "", false},
		"both lengths":        {say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), 502, envoyWords + "protocol error", "", false},
		"silent":              {wait, 504, "upstream request timeout", "response_timeout", false},
		"mid-body":            {say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), 200, "abc", "upstream_reset_after_response_started{connection_termination}", true},
		"mid-chunk":           {say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\nabc"), 200, "abc", "", true},
		"until close":         {say("HTTP/1.0 200 OK\r\n\r\nall of it"), 200, "all of it", "via_upstream", false},
		"interim":             {say("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), 200, "ok", "via_upstream", false},
		"no content":          {say("HTTP/1.1 204 No Content\r\n\r\n"), 204, "", "via_upstream", false},
		"chunked":             {say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n"), 200, "ok", "via_upstream", false},
		"switches protocols":  {say("HTTP/1.1 101 Switching\r\n\r\n"), 502, envoyWords + "protocol error", "", false},
		"very large headers":  {say("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", headLimit) + "\r\n\r\n"), 502, envoyWords + "protocol error", "", false},
		"rather long headers": {say("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", 50<<10) + "\r\nContent-Length: 2\r\n\r\nok"), 200, "ok", "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := serveRaw(t, tt.handle)
			h := run(t, filter("response_headers add response x-seen 1"), upstreamAt("http", up),
				func(o *Options) { o.UpstreamTimeout = time.Second })
			c := h.dial()
			a := c.send(get).receive("GET")
			if a.status != tt.status || a.body != tt.body || a.header("x-seen") != "1" || (a.err != nil) != tt.cut {
				t.Errorf("got %+v", a)
			}
			if e := h.exchange(); tt.details != "" && e.Details != tt.details {
				t.Errorf("details %q", e.Details)
			}
		})
	}
}

func TestUpstreamDown(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, scheme := range []string{"http", "h2c"} {
		h := run(t, filter(), upstreamAt(scheme, l.Addr()))
		c := h.dial()
		for range 2 {
			a := c.send(get).receive("GET")
			if a.status != 503 || a.body != envoyWords+"remote connection failure" || a.header("content-type") != "text/plain" {
				t.Errorf("%s: got %+v", scheme, a)
			}
			if e := h.exchange(); e.Details != "upstream_reset_before_response_started{remote_connection_failure}" {
				t.Errorf("%s: details %q", scheme, e.Details)
			}
		}
	}
}

// TestStaleConnection holds that an upstream that closes kept connections is
// not noticed by the client.
func TestStaleConnection(t *testing.T) {
	t.Parallel()
	var served atomic.Int32
	closed := make(chan struct{}, 10)
	up := serveRaw(t, func(c net.Conn, r *bufio.Reader) {
		if _, err := http.ReadRequest(r); err == nil {
			served.Add(1)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
		c.Close()
		closed <- struct{}{}
	})
	h := run(t, upstreamAt("http", up))
	c := h.dial()
	for i := range 4 {
		if a := c.send(get).receive("GET"); a.status != 200 || a.body != "ok" {
			t.Fatalf("%d: %+v", i, a)
		}
		<-closed
	}
	if n := served.Load(); n != 4 {
		t.Errorf("served %d requests", n)
	}
}

// TestEarlyAnswer holds that the client gets an answer that the upstream gives
// before it has the whole request.
func TestEarlyAnswer(t *testing.T) {
	t.Parallel()
	up := serveRaw(t, func(c net.Conn, r *bufio.Reader) {
		if _, err := http.ReadRequest(r); err == nil {
			io.WriteString(c, "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
			time.Sleep(50 * time.Millisecond)
		}
	})
	h := run(t, filter(), upstreamAt("http", up))
	c := h.dial().send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nabc")
	if a := c.receive("POST"); a.status != 413 || a.body != "big" {
		t.Errorf("got %+v", a)
	}
}
