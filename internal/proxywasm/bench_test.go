package proxywasm

import (
	"context"
	"testing"

	"github.com/wasmctl/wasmctl/internal/testkit"
)

// benchmarkRequest runs the calls of one exchange: context_create,
// request_headers, response_headers, log, done, delete.
func benchmarkRequest(b *testing.B, p *Plugin) {
	b.Helper()
	h := &benchHost{request: NewHeaderMap(RequestHeaders), response: NewHeaderMap(ResponseHeaders)}
	b.ReportAllocs()
	for b.Loop() {
		h.fill()
		s, err := p.NewStream(h)
		if err != nil {
			b.Fatal(err)
		}
		_, err = s.OnRequestHeaders(true)
		_, err2 := s.OnResponseHeaders(true)
		if err != nil || err2 != nil || s.OnLog() != nil || s.OnDone() != nil || s.OnDelete() != nil {
			b.Fatal(err, err2)
		}
	}
}

func BenchmarkRequestGoFilter(b *testing.B) {
	p, err := startGo(b, PluginConfig{Name: "go"})
	if err != nil {
		b.Fatal(err)
	}
	benchmarkRequest(b, p)
}

func BenchmarkRequestGoFilterAllHeaders(b *testing.B) {
	p, err := startGo(b, PluginConfig{Name: "go", Configuration: []byte("all"), LogLevel: LogError})
	if err != nil {
		b.Fatal(err)
	}
	benchmarkRequest(b, p)
}

func BenchmarkRequestScript(b *testing.B) {
	f := startWith(b, PluginConfig{
		Log:           func(LogLine) {},
		LogLevel:      LogError,
		Configuration: []byte("request_headers add request x-a b\nresponse_headers add response x-filter c"),
	})
	benchmarkRequest(b, f.Plugin)
}

func BenchmarkHeaderMap(b *testing.B) {
	h := &benchHost{request: NewHeaderMap(RequestHeaders), response: NewHeaderMap(ResponseHeaders)}
	b.ReportAllocs()
	for b.Loop() {
		h.fill()
	}
}

func BenchmarkCompileGoFilter(b *testing.B) {
	benchmarkCompile(b, false)
}

func BenchmarkCompileGoFilterCached(b *testing.B) {
	benchmarkCompile(b, true)
}

func benchmarkCompile(b *testing.B, cached bool) {
	b.Helper()
	testkit.Need(b, testkit.Go)
	m, err := goFilter()
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	dir := b.TempDir()
	for i := 0; b.Loop(); i++ {
		if !cached {
			dir = b.TempDir()
		}
		e, err := NewEngine(EngineOptions{CacheDir: dir})
		if err != nil {
			b.Fatal(err)
		}
		p, err := e.Compile(ctx, m)
		if err != nil || (i > 0 && p.Cached() != cached) {
			b.Fatal(err, p.Cached())
		}
		plugin, err := p.NewPlugin(ctx, PluginConfig{})
		if err != nil {
			b.Fatal(err)
		}
		if err := plugin.Close(ctx); err != nil {
			b.Fatal(err)
		}
		if err := e.Close(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// benchHost is a data plane with the headers of a common request.
type benchHost struct{ request, response *HeaderMap }

func (h *benchHost) fill() {
	h.request.Reset(RequestHeaders)
	for _, pair := range [...][2]string{
		{":authority", "127.0.0.1:10000"},
		{":path", "/api/v1/items?page=2"},
		{":method", "GET"},
		{":scheme", "http"},
		{"user-agent", "curl/8.0"},
		{"accept", "*/*"},
		{"accept-encoding", "gzip"},
		{"cookie", "session=0123456789abcdef"},
		{"x-forwarded-proto", "http"},
		{"x-request-id", "5a4cd7b2-5a4c-4cd7-8b25-a4cd7b25a4cd"},
	} {
		h.request.AddString(pair[0], pair[1])
	}
	h.response.Reset(ResponseHeaders)
	for _, pair := range [...][2]string{
		{":status", "200"}, {"content-type", "application/json"}, {"content-length", "512"}, {"server", "echo"}, {"date", "now"},
	} {
		h.response.AddString(pair[0], pair[1])
	}
}

func (h *benchHost) HeaderMap(t MapType) *HeaderMap {
	switch t {
	case RequestHeaders:
		return h.request
	case ResponseHeaders:
		return h.response
	}
	return nil
}

func (*benchHost) Body(BufferType) *Buffer         { return nil }
func (*benchHost) SendLocalResponse(LocalResponse) {}
func (*benchHost) ContinueStream(StreamType)       {}
func (*benchHost) CloseStream(StreamType)          {}

func (*benchHost) Property(dst, _ []byte) ([]byte, Status) { return dst, StatusNotFound }
func (*benchHost) SetProperty(_, _ []byte) Status          { return StatusOK }
