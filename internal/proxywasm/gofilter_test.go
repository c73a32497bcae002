package proxywasm

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/testkit"
)

func startGo(t testing.TB, c PluginConfig) (*Plugin, error) {
	t.Helper()
	testkit.Need(t, testkit.Go)
	p, err := compile(t, goFilter).NewPlugin(context.Background(), c)
	if err == nil {
		t.Cleanup(func() { _ = p.Close(context.Background()) })
	}
	return p, err
}

func TestGoFilter(t *testing.T) {
	t.Parallel()
	var logs []string
	p, err := startGo(t, PluginConfig{
		Name: "go", Configuration: []byte("all"), LogLevel: LogInfo,
		Log: func(l LogLine) { logs = append(logs, l.Text) },
	})
	if err != nil {
		t.Fatal(err)
	}
	h := newHost()
	s, err := p.NewStream(h)
	if err != nil {
		t.Fatal(err)
	}
	if status, err := s.OnRequestHeaders(true); status != HeadersContinue || err != nil {
		t.Fatal(status, err)
	}
	h.setMap(ResponseHeaders, ":status", "200", "server", "echo")
	if status, err := s.OnResponseHeaders(true); status != HeadersContinue || err != nil {
		t.Fatal(status, err)
	}
	if got := dump(h.maps[RequestHeaders]); got != ":authority=example.com|:path=/path|:method=GET|x-seen-path=/path|user-agent=gofilter" {
		t.Error(got)
	}
	if got := dump(h.maps[ResponseHeaders]); got != ":status=200|x-filter=go" {
		t.Error(got)
	}
	if strings.Join(logs, "|") != "5 headers" {
		t.Error(logs)
	}
	if err := errors.Join(s.OnLog(), s.OnDone(), s.OnDelete()); err != nil {
		t.Error(err)
	}
}

func TestGoFilterFails(t *testing.T) {
	t.Parallel()
	_, err := startGo(t, PluginConfig{Name: "go", Configuration: []byte("refuse")})
	var start *StartError
	if !errors.As(err, &start) || start.Phase != PhaseConfigure || start.Trap != nil ||
		!strings.Contains(err.Error(), "critical: the mode is refuse") {
		t.Errorf("refuse: %v", err)
	}
	_, err = startGo(t, PluginConfig{Name: "go", Configuration: []byte("panic")})
	var trap *TrapError
	if !errors.As(err, &trap) || trap.Summary() != "panic: the mode is panic" || !strings.Contains(err.Error(), "OnPluginStart") {
		t.Errorf("panic: %v", err)
	}
	p, err := startGo(t, PluginConfig{Name: "go", Configuration: []byte("panic-in-request")})
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.NewStream(newHost())
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.OnRequestHeaders(true); !errors.As(err, &trap) || trap.Summary() != "panic: no more requests" {
		t.Errorf("panic in a request: %v", err)
	}
}
