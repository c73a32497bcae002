package proxy

import (
	"bytes"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// admit fills the exchange's request from the parsed head, as Envoy's codec and
// connection manager would, and refuses what they refuse.
func (c *h1Conn) admit() *refusal {
	if !c.header.IsHTTP11() {
		return &refusal{426, "Upgrade Required", "low_version"}
	}
	if !knownMethod(c.header.Method()) {
		return &refusal{400, "Bad Request", "http1.codec_error"}
	}
	x := &c.x
	authority, path := target(c.header.RequestURI(), c.header.Host())
	x.head = c.header.IsHead()
	c.head = x.head
	if c.srv.opts.OnRequest != nil {
		x.note(string(c.header.Method()), string(path), string(authority))
	}
	f := c.readHeaders(authority, path)
	c.keep, c.expects = !f.close, f.expects
	if f.fault != nil {
		return f.fault
	}
	switch {
	case bytes.IndexByte(path, '#') >= 0:
		return &refusal{400, "", "path_normalization_failed"}
	case f.upgrade && f.nominatesUpgrade:
		if !bytes.EqualFold(f.upgradeTo, []byte("h2c")) {
			return &refusal{403, "upgrades such as WebSocket are not supported by the embedded host\n", "upgrade_failed"}
		}
	case c.header.IsConnect():
		return &refusal{404, "", "route_not_found"}
	}
	c.body.reset(f.kind, f.length)
	x.grpc = isGRPC(&x.req.headers)
	c.srv.addProxyHeaders(x)
	return nil
}

// readHeaders fills the request's header map and notes what the headers say
// about the message. The parsed head can be walked only once: fasthttp joins
// continued lines in place.
func (c *h1Conn) readHeaders(authority, path []byte) framing {
	var f framing
	h := &c.x.req.headers
	h.Add([]byte(":authority"), authority)
	h.Add([]byte(":path"), path)
	h.Add([]byte(":method"), c.header.Method())
	h.AddString(":scheme", "http")
	for name, value := range c.header.AllInOrder() {
		f.note(name, value)
		if !f.hopByHop(name, value) {
			h.Add(name, value)
		}
	}
	if f.https {
		h.SetString(":scheme", "https")
	}
	for _, name := range f.nominated {
		h.Remove(name)
	}
	return f
}

// target splits a request target into authority and path: RFC 9112 §3.2.
func target(uri, host []byte) (authority, path []byte) {
	if len(uri) > 0 && uri[0] != '/' {
		if _, rest, ok := bytes.Cut(uri, []byte("://")); ok {
			end := bytes.IndexAny(rest, "/?")
			switch {
			case end < 0:
				return rest, []byte("/")
			case rest[end] == '?':
				return rest[:end], append([]byte{'/'}, rest[end:]...)
			}
			return rest[:end], rest[end:]
		}
	}
	return host, uri
}

// framing is what the headers say about the connection and the message's end.
type framing struct {
	kind             bodyKind
	length           int64
	hasLength        bool
	close            bool
	expects          bool
	upgrade          bool
	upgradeTo        []byte
	nominatesUpgrade bool
	https            bool
	nominated        [][]byte // the connection header's tokens other than the usual
	fault            *refusal
}

// note looks at one header of the head.
func (f *framing) note(name, value []byte) {
	switch len(name) {
	case 6: // expect
		if bytes.EqualFold(name, []byte("expect")) && bytes.EqualFold(value, []byte("100-continue")) {
			f.expects = true
		}
	case 7: // upgrade
		if bytes.EqualFold(name, []byte("upgrade")) {
			f.upgrade, f.upgradeTo = true, bytes.Clone(value)
		}
	case 10: // connection
		if bytes.EqualFold(name, []byte("connection")) {
			f.connection(value)
		}
	case 14: // content-length
		if bytes.EqualFold(name, []byte("content-length")) {
			n, ok := parseLength(value)
			if !ok || (f.hasLength && n != f.length) {
				f.fault = &refusal{400, "Bad Request", "http1.codec_error"}
				return
			}
			f.hasLength, f.length = true, n
			f.settle()
		}
	case 17: // transfer-encoding, x-forwarded-proto
		switch {
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			if f.kind == bodyChunked || !bytes.EqualFold(value, []byte("chunked")) {
				f.fault = &refusal{501, "Not Implemented", "http1.invalid_transfer_encoding"}
				return
			}
			f.kind = bodyChunked
			f.settle()
		case bytes.EqualFold(name, []byte("x-forwarded-proto")):
			f.https = bytes.EqualFold(value, []byte("https"))
		}
	}
}

// settle decides the kind of body; both headers at once smell of smuggling.
func (f *framing) settle() {
	switch {
	case f.hasLength && f.kind == bodyChunked:
		f.fault = &refusal{400, "Bad Request", "http1.content_length_and_chunked_not_allowed"}
	case f.hasLength:
		f.kind = bodyLength
	}
}

func (f *framing) connection(value []byte) {
	for token := range bytes.SplitSeq(value, []byte{','}) {
		token = bytes.TrimSpace(token)
		switch {
		case bytes.EqualFold(token, []byte("close")):
			f.close = true
		case bytes.EqualFold(token, []byte("keep-alive")), len(token) == 0:
		default:
			if bytes.EqualFold(token, []byte("upgrade")) {
				f.nominatesUpgrade = true
			}
			// The message's own headers cannot be named away.
			if validName(token) && !bytes.EqualFold(token, []byte("host")) && !bytes.EqualFold(token, []byte("content-length")) {
				f.nominated = append(f.nominated, bytes.Clone(token))
			}
		}
	}
}

// hopByHop tells whether a header ends at this connection: RFC 9110 §7.6.1.
func (f *framing) hopByHop(name, value []byte) bool {
	switch len(name) {
	case 2:
		return bytes.EqualFold(name, []byte("te")) && !bytes.EqualFold(value, []byte("trailers"))
	case 4:
		if bytes.EqualFold(name, []byte("host")) {
			return true
		}
	case 6:
		if bytes.EqualFold(name, []byte("expect")) {
			return f.expects
		}
	case 7:
		if bytes.EqualFold(name, []byte("upgrade")) {
			return true
		}
	case 10:
		if bytes.EqualFold(name, []byte("connection")) || bytes.EqualFold(name, []byte("keep-alive")) {
			return true
		}
	case 16:
		if bytes.EqualFold(name, []byte("proxy-connection")) {
			return true
		}
	case 17:
		if bytes.EqualFold(name, []byte("transfer-encoding")) {
			return true
		}
	}
	return false
}

// isGRPC tells whether a request is gRPC by its content type.
func isGRPC(h *proxywasm.HeaderMap) bool {
	v, ok := h.GetString("content-type")
	if !ok || !bytes.HasPrefix(v, []byte("application/grpc")) {
		return false
	}
	return len(v) == 16 || v[16] == '+' || v[16] == ';'
}

// knownMethod tells whether Envoy's HTTP/1 codec knows the method.
func knownMethod(m []byte) bool {
	switch string(m) {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
		"ACL", "BIND", "CHECKOUT", "COPY", "LINK", "LOCK", "M-SEARCH", "MERGE", "MKACTIVITY",
		"MKCALENDAR", "MKCOL", "MOVE", "NOTIFY", "PROPFIND", "PROPPATCH", "PURGE", "REBIND",
		"REPORT", "SEARCH", "SOURCE", "SUBSCRIBE", "UNBIND", "UNLINK", "UNLOCK", "UNSUBSCRIBE":
		return true
	}
	return false
}
