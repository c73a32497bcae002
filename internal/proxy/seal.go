package proxy

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// Response flags: Envoy's CoreResponseFlag as bits of response.flags.
const (
	flagUpstreamTimeout       = 0x4
	flagUpstreamConnectFail   = 0x20
	flagUpstreamTerminated    = 0x40
	flagNoRoute               = 0x100
	flagDownstreamTermination = 0x4000
	flagStreamIdleTimeout     = 0x10000
	flagUpstreamProtocolError = 0x400000
)

// serverName is what the server header says. It is not "envoy": the answer comes
// from the embedded host, and who reads it should know.
const serverName = "wasmctl"

// seal makes headers that have passed all filters ready for the wire: what
// Envoy's router and connection manager do after them.
func (x *exchange) seal(m *message) {
	if m.way == responseWay {
		x.sealResponse()
		return
	}
	h := &m.headers
	if fault := checkRequestHeaders(h); fault != nil {
		x.sendLocalReply(headerFault(fault))
		return
	}
	path, _ := h.GetString(":path")
	_, forwarded := h.GetString("x-forwarded-proto")
	if !forwarded || len(path) == 0 || path[0] != '/' {
		x.sendLocalReply(&localReply{status: 404, grpc: -1, details: "route_not_found", flag: flagNoRoute})
		return
	}
	if t := x.srv.upstreamTimeout; t > 0 {
		h.SetString("x-envoy-expected-rq-timeout-ms", x.srv.timeoutText)
	}
}

func (x *exchange) sealResponse() {
	h := &x.res.headers
	for _, name := range [...]string{"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"} {
		h.RemoveString(name)
	}
	if _, ok := h.GetString("date"); !ok {
		h.AddString("date", x.srv.clock.date())
	}
	h.SetString("server", serverName)
}

// headerError says that filters have left headers that cannot be sent.
type headerError struct{ text string }

func (e *headerError) Error() string { return e.text }

// headerFault is what the router answers to such headers.
func headerFault(fault *headerError) *localReply {
	return &localReply{
		status: 503, body: []byte(fault.Error()), grpc: -1,
		details: detailsText([]byte("filter_removed_required_request_headers{" + fault.Error() + "}")),
	}
}

// checkRequestHeaders refuses what cannot be written as a request: a filter may
// set any name and value.
func checkRequestHeaders(h *proxywasm.HeaderMap) *headerError {
	for _, name := range [...]string{":method", ":path"} {
		if v, ok := h.GetString(name); !ok || len(v) == 0 {
			return &headerError{"missing required header: " + name}
		}
	}
	if _, ok := h.GetString(":authority"); !ok {
		return &headerError{"missing required header: :authority"}
	}
	return checkHeaderLines(h)
}

// checkHeaderLines refuses names and values that cannot be written.
func checkHeaderLines(h *proxywasm.HeaderMap) *headerError {
	for i := range h.Len() {
		name, value := h.At(i)
		pseudo := len(name) > 0 && name[0] == ':'
		if !pseudo && !validName(name) {
			return &headerError{"invalid header name: " + string(name)}
		}
		if !validValue(value) || (pseudo && bytes.IndexByte(value, ' ') >= 0) {
			return &headerError{"invalid header value for: " + string(name)}
		}
	}
	return nil
}

// validName tells whether name is a token: RFC 9110 §5.6.2.
func validName(name []byte) bool {
	if len(name) == 0 {
		return false
	}
	for _, c := range name {
		if !isToken(c) {
			return false
		}
	}
	return true
}

func isToken(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		return true
	}
	return c > ' ' && c < 0x7f && strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) < 0
}

// validValue tells whether a value can stand on one line: RFC 9110 §5.5.
func validValue(value []byte) bool {
	for _, c := range value {
		if c == '\r' || c == '\n' || c == 0 {
			return false
		}
	}
	return true
}

// parseLength reads a content-length: RFC 9110 §8.6.
func parseLength(v []byte) (int64, bool) {
	if len(v) == 0 || len(v) > 18 {
		return 0, false
	}
	n := int64(0)
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// timeoutHeader is the value of x-envoy-expected-rq-timeout-ms.
func timeoutHeader(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
