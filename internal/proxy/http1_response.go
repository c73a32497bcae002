package proxy

import (
	"strconv"

	"github.com/valyala/fasthttp"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// writeHeaders queues the head of the response: RFC 9112 §4. Names are in lower
// case and in the filters' order, as Envoy writes them.
func (c *h1Conn) writeHeaders(h *proxywasm.HeaderMap, end bool) error {
	w := &c.wire
	v, _ := h.GetString(":status")
	status := parseStatus(v)
	if status < 200 {
		status = 500
	}
	w.out = append(w.out, "HTTP/1.1 "...)
	w.out = strconv.AppendInt(w.out, int64(status), 10)
	w.out = append(w.out, ' ')
	w.out = append(w.out, fasthttp.StatusMessage(status)...)
	w.out = append(w.out, '\r', '\n')
	length := appendHeaders(w, h)
	bodyless := c.head || status == 204 || status == 304
	switch {
	case c.relay.early:
		c.keep = false // as Envoy does
	case !c.relay.concurrent && !c.body.done && !c.ready():
		c.keep = false // nobody will read the request to its end
	}
	if !c.keep || c.srv.draining.Load() != 0 {
		w.out = append(w.out, "connection: close\r\n"...)
		c.keep = false
	}
	switch {
	case bodyless:
		c.reply = bodyWriter{kind: bodyNone}
	case length >= 0:
		c.reply = bodyWriter{kind: bodyLength, left: length}
	case end:
		w.out = append(w.out, "content-length: 0\r\n"...)
		c.reply = bodyWriter{kind: bodyNone}
	default:
		w.out = append(w.out, "transfer-encoding: chunked\r\n"...)
		c.reply = bodyWriter{kind: bodyChunked}
	}
	w.out = append(w.out, '\r', '\n')
	if end {
		return c.endReply()
	}
	return nil
}

// appendHeaders queues the headers of h that are no pseudo-headers and returns
// the content-length among them, or -1. What a filter has set and cannot be
// written is left out: it could otherwise forge the message.
func appendHeaders(w *wire, h *proxywasm.HeaderMap) int64 {
	length := int64(-1)
	for i := range h.Len() {
		name, value := h.At(i)
		if len(name) == 0 || name[0] == ':' || !validName(name) || !validValue(value) {
			continue
		}
		if len(name) == len("content-length") && string(name) == "content-length" {
			n, ok := parseLength(value)
			if !ok {
				continue
			}
			length = n
		}
		w.out = append(w.out, name...)
		w.out = append(w.out, ':', ' ')
		w.out = append(w.out, value...)
		w.out = append(w.out, '\r', '\n')
	}
	return length
}

func (c *h1Conn) writeData(p []byte, end bool) error {
	if err := c.reply.data(&c.wire, p); err != nil {
		return err
	}
	if end {
		return c.endReply()
	}
	return nil
}

func (c *h1Conn) endReply() error {
	if !c.reply.end(&c.wire) {
		c.keep = false // less than announced: the client must see the connection end
	}
	return nil
}

// writeTrailers ends the response: to HTTP/1.1 clients Envoy sends no trailers.
func (c *h1Conn) writeTrailers(*proxywasm.HeaderMap) error { return c.endReply() }
