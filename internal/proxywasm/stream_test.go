package proxywasm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestHeaderFunctions(t *testing.T) {
	t.Parallel()
	f := startScript(t,
		"request_headers info",
		"request_headers pairs request",
		"request_headers get request Host",
		"request_headers get request none",
		"request_headers get response x",
		"request_headers get 8 x",
		"request_headers get 5 x",
		"request_headers pairs response",
		"request_headers pairs 8",
		"request_headers size request",
		"request_headers size response",
		"request_headers add request X-New 1",
		"request_headers add request x-new 2",
		"request_headers replace request user-agent me",
		"request_headers remove request :method",
		"request_headers add response x y",
		"request_headers pairs request",
		"request_headers setpairs request :path=/new A=1 a=2",
		"request_headers pairs request",
		"request_headers setraw request nonsense",
		"request_headers pairs request",
		"request_headers setpairs 2 a=b",
	)
	h := newHost()
	s := f.stream(h)
	if status, err := s.OnRequestHeaders(true); err != nil || status != HeadersContinue {
		t.Fatal(status, err)
	}
	f.wantLogs(
		"request_headers info: 2 4 1",
		"request_headers pairs request: 0 :authority=example.com|:path=/path|:method=GET|user-agent=test",
		"request_headers get request: 0 example.com",
		"request_headers get request: 1 ",
		"request_headers get response: 2 ",
		"request_headers get 8: 2 ",
		"request_headers get 5: 2 ",
		"request_headers pairs response: 0 ",
		"request_headers pairs 8: 2 ",
		"request_headers size request: 0 55",
		"request_headers size response: 2 0",
		"request_headers add response: 2",
		"request_headers pairs request: 0 :authority=example.com|:path=/path|x-new=1|x-new=2|user-agent=me",
		"request_headers pairs request: 0 :path=/new|a=1|a=2",
		"request_headers setraw request: 0",
		"request_headers pairs request: 0 ",
		"request_headers setpairs 2: 2",
	)
}

func TestBufferFunctions(t *testing.T) {
	t.Parallel()
	f := startScript(t,
		"request_headers body 0 0 9",
		"request_headers body 4 0 9",
		"request_headers body 5 0 9",
		"request_headers body 6 0 9",
		"request_headers body 7 0 9",
		"request_headers body 8 0 9",
		"request_headers body 9 0 9",
		"request_headers setbody 0 0 0 x",
		"request_headers setbody 4 0 0 x",
		"request_headers setbody 6 0 0 x",
		"request_headers setbody 9 0 0 x",
		"request_body info",
		"request_body body 0 1 3",
		"request_body body 0 4 -1",
		"request_body body 0 99 1",
		"request_body bufstatus 0",
		"request_body setbody 0 2 1 x",
		"request_body setbody 0 0 2 XY",
		"request_body setbody 0 99 0 !",
	)
	h := newHost()
	s := f.stream(h)
	_, _ = s.OnRequestHeaders(false)
	b := h.setBody(RequestBody, "hello")
	if status, err := s.OnRequestBody(5, true); err != nil || status != DataContinue {
		t.Fatal(status, err)
	}
	if string(b.Bytes()) != "XYllo!" {
		t.Errorf("body %q", b.Bytes())
	}
	f.wantLogs(
		"request_headers body 0: 0 ",
		"request_headers body 4: 1 ",
		"request_headers body 5: 0 ",
		"request_headers body 6: 0 ",
		"request_headers body 7: 1 ",
		"request_headers body 8: 0 ",
		"request_headers body 9: 2 ",
		"request_headers setbody 0: 2",
		"request_headers setbody 4: 1",
		"request_headers setbody 6: 2",
		"request_headers setbody 9: 2",
		"request_body info: 2 5 1",
		"request_body body 0: 0 ell",
		"request_body body 0: 0 o",
		"request_body body 0: 0 ",
		"request_body bufstatus 0: 0 5 0",
		"request_body setbody 0: 2",
	)
}

