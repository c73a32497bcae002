package proxy

import (
	"strconv"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// localReply is a response that the host makes: for a filter, for a fault of
// the upstream, or because a limit was passed.
type localReply struct {
	status  int
	body    []byte
	headers *proxywasm.HeaderMap // additional headers, may be nil
	grpc    int                  // gRPC status, -1 to derive it
	details string
	flag    uint64
}

// sendLocalReply answers the client in place of the upstream. Unless response
// headers are already on their way through the filters, the reply passes the
// filters that have seen the request; response headers that were already passed
// on cannot be taken back, and the exchange is cut.
func (x *exchange) sendLocalReply(r *localReply) {
	if x.torn {
		return
	}
	x.flags |= r.flag
	if x.headersOut {
		x.tear(r.details)
		return
	}
	x.details = r.details
	direct := x.answered
	x.answered, x.local = true, true
	x.res.reset(responseWay)
	x.writeReplyHeaders(r)
	x.code = x.status()
	end := len(r.body) == 0 || x.head || x.grpc
	x.req.dropHeld()
	if direct {
		x.direct, x.headersOut = true, true
		x.res.hasHeaders, x.res.ended = true, true
		x.res.out.headers, x.res.out.end = true, true
		if !end {
			x.res.out.data = append(x.res.out.data, r.body...)
		}
	} else {
		x.begin(&x.res, end)
		if !end {
			x.data(&x.res, r.body, true)
		}
		x.res.ended = true
	}
	x.notify()
}

// writeReplyHeaders makes the headers of a local reply: Envoy's
// Utility::prepareLocalReply.
func (x *exchange) writeReplyHeaders(r *localReply) {
	h := &x.res.headers
	status := r.status
	if status < 200 || status > 999 {
		status = 500
	}
	if x.grpc {
		h.AddString(":status", "200")
		h.AddString("content-type", "application/grpc")
		h.AddString("grpc-status", strconv.Itoa(grpcStatus(r.grpc, status)))
		if len(r.body) > 0 && !x.head {
			h.AddString("grpc-message", percentEncode(r.body))
		}
		addAll(h, r.headers)
		h.RemoveString("content-length")
		return
	}
	h.AddString(":status", strconv.Itoa(status))
	addAll(h, r.headers)
	h.RemoveString("content-length")
	if len(r.body) == 0 {
		h.RemoveString("content-type")
		return
	}
	h.AddString("content-length", strconv.Itoa(len(r.body)))
	if _, ok := h.GetString("content-type"); !ok {
		h.AddString("content-type", "text/plain")
	}
}

func addAll(to, from *proxywasm.HeaderMap) {
	if from == nil {
		return
	}
	for i := range from.Len() {
		to.Add(from.At(i))
	}
}

// grpcStatus is the given gRPC status, or the one for an HTTP status: Envoy's
// Grpc::Utility::httpToGrpcStatus.
func grpcStatus(given, status int) int {
	if given >= 0 {
		return given
	}
	switch status {
	case 400:
		return 13 // INTERNAL
	case 401:
		return 16 // UNAUTHENTICATED
	case 403:
		return 7 // PERMISSION_DENIED
	case 404:
		return 12 // UNIMPLEMENTED
	case 429, 502, 503, 504:
		return 14 // UNAVAILABLE
	}
	return 2 // UNKNOWN
}

// percentEncode is the encoding of grpc-message: gRPC over HTTP/2, "Responses".
func percentEncode(b []byte) string {
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, len(b))
	for _, c := range b {
		if c >= 0x20 && c < 0x7f && c != '%' {
			out = append(out, c)
			continue
		}
		out = append(out, '%', hex[c>>4], hex[c&15])
	}
	return string(out)
}
