package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestRequestsRefused are requests that reach no filter, with Envoy's answers.
func TestRequestsRefused(t *testing.T) {
	t.Parallel()
	h := run(t, filter("request_headers log 2 seen"))
	tests := map[string]struct {
		request string
		status  int
	}{
		"garbage":          {"GARBAGE\r\n\r\n", 400},
		"no host":          {"GET / HTTP/1.1\r\n\r\n", 400},
		"two hosts":        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		"HTTP/1.0":         {"GET / HTTP/1.0\r\nHost: h\r\n\r\n", 426},
		"unknown method":   {"FOO / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		"blank before ':'": {"GET / HTTP/1.1\r\nHost: h\r\nX : 1\r\n\r\n", 400},
		"two lengths":      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
		"length, chunked":  {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		"chunked, length":  {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
		"negative length":  {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -3\r\n\r\n", 400},
		"other encoding":   {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
		"chunked twice":    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 501},
		"identity":         {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc", 501},
		"bare line feeds":  {"GET / HTTP/1.1\nHost: h\n\n", 400},
		"fragment":         {"GET /x#f HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		"websocket":        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 403},
		"connect":          {"CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n", 404},
		"huge header":      {"GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("a", headLimit) + "\r\n\r\n", 431},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := h.dial()
			go io.WriteString(c, tt.request) //nolint:errcheck // the host may close first
			a := c.receive("GET")
			if a.status != tt.status || a.header("connection") != "close" {
				t.Errorf("got %+v", a)
			}
			if _, err := c.r.ReadByte(); err == nil {
				t.Error("the connection goes on")
			}
			if e := h.exchange(); e.Status != tt.status || len(e.Logs) != 0 {
				t.Errorf("reported %+v", e)
			}
		})
	}
}

func TestRequestForms(t *testing.T) {
	t.Parallel()
	h := run(t, filter("request_headers pairs request"))
	tests := map[string]struct{ request, seen, body string }{
		"absolute form": {"GET http://other/x?y HTTP/1.1\r\nHost: h\r\n\r\n", ":authority=other|:path=/x?y|:method=GET", ""},
		"hop by hop": {
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 3\r\nProxy-Connection: x\r\nTE: gzip\r\nUpgrade: h2c\r\nX-End: 2\r\n\r\n",
			":scheme=http|x-end=2|x-forwarded-proto=http|", "",
		},
		"te trailers":     {"GET / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\n\r\n", "|te=trailers|", ""},
		"continued line":  {"GET / HTTP/1.1\r\nHost: h\r\nX-A: b\r\n c\r\n\r\n", "|x-a=b c|", ""},
		"behind TLS":      {"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\n\r\n", ":scheme=https|x-forwarded-proto=https|x-request-id=", ""},
		"own request id":  {"GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine\r\n\r\n", "|x-request-id=mine|x-forwarded-proto=http", ""},
		"blank lines":     {"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", ":path=/|", ""},
		"chunked":         {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n", ":method=POST", `"body":"abc0123456789"`},
		"large header":    {"GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("a", 50<<10) + "\r\n\r\n", ":path=/", "aaaa"},
		"body of a GET":   {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", ":method=GET", `"body":"abc"`},
		"empty chunked":   {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ":method=POST", `"body":""`},
		"several cookies": {"GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1\r\nX: y\r\nCookie: b=2\r\n\r\n", "cookie=a=1|x=y|cookie=b=2", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := h.ask(tt.request)
			e := h.exchange()
			if a.status != 200 || !strings.Contains(a.body, tt.body) {
				t.Errorf("got %+v", a)
			}
			if len(e.Logs) != 1 || !strings.Contains(e.Logs[0].Text, tt.seen) {
				t.Errorf("the filter saw %q, want %q", texts(e), tt.seen)
			}
		})
	}
}

func TestExpectContinue(t *testing.T) {
	t.Parallel()
	h := run(t, filter())
	c := h.dial().send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
	if a := c.receive("POST"); a.status != 100 {
		t.Fatalf("got %+v", a)
	}
	a := c.send("abc").receive("POST")
	if a.status != 200 || strings.Contains(a.body, `"expect"`) || !strings.Contains(a.body, `"body":"abc"`) {
		t.Errorf("got %+v", a)
	}
}

func TestPipelinedAndHead(t *testing.T) {
	t.Parallel()
	h := run(t, filter("response_headers add response x-seen 1"))
	c := h.dial().send(get + "HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n" + post + get)
	for i, method := range []string{"GET", "HEAD", "POST", "GET"} {
		a := c.receive(method)
		if a.status != 200 || a.header("x-seen") != "1" || a.err != nil {
			t.Errorf("%d: %+v", i, a)
		}
	}
	a := c.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").receive("GET")
	if a.header("connection") != "close" {
		t.Errorf("got %+v", a)
	}
	if _, err := c.r.ReadByte(); err != io.EOF {
		t.Errorf("the connection goes on: %v", err)
	}
}

func TestBodyLimits(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", bufferLimit+100)
	request := "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + strconv.Itoa(len(big)) + "\r\n\r\n" + big
	up := serveRaw(t, func(c net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		n, _ := io.Copy(io.Discard, req.Body)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nX-Got: "+strconv.FormatInt(n, 10)+"\r\nContent-Length: "+strconv.Itoa(len(big))+"\r\n\r\n"+big)
	})
	tests := map[string]struct {
		status int
		host   []setting
	}{
		"streamed":           {200, []setting{filter()}},
		"request buffered":   {413, []setting{filter("request_body return 1")}},
		"request watermark":  {200, []setting{filter("request_headers return 1", "request_body return 2", "request_body@/never continue 0"), last(literal)}},
		"response buffered":  {500, []setting{filter("response_headers return 1", "response_body return 1"), last(literal)}},
		"response cut":       {0, []setting{filter("response_body return 1")}},
		"request no filters": {200, nil},
	}
	for name, tt := range tests {
		if name == "request watermark" { // it would wait for good
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := run(t, append(tt.host, upstreamAt("http", up))...)
			c := h.dial()
			go io.WriteString(c, request) //nolint:errcheck // the host may close first
			a := c.receive("POST")
			switch {
			case tt.status == 0 && a.err == nil:
				t.Errorf("the body was not cut: %d bytes", len(a.body))
			case tt.status != 0 && (a.status != tt.status || a.err != nil):
				t.Errorf("got %d %v %v", a.status, a.headers, a.err)
			case tt.status == 200 && (a.header("x-got") != strconv.Itoa(len(big)) || a.body != big):
				t.Errorf("got %d bytes, %q", len(a.body), a.headers)
			}
		})
	}
}

// TestStreams holds that a piece of the response reaches the client before the
// next one exists, and the same for the request.
func TestStreams(t *testing.T) {
	t.Parallel()
	step := make(chan string)
	up := serveRaw(t, func(c net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
		b := make([]byte, 100)
		for {
			n, err := req.Body.Read(b)
			if n > 0 {
				step <- string(b[:n])
				io.WriteString(c, "5\r\ndata\n\r\n")
			}
			if err != nil {
				io.WriteString(c, "0\r\n\r\n")
				return
			}
		}
	})
	for name, settings := range map[string][]setting{"plain": nil, "filtered": {filter("request_body info", "response_body info")}} {
		t.Run(name, func(t *testing.T) {
			h := run(t, append(settings, upstreamAt("http", up))...)
			c := h.dial().send("POST /sse HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
			for i := range 3 {
				c.send("2\r\nab\r\n")
				if got := <-step; got != "ab" {
					t.Fatalf("the upstream got %q", got)
				}
				if i == 0 {
					closes := false
					for line := ""; line != "\r\n"; {
						line, _ = c.r.ReadString('\n')
						closes = closes || line == "connection: close\r\n"
					}
					if !closes { // as Envoy does, since the request may never end
						t.Error("an early response keeps the connection")
					}
				}
				if line, err := c.r.ReadString('\n'); line != "5\r\n" {
					t.Fatalf("the client got %q, %v", line, err)
				}
				c.r.ReadString('\n')
				c.r.ReadString('\n')
			}
			c.send("0\r\n\r\n")
			if line, err := c.r.ReadString('\n'); line != "0\r\n" {
				t.Fatalf("the client got %q, %v", line, err)
			}
			c.r.ReadString('\n')
			if e := h.exchange(); e.Status != 200 || e.RequestBytes != 6 || e.ResponseBytes != 15 {
				t.Errorf("reported %+v", e)
			}
			if _, err := c.r.ReadByte(); err != io.EOF {
				t.Errorf("the connection goes on: %v", err)
			}
		})
	}
}

func TestClientGoneMidBody(t *testing.T) {
	t.Parallel()
	gone := make(chan error, 1)
	up := serveRaw(t, func(c net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r)
		if err == nil {
			_, err = io.Copy(io.Discard, req.Body)
		}
		gone <- err
	})
	h := run(t, filter("log log 2 logged"), upstreamAt("http", up))
	c := h.dial().send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc")
	waitFor(t, func() bool { return h.target.stats.rqActive.Load() == 1 })
	c.Close()
	if err := <-gone; err == nil {
		t.Error("the upstream got a whole body")
	}
	e := h.exchange()
	if e.Status != 0 || e.Details != detailsClientGone || !slices.Equal(texts(e), []string{"f1 logged"}) {
		t.Errorf("reported %+v", e)
	}
}

func TestClientGoneWhileUpstreamThinks(t *testing.T) {
	t.Parallel()
	block := make(chan struct{})
	t.Cleanup(func() { close(block) })
	up := serveRaw(t, func(net.Conn, *bufio.Reader) { <-block })
	h := run(t, filter(), upstreamAt("http", up))
	c := h.dial().send(get)
	waitFor(t, func() bool { return h.target.stats.rqActive.Load() == 1 })
	c.Close()
	if e := h.exchange(); e.Details != detailsClientGone || e.Duration > 5*time.Second {
		t.Errorf("reported %+v", e)
	}
}

// waitFor polls a condition.
func waitFor(t testing.TB, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited for too long")
		}
	}
}