// TestStatuses has Envoy's conversion of what callbacks return.
func TestStatuses(t *testing.T) {
	t.Parallel()
	const watermark = HeadersStopAllIterationAndWatermark
	headers := map[int][2]HeadersStatus{ // without and with AllowOnHeadersStopIteration
		0:  {HeadersContinue, HeadersContinue},
		1:  {watermark, HeadersStopIteration},
		2:  {HeadersContinue, HeadersContinue},
		3:  {HeadersStopAllIterationAndBuffer, HeadersStopAllIterationAndBuffer},
		4:  {watermark, watermark},
		5:  {watermark, watermark},
		-1: {watermark, watermark},
	}
	for returned, want := range headers {
		for i, allow := range []bool{false, true} {
			config := fmt.Sprintf("request_headers return %d\nresponse_headers return %d", returned, returned)
			f := startWith(t, PluginConfig{Configuration: []byte(config), AllowOnHeadersStopIteration: allow})
			s := f.stream(newHost())
			request, err := s.OnRequestHeaders(false)
			response, err2 := s.OnResponseHeaders(false)
			if request != want[i] || response != want[i] || err != nil || err2 != nil {
				t.Errorf("%d, allow %v: got %d and %d, want %d, %v %v", returned, allow, request, response, want[i], err, err2)
			}
		}
	}
	for returned, want := range map[int]DataStatus{0: 0, 1: 1, 2: 2, 3: 3, 4: 3, -1: 3} {
		s := startScript(t, fmt.Sprint("response_body return ", returned)).stream(newHost())
		if got, err := s.OnResponseBody(0, true); got != want || err != nil {
			t.Errorf("body %d: got %d, %v", returned, got, err)
		}
	}
	for returned, want := range map[int]TrailersStatus{0: 0, 1: 1, 2: 1} {
		s := startScript(t, fmt.Sprint("response_trailers return ", returned)).stream(newHost())
		if got, err := s.OnResponseTrailers(); got != want || err != nil {
			t.Errorf("trailers %d: got %d, %v", returned, got, err)
		}
	}
}

func TestLocalResponse(t *testing.T) {
	t.Parallel()
	f := startScript(t,
		"request_headers replyheader X-Why because",
		"request_headers reply 403 no\\sway body\\ntext",
		"request_body grpcreply 200 7 denied",
		"request_trailers grpcreply 200 17 denied",
		"response_headers reply 500",
		"log reply 500",
		"configure reply 500",
	)
	h := newHost()
	s := f.stream(h)
	status, _ := s.OnRequestHeaders(false)
	data, _ := s.OnRequestBody(0, true)
	trailers, _ := s.OnRequestTrailers()
	response, _ := s.OnResponseHeaders(true)
	_ = s.OnLog()
	if status != HeadersStopAllIterationAndWatermark || data != DataStopIterationNoBuffer ||
		trailers != TrailersStopIteration || response != HeadersStopAllIterationAndWatermark {
		t.Error(status, data, trailers, response)
	}
	want := []string{
		`403 details="no way" body="body\ntext" headers=x-why=because grpc=-1`,
		`200 details="" body="denied" headers= grpc=7`,
		`200 details="" body="denied" headers= grpc=-1`,
		`500 details="" body="" headers= grpc=-1`,
	}
	if !slices.Equal(h.replies, want) {
		t.Errorf("replies:\n%s", strings.Join(h.replies, "\n"))
	}
	// The reply is answered by one callback; the next one counts again.
	if status, _ := startScript(t).stream(newHost()).OnRequestHeaders(true); status != HeadersContinue {
		t.Error(status)
	}
}

func TestLocalResponseInContextCreate(t *testing.T) {
	t.Parallel()
	f := startScript(t, "context reply 401", "context get request :path", "context body 7 0 9", "request_headers info")
	h := newHost()
	s := f.stream(h)
	status, err := s.OnRequestHeaders(true)
	if len(h.replies) != 1 || status != HeadersStopAllIterationAndWatermark || err != nil {
		t.Error(h.replies, status, err)
	}
	f.wantLogs("context reply 401: 0", "context get request: 2 ", "context body 7: 1 ", "request_headers info: 2 4 1")
}

func TestStreamActions(t *testing.T) {
	t.Parallel()
	f := startScript(t,
		"request_headers continue 0", "request_headers continue 1", "request_headers continue 2",
		"request_headers continue 3", "request_headers continue 4", "request_headers close 0",
		"log continue 0", "configure continue 0",
	)
	h := newHost()
	s := f.stream(h)
	_, _ = s.OnRequestHeaders(true)
	_ = s.OnLog()
	f.wantLogs("configure continue 0: 0",
		"request_headers continue 0: 0", "request_headers continue 1: 0", "request_headers continue 2: 0",
		"request_headers continue 3: 12", "request_headers continue 4: 2", "request_headers close 0: 0", "log continue 0: 0")
	if got := strings.Join(h.acts, ", "); got != "continue 0, continue 1, close 0" {
		t.Error(got)
	}
}

func TestProperties(t *testing.T) {
	t.Parallel()
	f := startWith(t, PluginConfig{
		Name: "me",
		Property: func(dst, path []byte) ([]byte, Status) {
			return append(append(dst, "root:"...), path...), StatusOK
		},
		Configuration: []byte(strings.Join([]string{
			"configure property xds",
			"request_headers property request.path",
			"request_headers property request.path\\0",
			"request_headers property plugin_name",
			"request_headers property plugin_vm_id",
			"request_headers property none",
			"request_headers property ",
			"request_headers setproperty a.b 1",
			"request_headers property a.b",
			"request_headers number size",
			"done number size",
		}, "\n")),
	})
	h := newHost()
	h.properties["size"] = "\x01\x02\x00\x00\x00\x00\x00\x00"
	s := f.stream(h)
	_, _ = s.OnRequestHeaders(true)
	_ = s.OnDone()
	f.wantLogs(
		"configure property xds: 0 root:xds",
		"request_headers property request.path: 0 /path",
		"request_headers property request.path\\0: 0 /path",
		"request_headers property plugin_name: 0 me",
		"request_headers property plugin_vm_id: 0 ",
		"request_headers property none: 1 ",
		"request_headers property: 3 ",
		"request_headers property a.b: 0 1",
		"request_headers number size: 0 513",
		"done number size: 0 513",
	)
}

