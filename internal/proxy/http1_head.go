package proxy

import (
	"bytes"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// responseHead is what an upstream's response head says about the message.
type responseHead struct {
	status int
	kind   bodyKind
	length int64
	keep   bool
}

// parse reads a response head (RFC 9112 §4, §5) into h, in order, with
// :status in front as Envoy has it. toHead says that the request was HEAD.
func (p *responseHead) parse(head []byte, h *proxywasm.HeaderMap, toHead bool) error {
	line, rest, _ := bytes.Cut(head, crlfcrlf[:2])
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[8] != ' ' {
		return &malformedError{"status line"}
	}
	if p.status = parseStatus(line[9:12]); p.status < 100 || (len(line) > 12 && line[12] != ' ') {
		return &malformedError{"status line"}
	}
	p.keep = line[7] == '1'
	h.Add([]byte(":status"), line[9:12])
	f := framing{}
	for {
		line, rest, _ = bytes.Cut(rest, crlfcrlf[:2])
		if len(line) == 0 {
			break
		}
		if err := p.header(line, h, &f); err != nil {
			return err
		}
	}
	if f.fault != nil {
		return &malformedError{"content-length and transfer-encoding"}
	}
	if f.close {
		p.keep = false
	}
	switch {
	case toHead || p.status < 200 || p.status == 204 || p.status == 304:
		p.kind = bodyNone
	case f.hasLength, f.kind == bodyChunked:
		p.kind, p.length = f.kind, f.length
	default:
		p.kind, p.keep = bodyUntilClose, false
	}
	return nil
}

func (p *responseHead) header(line []byte, h *proxywasm.HeaderMap, f *framing) error {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || !validName(line[:colon]) {
		return &malformedError{"header name"}
	}
	name, value := line[:colon], bytes.Trim(line[colon+1:], " \t")
	if !validValue(value) {
		return &malformedError{"header value"}
	}
	f.note(name, value)
	if len(name) == 10 && bytes.EqualFold(name, []byte("keep-alive")) {
		return nil
	}
	h.Add(name, value)
	return nil
}
