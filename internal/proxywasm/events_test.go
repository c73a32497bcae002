package proxywasm

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// recorder is a PluginHost with one cluster, "up", that writes down what it is
// asked for.
type recorder struct {
	asked  []string
	refuse bool
}

func (r *recorder) note(format string, args ...any) {
	r.asked = append(r.asked, fmt.Sprintf(format, args...))
}

func (r *recorder) take() string {
	asked := strings.Join(r.asked, "\n")
	r.asked = nil
	return asked
}

func (r *recorder) status() Status {
	if r.refuse {
		return StatusInternalFailure
	}
	return StatusOK
}

func (r *recorder) SetTickPeriod(d time.Duration) { r.note("tick %v", d) }
func (r *recorder) QueueReady(queue uint32)       { r.note("queue %d", queue) }
func (r *recorder) HasCluster(name []byte) bool   { return string(name) == "up" }

func (r *recorder) HTTPCall(c HTTPCall) Status {
	trailers := "none"
	if c.Trailers != nil {
		trailers = dump(c.Trailers)
	}
	r.note("http %d %s %s body=%q trailers=%s %v", c.Token, c.Cluster, dump(c.Headers), c.Body, trailers, c.Timeout)
	return r.status()
}

func (r *recorder) GRPCCall(c GRPCCall) Status {
	r.note("grpc %d %s %s/%s %s %q %v", c.Token, c.Cluster, c.Service, c.Method, dump(c.Metadata), c.Message, c.Timeout)
	return r.status()
}

func (r *recorder) GRPCStream(c GRPCCall) Status {
	r.note("stream %d %s %s/%s %s", c.Token, c.Cluster, c.Service, c.Method, dump(c.Metadata))
	return r.status()
}

func (r *recorder) GRPCSend(token uint32, message []byte, end bool) {
	r.note("send %d %q %v", token, message, end)
}
func (r *recorder) GRPCEnd(token uint32)    { r.note("end %d", token) }
func (r *recorder) GRPCCancel(token uint32) { r.note("cancel %d", token) }

// startRecorded runs a script with a recorder.
func startRecorded(t *testing.T, lines ...string) (*filter, *recorder) {
	t.Helper()
	r := &recorder{}
	f := startWith(t, PluginConfig{Configuration: []byte(strings.Join(lines, "\n")), Host: r})
	return f, r
}

