package proxy

import (
	"context"
	"encoding/json"
	"io"
	"net/netip"
	"strconv"
	"unicode/utf8"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// echo is the built-in upstream: it answers in the process, without a socket,
// with the request it saw:
//
//	{"method":…,"path":…,"authority":…,"headers":{NAME:[VALUE,…],…},"body":…,"trailers":{…}}
//
// Names stand in the order of their first appearance; trailers only when there
// were any. It is the same JSON as that of the echo deploy puts behind a real Envoy.
type echo struct{}

func (echo) open(context.Context, limits) (upstreamStream, error) {
	return &echoStream{}, nil
}

func (echo) close() {}

// echoLimit bounds the body that the echo keeps; more is cut off.
const echoLimit = 16 << 20

type echoStream struct {
	head    []byte // the JSON up to the body
	body    []byte
	trailer []byte
	answer  []byte
	isHead  bool
	read    bool
}

func (s *echoStream) writeHeaders(h *proxywasm.HeaderMap, _ bool) error {
	s.head = append(s.head[:0], '{')
	for _, name := range [...]string{"method", "path", "authority"} {
		v, _ := h.GetString(":" + name)
		s.head = appendJSON(append(append(append(s.head, '"'), name...), '"', ':'), v)
		s.head = append(s.head, ',')
	}
	s.head = appendMap(append(s.head, `"headers":`...), h)
	v, _ := h.GetString(":method")
	s.isHead = string(v) == "HEAD"
	return nil
}

func (s *echoStream) writeData(p []byte) error {
	s.body = append(s.body, p[:min(len(p), echoLimit-len(s.body))]...)
	return nil
}

func (s *echoStream) writeEnd(trailers *proxywasm.HeaderMap) error {
	if trailers != nil {
		s.trailer = appendMap(append(s.trailer, `,"trailers":`...), trailers)
	}
	return nil
}

func (s *echoStream) flush() error { return nil }
func (s *echoStream) duplex() bool { return false }

func (s *echoStream) readHeaders(h *proxywasm.HeaderMap, _ watcher) (bool, error) {
	s.answer = appendJSON(append(s.head, `,"body":`...), s.body)
	s.answer = append(append(s.answer, s.trailer...), "}\n"...)
	h.AddString(":status", "200")
	h.AddString("content-type", "application/json")
	h.AddString("content-length", strconv.Itoa(len(s.answer)))
	return s.isHead, nil
}

func (s *echoStream) ready() bool { return true }

func (s *echoStream) next(watcher) ([]byte, error) {
	if s.read {
		return nil, io.EOF
	}
	s.read = true
	return s.answer, nil
}

func (s *echoStream) readTrailers(*proxywasm.HeaderMap) bool { return false }
func (s *echoStream) interrupt()                             {}
func (s *echoStream) address() netip.AddrPort                { return netip.AddrPort{} }
func (s *echoStream) close(bool)                             {}

// appendMap appends the headers of h as an object of lists, without pseudo-headers.
func appendMap(dst []byte, h *proxywasm.HeaderMap) []byte {
	dst = append(dst, '{')
	first := true
	for i := range h.Len() {
		name, _ := h.At(i)
		if name[0] == ':' || !firstOf(h, i) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendJSON(dst, name), ':', '[')
		for j := i; j < h.Len(); j++ {
			other, value := h.At(j)
			if string(other) != string(name) {
				continue
			}
			if j > i {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, value)
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

func firstOf(h *proxywasm.HeaderMap, i int) bool {
	name, _ := h.At(i)
	for j := range i {
		if other, _ := h.At(j); string(other) == string(name) {
			return false
		}
	}
	return true
}

// appendJSON appends s as a JSON string. Plain ASCII, the usual case, is copied;
// bytes that are no UTF-8 become U+FFFD.
func appendJSON(dst, s []byte) []byte {
	for _, c := range s {
		if c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return appendQuoted(dst, s)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}

func appendQuoted(dst, s []byte) []byte {
	q, err := json.Marshal(string(s))
	if err != nil { // a string always has a JSON form
		return append(dst, '"', '"')
	}
	return append(dst, q...)
}
