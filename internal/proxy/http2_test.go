package proxy

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// h2Client speaks HTTP/2 with prior knowledge.
func h2Client(t testing.TB) *http.Client {
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &p}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// h2Upstream is an upstream that echoes bodies piece by piece, with trailers.
func h2Server0(t testing.TB) net.Addr {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	s := &http.Server{Protocols: &p, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Grpc-Status")
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("X-Te", r.Header.Get("Te"))
		c := http.NewResponseController(w)
		_ = c.EnableFullDuplex()
		w.WriteHeader(200)
		_ = c.Flush()
		b := make([]byte, 1000)
		for {
			n, err := r.Body.Read(b)
			if n > 0 {
				w.Write(b[:n])
				_ = c.Flush()
			}
			if err != nil {
				break
			}
		}
		w.Header().Set("Grpc-Status", "0")
		w.Header().Set("X-Client", r.Trailer.Get("X-Client"))
		w.Header().Set(http.TrailerPrefix+"X-Client", r.Trailer.Get("X-Client"))
	})}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return l.Addr()
}

// TestHTTP2 is a bidirectional stream with trailers both ways, as gRPC has it.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	h := run(t, filter("request_headers get request te", "request_trailers get request_trailers x-client", "response_trailers add response_trailers x-added 1",
		"response_trailers get response_trailers grpc-status", "log get response_trailers grpc-status"), upstreamAt("h2c", h2Server0(t)))
	pr, pw := io.Pipe()
	req, _ := http.NewRequestWithContext(context.Background(), "POST", "http://"+h.Addr().String()+"/s.S/M", pr)
	req.Header.Set("Content-Type", "application/grpc")
	req.Header.Set("Te", "trailers")
	req.Trailer = http.Header{"X-Client": {"late"}}
	resp, err := h2Client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b := make([]byte, 100)
	for range 3 {
		io.WriteString(pw, "ping")
		if n, err := io.ReadFull(resp.Body, b[:4]); string(b[:n]) != "ping" {
			t.Fatalf("got %q, %v", b[:n], err)
		}
	}
	pw.Close()
	rest, err := io.ReadAll(resp.Body)
	if err != nil || len(rest) != 0 {
		t.Fatalf("got %q, %v", rest, err)
	}
	if resp.ProtoMajor != 2 || resp.Header.Get("X-Te") != "trailers" || resp.Header.Get("Server") != serverName {
		t.Errorf("got %+v", resp)
	}
	if resp.Trailer.Get("Grpc-Status") != "0" || resp.Trailer.Get("X-Client") != "late" || resp.Trailer.Get("X-Added") != "1" {
		t.Errorf("trailers %v", resp.Trailer)
	}
	want := []string{"f1 request_headers get request: 0 trailers", "f1 request_trailers get request_trailers: 0 late", "f1 response_trailers get response_trailers: 0 0", "f1 log get response_trailers: 0 0"}
	if e := h.exchange(); !slices.Equal(texts(e), want) || e.Protocol != "HTTP/2" || e.RequestBytes != 12 {
		t.Errorf("reported %+v", e)
	}
}

func TestHTTP2Cases(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Method", r.Method)
		w.Write(b)
	}))
	t.Cleanup(plain.Close)
	h1 := upstreamAt("http", plain.Listener.Addr())
	tests := map[string]struct {
		host         []setting
		method, sent string
		status       int
		body         string
	}{
		"echo":             {nil, "GET", "", 200, `"path":"/x"`},
		"echo of a body":   {[]setting{filter()}, "POST", "abc", 200, `"body":"abc"`},
		"HTTP/1 upstream":  {[]setting{filter(), h1}, "POST", "abc", 200, "abc"},
		"head":             {[]setting{filter(), h1}, "HEAD", "", 200, ""},
		"local reply":      {[]setting{filter("request_headers reply 403 d no")}, "POST", "abc", 403, "no"},
		"trap":             {[]setting{filter("request_headers trap")}, "GET", "", 503, ""},
		"close":            {[]setting{filter("request_headers close 0")}, "GET", "", 0, ""},
		"response cut":     {[]setting{filter("response_body trap")}, "GET", "", -1, ""},
		"large body":       {[]setting{filter(), h1}, "POST", strings.Repeat("y", 3<<20), 200, strings.Repeat("y", 3<<20)},
		"large to the cap": {[]setting{filter("request_body return 1"), h1}, "POST", strings.Repeat("y", 3<<20), 413, "Payload Too Large"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := run(t, tt.host...)
			var body io.Reader
			if tt.sent != "" {
				body = strings.NewReader(tt.sent)
			}
			req, _ := http.NewRequestWithContext(context.Background(), tt.method, "http://"+h.Addr().String()+"/x", body)
			resp, err := h2Client(t).Do(req)
			if tt.status == 0 {
				if err == nil {
					t.Errorf("got %+v", resp)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			if tt.status < 0 {
				if err == nil {
					t.Errorf("got %q", b)
				}
				return
			}
			if err != nil || resp.StatusCode != tt.status || !strings.Contains(string(b), tt.body) {
				t.Errorf("got %d %.100q %v", resp.StatusCode, b, err)
			}
		})
	}
}
