package proxy

import (
	"encoding/binary"
	"io"
	"strconv"
	"time"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// This file has the reading half of grpcCall.

// read reads the response: Envoy's AsyncStreamImpl. started is the error of
// sending the request's headers.
func (c *grpcCall) read(up upstreamStream, started error) (status int, message string, err error) {
	if started != nil {
		return 0, "", started
	}
	h := proxywasm.NewHeaderMap(proxywasm.ResponseHeaders)
	end, err := up.readHeaders(h, nil)
	if err != nil {
		return 0, "", err
	}
	c.begun = true
	countClass(&c.cluster.stats.rqClass, statusOf(h))
	if c.out.ended() {
		h.SetString("x-envoy-upstream-service-time", milliseconds(time.Since(c.began)))
	}
	if end {
		c.initial(proxywasm.NewHeaderMap(proxywasm.ResponseHeaders))
	} else {
		c.initial(h)
	}
	if code := statusOf(h); code != 200 && !(end && hasGRPCStatus(h)) {
		c.trailing(proxywasm.NewHeaderMap(proxywasm.ResponseTrailers))
		return grpcStatus(-1, code), "", nil
	}
	if end {
		status, message = c.trailers(h)
		return status, message, nil
	}
	return c.messages(up)
}

func statusOf(h *proxywasm.HeaderMap) int {
	v, _ := h.GetString(":status")
	return parseStatus(v)
}

func hasGRPCStatus(h *proxywasm.HeaderMap) bool {
	_, ok := h.GetString("grpc-status")
	return ok
}

// messages reads the messages and what ends them.
func (c *grpcCall) messages(up upstreamStream) (status int, message string, err error) {
	var buffer []byte
	for {
		piece, err := up.next(nil)
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, "", err
		}
		buffer = append(buffer, piece...)
		for {
			m, rest, ok := cutFrame(buffer)
			if !ok {
				c.trailing(proxywasm.NewHeaderMap(proxywasm.ResponseTrailers))
				return grpcInternal, "", nil
			}
			if m == nil {
				break
			}
			buffer = rest
			c.message(m)
		}
	}
	h := proxywasm.NewHeaderMap(proxywasm.ResponseTrailers)
	if !up.readTrailers(h) {
		c.trailing(h)
		return grpcUnknown, "", nil
	}
	status, message = c.trailers(h)
	return status, message, nil
}

// cutFrame takes the first message off b: nil while it is not all there, false
// when it cannot be read. A message is a copy.
func cutFrame(b []byte) (message, rest []byte, ok bool) {
	if len(b) > 0 && b[0] != 0 {
		return nil, nil, false // compression was not offered
	}
	if len(b) < grpcFrameHead {
		return nil, b, true
	}
	size := binary.BigEndian.Uint32(b[1:])
	if size > maxGRPCMessage {
		return nil, nil, false
	}
	end := grpcFrameHead + int(size)
	if len(b) < end {
		return nil, b, true
	}
	return append([]byte{}, b[grpcFrameHead:end]...), b[end:], true
}

// The events of the reader. A call has but one, at its end.

func (c *grpcCall) initial(h *proxywasm.HeaderMap) {
	if c.stream {
		c.tell(func(p *proxywasm.Plugin) error { return p.OnGRPCInitialMetadata(c.token, h) })
	}
}

func (c *grpcCall) message(m []byte) {
	if !c.stream {
		c.answer, c.answered = m, true
		return
	}
	c.tell(func(p *proxywasm.Plugin) error { return p.OnGRPCMessage(c.token, m) })
}

func (c *grpcCall) trailing(h *proxywasm.HeaderMap) {
	if c.stream {
		c.tell(func(p *proxywasm.Plugin) error { return p.OnGRPCTrailingMetadata(c.token, h) })
	}
}

// trailers reads what the server says about the end of the call.
func (c *grpcCall) trailers(h *proxywasm.HeaderMap) (status int, message string) {
	c.trailing(h)
	status = grpcUnknown
	if v, ok := h.GetString("grpc-status"); ok {
		n, err := strconv.Atoi(string(v))
		if status = n; err != nil {
			status = -1
		}
	}
	text, _ := h.GetString("grpc-message")
	return status, string(text) // still encoded, as Envoy has it
}

// fail is the end of a call whose cluster gave none: Envoy's router answers in
// its place, in the manner of gRPC.
func (c *grpcCall) fail(err error) (status int, message string) {
	reply := c.cluster.callFault(err)
	if c.begun {
		c.details = "upstream_reset_after_response_started{" + resetReason(err) + "}"
		c.trailing(proxywasm.NewHeaderMap(proxywasm.ResponseTrailers))
		return grpcInternal, ""
	}
	c.details = reply.details
	if reason := transportReason(err); reason != "" {
		c.details = c.details[:len(c.details)-1] + "|" + reason + "}"
	}
	status = grpcStatus(-1, reply.status)
	h := proxywasm.NewHeaderMap(proxywasm.ResponseTrailers)
	h.AddString(":status", "200")
	h.AddString("content-type", "application/grpc")
	h.AddString("grpc-status", strconv.Itoa(status))
	h.AddString("grpc-message", percentEncode(reply.body))
	c.initial(proxywasm.NewHeaderMap(proxywasm.ResponseHeaders))
	c.trailing(h)
	return status, string(reply.body)
}
