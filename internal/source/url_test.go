package source_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/progress"
	"github.com/wasmctl/wasmctl/internal/source"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// site serves a module, and what goes wrong with downloads.
func site(t *testing.T, m *wasm.Module) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/filter.wasm", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(m.Bytes()) })
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	mux.Handle("/moved", http.RedirectHandler("/filter.wasm", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(256<<20+1))
		w.WriteHeader(http.StatusOK)
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte("\x00asm"))
	})
	mux.HandleFunc("/silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func TestDownload(t *testing.T) {
	t.Parallel()
	m := module(t, "downloaded")
	server := site(t, m)
	var mu sync.Mutex
	var events []progress.Event
	r := &source.Resolver{Progress: func(e progress.Event) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e)
	}}
	for _, path := range []string{"/filter.wasm", "/moved"} {
		got, err := r.Resolve(t.Context(), server.URL+path+"#sha256="+strings.ToUpper(m.SHA256()))
		if err != nil {
			t.Fatal(err)
		}
		if got.Kind != source.KindURL || !bytes.Equal(got.Module.Bytes(), m.Bytes()) ||
			got.Digest != "sha256:"+m.SHA256() || got.Ref != server.URL+path {
			t.Errorf("%s: source %+v", path, got)
		}
	}
	if first, last := events[0], events[len(events)-1]; first.State != progress.Started || last.State != progress.Done {
		t.Errorf("events %v", events)
	}
	if first := events[0]; first.Total != int64(len(m.Bytes())) {
		t.Errorf("total %d, want %d", first.Total, len(m.Bytes()))
	}
}

func TestDownloadErrors(t *testing.T) {
	t.Parallel()
	m := module(t, "downloaded")
	server := site(t, m)
	sum := m.SHA256()
	page := "40a0ff9d3b1c1bcb8b22c0ee5e5ef03ae5c2b0e1d3c3ad3f3b9d0a7b5b0a8a4e"
	cases := []struct {
		in, text string
		is       error
	}{
		{server.URL + "/none#sha256=" + sum, "404 Not Found", nil},
		{server.URL + "/filter.wasm#sha256=" + strings.Repeat("0", 64), "the file has " + sum, source.ErrDigest},
		{server.URL + "/page#sha256=" + page, "sha256 mismatch", source.ErrDigest},
		{server.URL + "/loop#sha256=" + sum, "more than 10 redirects", nil},
		{server.URL + "/large#sha256=" + sum, "larger than 256 MiB", source.ErrTooLarge},
		{server.URL + "/cut#sha256=" + sum, "unexpected EOF", nil},
		{"http://127.0.0.1:1/x.wasm#sha256=" + sum, "connect", nil},
	}
	for _, c := range cases {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			_, err := (&source.Resolver{}).Resolve(t.Context(), c.in)
			if err == nil || !strings.Contains(err.Error(), c.text) || (c.is != nil && !errors.Is(err, c.is)) {
				t.Fatalf("error %v, want %q and %v", err, c.text, c.is)
			}
			if len(hint.Of(err)) == 0 && c.text != "unexpected EOF" {
				t.Errorf("error %q has no next step", err)
			}
		})
	}
}

func TestDownloadCancelled(t *testing.T) {
	t.Parallel()
	server := site(t, module(t, ""))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := (&source.Resolver{}).Resolve(ctx, server.URL+"/silent#sha256="+strings.Repeat("0", 64))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestRedirectToPlainHTTP(t *testing.T) {
	t.Parallel()
	m := module(t, "")
	plain := site(t, m)
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL+"/filter.wasm", http.StatusFound))
	t.Cleanup(secure.Close)
	r := &source.Resolver{}
	source.TrustFor(r, secure.Client())
	_, err := r.Resolve(t.Context(), secure.URL+"/x#sha256="+m.SHA256())
	if err == nil || !strings.Contains(err.Error(), "redirected from https") {
		t.Errorf("error %v, want a refused redirect", err)
	}
}
