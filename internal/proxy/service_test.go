package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/chain"
)

// service is what filters call over HTTP/1.1. The path says how it answers.
type service struct {
	addr net.Addr
	mu   sync.Mutex
	seen []string
}

func startService(t testing.TB) *service {
	t.Helper()
	s := &service{}
	s.addr = serveRaw(t, func(c net.Conn, r *bufio.Reader) {
		for s.answer(c, r) {
		}
	})
	return s
}

// requests returns the requests so far, as they came, and forgets them.
func (s *service) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

// answer handles one request and tells whether the connection goes on.
func (s *service) answer(c net.Conn, r *bufio.Reader) bool {
	head, body, err := readRaw(r)
	if err != nil {
		return false
	}
	s.mu.Lock()
	s.seen = append(s.seen, head+body)
	s.mu.Unlock()
	target := "/" + strings.TrimPrefix(strings.Fields(head)[1], "/")
	path, argument, _ := strings.Cut(target, "?")
	switch path, _, _ = strings.Cut(path[1:], "/"); "/" + path {
	case "/silent":
		_, _ = r.ReadByte() // until the caller has had enough
		return false
	case "/stalled":
		io.WriteString(c, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello")
		_, _ = r.ReadByte()
		return false
	case "/cut":
		io.WriteString(c, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello")
		return false
	case "/hang-up":
		return false
	case "/garbage":
		io.WriteString(c, "nonsense\r\n\r\n")
		return false
	case "/late":
		time.Sleep(100 * time.Millisecond)
	case "/big":
		var size int
		_, _ = fmt.Sscan(argument, &size)
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n", size)
		_, _ = io.CopyN(c, zeros{}, int64(size))
		return true
	}
	fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nX-Up: 1\r\nx-up: 2\r\ntransfer-encoding: chunked\r\n\r\n%x\r\nfor %s\r\n0\r\nx-trailer: 1\r\n\r\n", 4+len(target), target)
	return true
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// readRaw reads a request as it is on the wire.
func readRaw(r *bufio.Reader) (head, body string, err error) {
	var b strings.Builder
	length := 0
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "", "", err
		}
		b.WriteString(line)
		if value, ok := strings.CutPrefix(strings.ToLower(line), "content-length:"); ok {
			_, _ = fmt.Sscan(value, &length)
		}
		if line == "\r\n" {
			break
		}
	}
	if strings.Contains(b.String(), "transfer-encoding: chunked\r\n") {
		request, err := http.ReadRequest(bufio.NewReader(io.MultiReader(strings.NewReader(b.String()), r)))
		if err != nil {
			return "", "", err
		}
		content, err := io.ReadAll(request.Body)
		return b.String(), string(content), err
	}
	content := make([]byte, length)
	_, err = io.ReadFull(r, content)
	return b.String(), string(content), err
}

// withCluster adds a service that filters can call.
func withCluster(name, scheme, address string) setting {
	return func(o *Options) {
		o.Chain.Clusters = append(o.Chain.Clusters, chain.Cluster{Name: name, URL: &url.URL{Scheme: scheme, Host: address}})
	}
}

// closedPort is an address where nobody listens.
const closedPort = "127.0.0.1:1"