// TestEndOfStream has what can be reached in on_log and behind it.
func TestEndOfStream(t *testing.T) {
	t.Parallel()
	f := startScript(t,
		"log get request :path", "log get request none", "log get response_trailers x",
		"log add request a b", "log pairs request", "log size request", "log body 0 0 9",
		"done get request :path", "done pairs request", "delete get request :path", "done info", "delete info",
	)
	h := newHost()
	h.setBody(RequestBody, "body")
	s := f.stream(h)
	if f.Stats().StreamsActive != 1 {
		t.Error(f.Stats())
	}
	if err := errors.Join(s.OnLog(), s.OnDone(), s.OnDelete(), s.OnDelete()); err != nil {
		t.Fatal(err)
	}
	f.wantLogs(
		"log get request: 0 /path", "log get request: 1 ", "log get response_trailers: 1 ",
		"log add request: 2",
		"log pairs request: 0 :authority=example.com|:path=/path|:method=GET|user-agent=test",
		"log size request: 2 0", "log body 0: 0 ",
		"done get request: 2 ", "done pairs request: 0 ", "done info: 2 0 0",
		"delete get request: 2 ", "delete info: 2 0 0",
	)
	if stats := f.Stats(); stats.StreamsActive != 0 || stats.StreamsCreated != 1 {
		t.Errorf("%+v", stats)
	}
	if next := f.stream(newHost()); next.ID() != 3 {
		t.Errorf("the next stream has id %d", next.ID())
	}
}

func TestEffectiveContext(t *testing.T) {
	t.Parallel()
	f := startScript(t,
		"request_headers effective 2", "request_headers get request :path",
		"request_headers effective 1", "request_headers get request :path",
		"request_headers effective 0", "request_headers get request :path",
		"request_headers effective 9", "response_headers get request :path",
	)
	first, second := newHost(), newHost()
	first.setMap(RequestHeaders, ":path", "/first")
	second.setMap(RequestHeaders, ":path", "/second")
	f.stream(first)
	s := f.stream(second)
	_, _ = s.OnRequestHeaders(true)
	_, _ = s.OnResponseHeaders(true)
	f.wantLogs(
		"request_headers effective 2: 0", "request_headers get request: 0 /first",
		"request_headers effective 1: 0", "request_headers get request: 2 ",
		"request_headers effective 0: 0", "request_headers get request: 0 /second",
		"request_headers effective 9: 2", "response_headers get request: 0 /second",
	)
}

func TestTrap(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ script, message string }{
		"unreachable":   {"request_headers trap", "unreachable"},
		"out of bounds": {"request_headers outofbounds", "out of bounds memory access"},
		"exit":          {"request_headers exit 7", "the filter exited with code 7"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := startScript(t, tt.script)
			s, other := f.stream(newHost()), f.stream(newHost())
			_, err := s.OnRequestHeaders(true)
			var trap *TrapError
			if !errors.As(err, &trap) || trap.Function != "proxy_on_request_headers" || trap.Message != tt.message || len(trap.Stack) == 0 {
				t.Fatalf("got %v, %+v", err, trap)
			}
			if !strings.Contains(err.Error(), `filter "test" trapped in proxy_on_request_headers: `+tt.message) {
				t.Error(err)
			}
			_, err = other.OnRequestHeaders(true)
			_, err2 := f.NewStream(newHost())
			if !errors.Is(err, ErrFailed) || !errors.Is(err2, ErrFailed) || !f.Failed() || !errors.Is(other.OnLog(), ErrFailed) {
				t.Error(err, err2, f.Failed())
			}
			_, _ = s.OnDelete(), other.OnDelete()
			if stats := f.Stats(); stats.Traps != 1 || stats.StreamsActive != 0 {
				t.Errorf("%+v", stats)
			}
			if err := f.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTrapInContextCreate(t *testing.T) {
	t.Parallel()
	f := startScript(t, "context trap")
	var trap *TrapError
	if s, err := f.NewStream(newHost()); s != nil || !errors.As(err, &trap) {
		t.Errorf("%v, %v", s, err)
	}
	if f.Stats().StreamsActive != 0 {
		t.Error("the stream is still there")
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	f := startScript(t, "root_done return 0", "root_done info", "root_done finish", "root_delete info", "root_delete finish")
	if err := f.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	f.wantLogs("root_done info: 1 0 0", "root_done finish: 1", "root_delete info: 1 0 0", "root_delete finish: 0")
	if _, err := f.NewStream(newHost()); !errors.Is(err, ErrFailed) {
		t.Error(err)
	}
}
