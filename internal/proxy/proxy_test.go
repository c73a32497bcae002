package proxy

import (
	"slices"
	"strings"
	"testing"
)

const post = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

// TestFilterChain is what a client and the filters see of one exchange.
func TestFilterChain(t *testing.T) {
	t.Parallel()
	allow := last(literal)
	tests := []struct {
		name    string
		host    []setting
		request string
		status  int
		body    string   // part of the answer's body
		header  string   // a line of the answer's headers
		logs    []string // all lines of the exchange, as far as given
		details string
	}{
		{
			name: "order", request: get, status: 200,
			host: []setting{
				filter("request_headers log 2 a", "response_headers log 2 b", "log log 2 c"),
				filter("request_headers log 2 d", "response_headers log 2 e", "log log 2 f"),
			},
			logs: []string{"f1 a", "f2 d", "f2 e", "f1 b", "f1 c", "f2 f"}, details: "via_upstream",
		},
		{
			name: "headers change both ways", request: get, status: 200,
			host: []setting{filter("request_headers replace request x-one new", "request_headers add request x-three 3",
				"request_headers replace request :path /other", "response_headers add response x-answer yes")},
			body: `"path":"/other","authority":"example.com","headers":{"user-agent":["test"],"x-two":["2"],"x-forwarded-proto":["http"]`, header: "x-answer: yes",
		},
		{
			name: "body in pieces", request: post, status: 200,
			host: []setting{filter("request_headers info", "request_body info", "request_body body 0 0 99")},
			logs: []string{"f1 request_headers info: 2 8 0", "f1 request_body info: 2 5 0", "f1 request_body body 0: 0 hello", "f1 request_body info: 2 0 1", "f1 request_body body 0: 0 "},
		},
		{
			name: "no body, end of stream", request: get, status: 200,
			host: []setting{filter("request_headers info", "request_body log 2 never")},
			logs: []string{"f1 request_headers info: 2 10 1"},
		},
		{
			name: "local reply in request headers", request: get, status: 403,
			host: []setting{
				filter("response_headers pairs response"),
				filter("request_headers replyheader x-why because", "request_headers reply 403 my details no\\n", "response_headers add response x-late 1"),
				filter("request_headers log 2 never", "response_headers log 2 never", "log log 2 logged"),
			},
			body: "details no\n", header: "x-late: 1", details: "my",
			logs: []string{"f2 request_headers reply 403: 0", "f1 response_headers pairs response: 0 :status=403|x-why=because|content-length=11|content-type=text/plain|x-late=1", "f3 logged"},
		},
		{
			name: "local reply without a body", request: get, status: 401,
			host: []setting{filter("request_headers reply 401 d", "response_headers info")}, header: "content-length: 0",
			logs: []string{"f1 request_headers reply 401: 0", "f1 response_headers info: 2 1 1"}, details: "d",
		},
		{
			name: "the first reply wins", request: get, status: 401,
			host: []setting{filter("request_headers reply 401 d x", "request_headers reply 402 e y", "request_headers continue 0")}, body: "x", details: "d",
		},
		{
			name: "local reply in response headers", request: get, status: 502,
			host: []setting{filter("response_headers log 2 outer"), filter("response_headers reply 502 bad gone")},
			body: "gone", logs: []string{"f2 response_headers reply 502: 0"}, details: "bad",
		},
		{
			name: "local reply in request body", request: post, status: 400,
			host: []setting{filter("request_body reply 400 d bad")}, body: "bad", details: "d",
		},
		{
			name: "gRPC reply", status: 200,
			request: "POST /g HTTP/1.1\r\nHost: h\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n",
			host:    []setting{filter("request_headers reply 403 d no\\sway")}, header: "grpc-status: 7",
		},
		{
			name: "stop and continue in one callback", request: get, status: 200,
			host: []setting{filter("request_headers continue 0", "request_headers get request :path", "request_headers return 1")},
			logs: []string{"f1 request_headers continue 0: 0", "f1 request_headers get request: 2 "},
		},
		{
			name: "headers wait for the body", request: post, status: 200,
			host: []setting{filter("request_headers return 1", "request_body replace request x-seen yes", "request_body get request :path", "request_body continue 0"), allow},
			body: `"x-seen":["yes"]`,
		},
		{
			name: "maps are gone after continue", request: post, status: 200,
			host: []setting{filter("request_body get request :path", "request_body property request.path", "log property request.path", "log get response server",
				"log get response x-absent", "done get request :path", "done number response.code")},
			logs: []string{
				"f1 request_body get request: 2 ", "f1 request_body property request.path: 1 ", "f1 request_body get request: 2 ", "f1 request_body property request.path: 1 ",
				"f1 log property request.path: 0 /p", "f1 log get response: 0 wasmctl", "f1 log get response: 1 ", "f1 done get request: 2 ", "f1 done number response.code: 0 200",
			},
		},
		{
			name: "trap in request headers", request: get, status: 503, header: "content-length: 0", details: "wasm_fail_stream",
			host: []setting{filter("response_headers log 2 seen"), filter("request_headers trap")},
		},
		{
			name: "trap in response headers", request: get, status: 503, details: "wasm_fail_stream",
			host: []setting{filter("response_headers trap")},
		},
		{
			name: "trap in log", request: get, status: 200, host: []setting{filter("log trap")},
		},
		{
			name: "no route without x-forwarded-proto", request: get, status: 404, details: "route_not_found",
			host: []setting{filter("request_headers remove request x-forwarded-proto")},
		},
		{
			name: "missing path", request: get, status: 503, body: "missing required header: :path",
			host: []setting{filter("request_headers remove request :path")},
		},
		{
			name: "invalid name", request: get, status: 503, body: "invalid header name",
			host: []setting{filter("request_headers add request a\\sb 1")},
		},
		{
			name: "status changed", request: get, status: 418,
			host: []setting{filter("response_headers number response.code"), filter("response_headers replace response :status 418", "response_headers number response.code", "log number response.code")},
			logs: []string{"f2 response_headers number response.code: 0 200", "f1 response_headers number response.code: 0 200", "f2 log number response.code: 0 418"},
		},
		{
			name: "response body replaced", request: get, status: 200, body: "short",
			host: []setting{filter("response_headers remove response content-length", "response_body return 1", "response_body setbody 1 0 99999 short", "response_body continue 1")},
		},
		{
			name: "filter state", request: get, status: 200,
			host: []setting{filter("request_headers setproperty k v", "request_headers setproperty a.b c"), filter("request_headers property k", "request_headers property a.b")},
			logs: []string{"f2 request_headers property k: 0 v", "f2 request_headers property a.b: 1 "},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := run(t, tt.host...)
			a := h.ask(tt.request)
			e := h.exchange()
			if a.status != tt.status || !strings.Contains(a.body, tt.body) || a.err != nil {
				t.Errorf("answer %+v", a)
			}
			if tt.header != "" && !slices.Contains(a.headers, tt.header) {
				t.Errorf("no %q in %q", tt.header, a.headers)
			}
			if tt.logs != nil && !slices.Equal(texts(e), tt.logs) {
				t.Errorf("logs %s\nwant %s", strings.Join(texts(e), "\n     "), strings.Join(tt.logs, "\n     "))
			}
			if tt.details != "" && e.Details != tt.details {
				t.Errorf("details %q, want %q", e.Details, tt.details)
			}
		})
	}
}