func (f *filter) event(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func TestTick(t *testing.T) {
	t.Parallel()
	f, r := startRecorded(t, "configure period 1500", "tick info", "tick get request x", "context effective 1", "context period 0")
	f.event(f.OnTick())
	f.wantLogs("configure period 1500: 0", "tick info: 1 0 0", "tick get request: 2 ")
	_ = f.stream(newHost())
	if got := r.take(); got != "tick 1.5s\ntick 0s" {
		t.Errorf("asked for %q", got)
	}
}

func TestHTTPCall(t *testing.T) {
	t.Parallel()
	f, r := startRecorded(t,
		"configure callheader x-a 1", "configure calltrailer x-t 2", "configure call up 250 POST host /path body",
		"configure call up 0 GET host /second ",
		"configure call down 0 GET host / ",
		"configure call up -1 GET host / ",
		"configure barecall up 1 ",
		"http_response info", "http_response status", "http_response pairs 6", "http_response pairs 7",
		"http_response body 4 0 99", "http_response setbody 4 0 0 x", "http_response add 6 a b")
	f.wantLogs("configure call up: 0 4", "configure call up: 0 8", "configure call down: 2 0", "configure call up: 2 0", "configure barecall up: 2 0")
	want := "http 4 up :method=POST|:authority=host|:path=/path|x-a=1 body=\"body\" trailers=x-t=2 250ms\n" +
		"http 8 up :method=GET|:authority=host|:path=/second body=\"\" trailers=none 0s"
	if got := r.take(); got != want {
		t.Errorf("asked for\n%s\nwant\n%s", got, want)
	}
	headers, trailers := NewHeaderMap(ResponseHeaders), NewHeaderMap(ResponseTrailers)
	headers.AddString(":status", "200")
	trailers.AddString("x-t", "1")
	f.event(f.OnHTTPCallResponse(4, HTTPResponse{Headers: headers, Body: []byte("hello"), Trailers: trailers}))
	f.wantLogs("http_response info: 1 4 1 5 1", "http_response status: 0 0 0", "http_response pairs 6: 0 :status=200",
		"http_response pairs 7: 0 x-t=1", "http_response body 4: 0 hello", "http_response setbody 4: 2", "http_response add 6: 2")
	f.event(f.OnHTTPCallResponse(8, HTTPResponse{Body: []byte("lost")}))
	f.wantLogs("http_response info: 1 8 0", "http_response status: 0 11 5 reset", "http_response pairs 6: 0 ",
		"http_response pairs 7: 0 ", "http_response body 4: 1 ", "http_response setbody 4: 1", "http_response add 6: 2")
	f.event(f.OnHTTPCallResponse(8, HTTPResponse{Headers: headers}))
	f.wantLogs("http_response info: 1 8 1", "http_response status: 0 11 0", "http_response pairs 6: 0 :status=200",
		"http_response pairs 7: 0 ", "http_response body 4: 0 ", "http_response setbody 4: 2", "http_response add 6: 2")
}

func TestHTTPCallRefused(t *testing.T) {
	t.Parallel()
	f, r := startRecorded(t, "context call up 0 GET host / ")
	r.refuse = true
	_ = f.stream(newHost())
	r.refuse = false
	_ = f.stream(newHost())
	f.wantLogs("context call up: 10 0", "context call up: 0 8")
}

func TestGRPC(t *testing.T) {
	t.Parallel()
	f, r := startRecorded(t,
		"configure callheader x-m 1", "configure grpc up 250 pkg.S Do message", "configure stream up pkg.S Talk", "configure keep s",
		"configure grpc \\x0a\\x04\\x0a\\x02up 0 pkg.S Do x", "configure grpc \\x0a\\x06\\x0a\\x04none 0 pkg.S Do x", "configure grpc none 0 pkg.S Do x",
		"configure send $s 0 a", "configure send 5 0 a", "configure send 99 0 a", "configure send 98 0 a", "configure end 4", "configure cancel 4",
		"grpc_initial pairs 4", "grpc_trailing pairs 5", "grpc_message body 5 0 9", "grpc_message setbody 5 0 1 yes", "grpc_message body 5 0 9",
		"grpc_close info", "grpc_close status", "grpc_close send $1 1 b", "grpc_close end $1", "grpc_close send $1 1 c",
		"tick cancel 9", "tick cancel 9")
	f.wantLogs("configure grpc up: 0 5", "configure stream up: 0 6", `configure grpc \x0a\x04\x0a\x02up: 0 9`,
		`configure grpc \x0a\x06\x0a\x04none: 10 9`, "configure grpc none: 4 9",
		"configure send $s: 0", "configure send 5: 2", "configure send 99: 2", "configure send 98: 1", "configure end 4: 2", "configure cancel 4: 2")
	want := "grpc 5 up pkg.S/Do x-m=1 \"message\" 250ms\nstream 6 up pkg.S/Talk \ngrpc 9 up pkg.S/Do  \"x\" 0s\nsend 6 \"a\" false"
	if got := r.take(); got != want {
		t.Errorf("asked for\n%s\nwant\n%s", got, want)
	}
	m := NewHeaderMap(ResponseHeaders)
	m.AddString("x-i", "1")
	f.event(f.OnGRPCInitialMetadata(6, m))
	f.event(f.OnGRPCMessage(6, []byte("no")))
	f.event(f.OnGRPCTrailingMetadata(6, m))
	f.event(f.OnGRPCClose(6, 7, "denied"))
	f.wantLogs("grpc_initial pairs 4: 0 x-i=1", "grpc_message body 5: 0 no", "grpc_message body 5: 0 yeso", "grpc_trailing pairs 5: 0 x-i=1",
		"grpc_close info: 1 6 7", "grpc_close status: 0 7 6 denied", "grpc_close send $1: 0", "grpc_close end $1: 0", "grpc_close send $1: 1")
	f.event(f.OnGRPCMessage(5, nil))
	f.event(f.OnGRPCMessage(5, nil)) // the call is over
	f.event(f.OnTick())
	f.event(f.OnGRPCClose(9, 0, "")) // it was cancelled
	f.wantLogs("grpc_message body 5: 0 ", "grpc_message body 5: 0 yes", "tick cancel 9: 0", "tick cancel 9: 1")
	if got := r.take(); got != "send 6 \"b\" true\ncancel 6\ncancel 9" {
		t.Errorf("asked for\n%s", got)
	}
}

// TestReplyFromAnEvent holds that the answer to a call can act on a stream, and
// that the next callback of that stream is not taken for stopped.
func TestReplyFromAnEvent(t *testing.T) {
	t.Parallel()
	f, _ := startRecorded(t, "request_headers return 1", "http_response effective 2", "http_response get request :path",
		"http_response get 6 :status", "http_response reply 403 no denied", "http_response continue 0")
	h := newHost()
	s := f.stream(h)
	if status, err := s.OnRequestHeaders(true); status != HeadersStopAllIterationAndWatermark || err != nil {
		t.Fatal(status, err)
	}
	headers := NewHeaderMap(ResponseHeaders)
	headers.AddString(":status", "200")
	f.event(f.OnHTTPCallResponse(4, HTTPResponse{Headers: headers}))
	f.wantLogs("http_response effective 2: 0", "http_response get request: 0 /path", "http_response get 6: 0 200",
		"http_response reply 403: 0", "http_response continue 0: 0")
	if len(h.replies) != 1 || len(h.acts) != 1 {
		t.Errorf("replies %q, acts %q", h.replies, h.acts)
	}
	h.setMap(ResponseHeaders, ":status", "403")
	if status, err := s.OnResponseHeaders(true); status != HeadersContinue || err != nil {
		t.Error(status, err)
	}
}

func TestClusterOfService(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"":                                       "no",
		"up":                                     "no",
		"h2":                                     "no", // a message without a target, on which Envoy ends itself
		"\x0a\x04\x0a\x02up":                     "up",
		"\x0a\x04\x0a\x02up\x12\x00":             "up",
		"\x0a\x00":                               "",
		"\x0a\x09\x0a\x02up":                     "no",
		"\x0a\x04\x0a\x09up":                     "no",
		"\x12\x02\x0a\x00":                       "no",
		"\x0a\x04\x0a\x02up\xff":                 "no",
		"\x15\x01\x02\x03\x04\x0a\x04\x0a\x02up": "up",
		"\x19\x01\x02\x03":                       "no",
	} {
		got, ok := clusterOfService([]byte(message))
		if (want == "no") == ok || (ok && string(got) != want) {
			t.Errorf("%q: %q %v, want %q", message, got, ok, want)
		}
	}
}

