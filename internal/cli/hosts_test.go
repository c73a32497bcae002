package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wasmctl/wasmctl/internal/cli"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/ui"
)

// exchanges are requests, as they go over the wire, on which the embedded host
// and a real Envoy with the same filters must agree.
var exchanges = map[string]string{
	"plain":           "GET /a?b=c HTTP/1.1\r\nHost: shop.example\r\n\r\n",
	"rewritten":       "GET /old/7 HTTP/1.1\r\nHost: shop.example\r\n\r\n",
	"repeats":         "GET / HTTP/1.1\r\nHost: h\r\nX-Many: 1\r\nx-many: 2\r\nAccept: */*\r\n\r\n",
	"removed, set":    "GET / HTTP/1.1\r\nHost: h\r\nX-Secret: s\r\nUser-Agent: u\r\n\r\n",
	"hop by hop":      "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\nTE: gzip\r\n\r\n",
	"body":            "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello",
	"empty body":      "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
	"chunked":         "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
	"trailers":        "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Trailer: 1\r\n\r\n",
	"head":            "HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n",
	"absolute target": "GET http://other.example/p HTTP/1.1\r\nHost: h\r\n\r\n",
	"204":             "GET /status/204 HTTP/1.1\r\nHost: h\r\n\r\n",
	"304":             "GET /status/304 HTTP/1.1\r\nHost: h\r\n\r\n",
	"404":             "GET /status/404 HTTP/1.1\r\nHost: h\r\n\r\n",
	"no upstream":     "GET /hang-up HTTP/1.1\r\nHost: h\r\n\r\n",
	"HTTP/1.0":        "GET / HTTP/1.0\r\nHost: h\r\n\r\n",
	"length twice":    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
	"smuggled":        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"no host":         "GET / HTTP/1.1\r\n\r\n",
	"garbage":         "GARBAGE\r\n\r\n",
}

// TestHostsAgree sends the same requests through the same filters on the
// embedded host and on a real Envoy, and compares what the upstream saw and
// what the client got.
func TestHostsAgree(t *testing.T) {
	t.Parallel()
	envoy := testkit.Need(t, testkit.Envoy)
	chainFile := differentialChain(t)
	embedded := startHost(t, "run", "-f", chainFile, "-o", "json")
	real := startHost(t, "deploy", "envoy", "-f", chainFile, "-o", "json", "--via", "binary", "--envoy-path", envoy, "--name", "hosts-agree")
	for name, request := range exchanges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, got := exchangeWith(t, real, request), exchangeWith(t, embedded, request)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the hosts differ (-Envoy +embedded):\n%s", diff)
			}
		})
	}
}

// differentialChain writes a chain of two scaffolded filters in front of an
// upstream that tells what it saw.
func differentialChain(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, template := range map[string]string{"headers": "http-headers", "rewrite": "path-rewrite"} {
		runCommand(t, "init", filepath.Join(dir, name), "--template", template, "--yes", "-q")
	}
	upstream := httptest.NewServer(http.HandlerFunc(tell))
	t.Cleanup(upstream.Close)
	text := fmt.Sprintf(`
listen: 127.0.0.1:0
admin: 127.0.0.1:0
upstream: %s
filters:
  - source: ./headers
    config:
      request:
        remove: [x-secret]
        set: [{name: user-agent, value: filter}]
        add: [{name: x-many, value: "3"}]
      response:
        remove: [x-upstream]
        set: [{name: x-set, value: "1"}]
        add: [{name: x-added, value: "2"}]
  - source: ./rewrite
    config: {rewrites: [{regex_match: ^/old/, custom_path: /new}]}
`, upstream.URL)
	path := filepath.Join(dir, "chain.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// tell answers with the request it got, or as the path says.
func tell(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Upstream", "1")
	var status int
	if n, _ := fmt.Sscanf(r.URL.Path, "/status/%d", &status); n == 1 {
		w.WriteHeader(status)
		return
	}
	if r.URL.Path == "/hang-up" {
		panic(http.ErrAbortHandler)
	}
	body, _ := io.ReadAll(r.Body)
	r.Header.Del("X-Request-Id") // a new one each time
	seen := map[string]any{"method": r.Method, "target": r.RequestURI, "host": r.Host, "headers": r.Header, "body": string(body)}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(seen)
}

// startHost runs a command that serves until the test ends and returns its address.
func startHost(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	var errors bytes.Buffer
	done := make(chan int, 1)
	go func() {
		done <- cli.Run(ctx, ui.Streams{In: strings.NewReader(""), Out: in, Err: &errors}, args)
		_ = in.Close()
	}()
	t.Cleanup(func() {
		stop()
		go func() { _, _ = io.Copy(io.Discard, out) }()
		select {
		case <-done:
		case <-time.After(30 * time.Second):
			t.Errorf("%v does not end", args)
		}
	})
	var ready struct{ Listen string }
	if err := json.NewDecoder(out).Decode(&ready); err != nil || ready.Listen == "" {
		t.Fatalf("%v: %v\n%s", args, err, errors.String())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return ready.Listen
}

func runCommand(t *testing.T, args ...string) {
	t.Helper()
	var out bytes.Buffer
	if code := cli.Run(t.Context(), ui.Streams{In: strings.NewReader(""), Out: &out, Err: &out}, args); code != 0 {
		t.Fatalf("%v ended with %d: %s", args, code, out.String())
	}
}

// exchangeWith sends the request as it is and describes the response: status,
// headers in their order, body.
func exchangeWith(t *testing.T, address, request string) []string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	response, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		return []string{"no response"}
	}
	body, err := io.ReadAll(response.Body)
	seen := []string{response.Status, fmt.Sprint("close: ", response.Close), fmt.Sprint("body error: ", err)}
	for name, values := range response.Header {
		if !slices.Contains([]string{"Date", "Server", "X-Envoy-Upstream-Service-Time"}, name) {
			seen = append(seen, fmt.Sprintf("%s: %q", name, values))
		}
	}
	slices.Sort(seen[3:])
	return append(seen, strings.ReplaceAll(string(body), address, "ADDRESS"))
}