// FuzzClusterOfService holds that no bytes make the reader fail.
func FuzzClusterOfService(f *testing.F) {
	f.Add([]byte("\x0a\x04\x0a\x02up\x12\x00"))
	f.Add([]byte("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"))
	f.Fuzz(func(_ *testing.T, b []byte) { clusterOfService(b) })
}

func TestForeign(t *testing.T) {
	t.Parallel()
	text := []byte(strings.Repeat("hello ", 1000))
	packed, status := compress(text)
	if status != StatusOK || len(packed) > 100 {
		t.Fatalf("%d bytes, %v", len(packed), status)
	}
	if got, status := uncompress(packed); status != StatusOK || string(got) != string(text) {
		t.Errorf("%d bytes, %v", len(got), status)
	}
	bomb, _ := compress(make([]byte, maxUncompressed+1))
	for _, bad := range [][]byte{nil, []byte("garbage"), packed[:len(packed)-1], bomb} {
		if got, status := uncompress(bad); status != StatusSerializationFailure || got != nil {
			t.Errorf("%d bytes, %v", len(got), status)
		}
	}
	f := startScript(t, "configure foreign none x", "configure foreign uncompress x", "configure foreign clear_route_cache x")
	f.wantLogs("configure foreign none: 1 ", "configure foreign uncompress: 3 ", "configure foreign clear_route_cache: 0 ")
}

func TestEndAndDone(t *testing.T) {
	t.Parallel()
	f := startScript(t, "root_done return 0", "tick finish", "root_done info", "root_delete info")
	if done, err := f.End(); done || err != nil || f.Ended() {
		t.Errorf("done %v, %v", done, err)
	}
	f.event(f.OnTick())
	if done, err := f.End(); !done || err != nil || !f.Ended() {
		t.Errorf("done %v, %v", done, err)
	}
	f.event(f.Close(t.Context()))
	f.wantLogs("root_done info: 1 0 0", "tick finish: 0", "root_delete info: 1 0 0")
}
