package proxy

import (
	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// The functions of this file carry a message through the filters the way
// Envoy's FilterManager does. Positions count in the message's own order. All
// of them run under the worker's lock.

func (x *exchange) message(way direction) *message {
	if way == requestWay {
		return &x.req
	}
	return &x.res
}

// at is the filter at position p of m's way.
func (x *exchange) at(m *message, p int) *filterState {
	if m.way == responseWay {
		p = len(x.filters) - 1 - p
	}
	return &x.filters[p]
}

// position is where f stands on the way of m.
func (x *exchange) position(m *message, f *filterState) int {
	if m.way == responseWay {
		return len(x.filters) - 1 - f.index
	}
	return f.index
}

// stopped says that m must not go on: the exchange is torn down, the request was
// answered locally, or the response was replaced.
func (x *exchange) stopped(m *message) bool {
	if m.way == requestWay {
		return x.torn || x.local
	}
	return x.torn || x.direct
}

// begin starts m: its headers are complete.
func (x *exchange) begin(m *message, end bool) {
	m.hasHeaders = true
	m.headerBytes = int64(m.headers.Size())
	m.ended = end
	x.passHeaders(m, 0, end)
}

// data takes the next piece of m's body from the peer.
func (x *exchange) data(m *message, p []byte, end bool) {
	if x.stopped(m) {
		return
	}
	m.bodyBytes += int64(len(p))
	m.ended = m.ended || end
	if len(x.filters) == 0 {
		m.out.data = append(m.out.data, p...)
		m.out.end = m.out.end || end
		return
	}
	chunk := &x.chunk[m.way]
	chunk.Reset()
	chunk.Append(p)
	x.passData(m, 0, chunk, end)
}

// finishTrailers takes the trailers that the peer has put into m.trailers.
func (x *exchange) finishTrailers(m *message) {
	if x.stopped(m) {
		return
	}
	m.hasTrailers, m.ended = true, true
	x.passTrailers(m, 0)
}

func (x *exchange) passHeaders(m *message, p int, end bool) {
	for ; p < len(x.filters); p++ {
		f := x.at(m, p)
		h := &f.hold[m.way]
		h.seenEnd = end
		status := f.onHeaders(m, end)
		if x.settle(m, f) {
			return
		}
		switch status {
		case proxywasm.HeadersContinue:
			h.headersContinued = true
			continue
		case proxywasm.HeadersStopIteration:
			h.state = stoppedSingle
		case proxywasm.HeadersStopAllIterationAndBuffer:
			h.state = stoppedBuffer
		default:
			h.state = stoppedWater
		}
		return
	}
	m.out.headers = true
	m.out.end = m.out.end || end
	if m.way == responseWay {
		x.headersOut = true
		x.code = x.status()
	}
}

// passData lets data pass from position p on. data is m.held when a filter has
// resumed it, otherwise the peer's last chunk.
func (x *exchange) passData(m *message, p int, data *proxywasm.Buffer, end bool) {
	for ; p < len(x.filters); p++ {
		f := x.at(m, p)
		h := &f.hold[m.way]
		if h.state.all() {
			m.streaming = h.state == stoppedWater
			m.blocked = m.streaming
			x.keep(m, data)
			return
		}
		if h.seenEnd {
			return
		}
		h.seenEnd = end && !m.hasTrailers
		status := f.onData(m, data, h.seenEnd)
		if x.settle(m, f) {
			return
		}
		if status != proxywasm.DataContinue {
			x.holdData(m, h, data, status)
			return
		}
		if h.state == stoppedSingle {
			x.keep(m, data)
			x.release(m, p)
			return
		}
	}
	m.out.data = append(m.out.data, data.Bytes()...)
	m.out.end = m.out.end || end
	data.Reset()
}

// holdData is what becomes of data that a filter did not pass on.
func (x *exchange) holdData(m *message, h *hold, data *proxywasm.Buffer, status proxywasm.DataStatus) {
	h.state = stoppedSingle
	switch status {
	case proxywasm.DataStopIterationAndBuffer, proxywasm.DataStopIterationAndWatermark:
		m.streaming = status == proxywasm.DataStopIterationAndWatermark
		x.keep(m, data)
	default:
		// The chunk is dropped, yet the end of the stream must still be
		// passed on by whoever resumes.
		if m.ended && !m.hasTrailers {
			m.hasHeld = true
		}
	}
}

// keep moves data to what m holds back, within the buffer limit.
func (x *exchange) keep(m *message, data *proxywasm.Buffer) {
	m.hasHeld = true
	if data != &m.held {
		m.held.Append(data.Bytes())
		data.Reset()
	}
	x.checkLimit(m)
}

func (x *exchange) checkLimit(m *message) {
	size := m.held.Len()
	if size <= bufferLimit || (m.streaming && size <= streamingLimit) || m.tooLarge {
		return
	}
	m.tooLarge = true
	if m.way == requestWay {
		x.sendLocalReply(&localReply{status: 413, body: []byte("Payload Too Large"), grpc: -1, details: "request_payload_too_large"})
		return
	}
	x.sendLocalReply(&localReply{status: 500, body: []byte("Internal Server Error"), grpc: -1, details: "response_payload_too_large"})
}

// streamingLimit bounds what StopIterationAndWatermark may pile up. Envoy has
// no limit there.
const streamingLimit = 256 << 20

func (x *exchange) passTrailers(m *message, p int) {
	for ; p < len(x.filters); p++ {
		f := x.at(m, p)
		h := &f.hold[m.way]
		if h.state.all() {
			return
		}
		h.seenEnd = true
		status := f.onTrailers(m)
		if x.settle(m, f) {
			return
		}
		if status != proxywasm.TrailersContinue {
			if h.state == iterating {
				h.state = stoppedSingle
			}
			return
		}
		if h.state == stoppedSingle {
			x.release(m, p)
			return
		}
	}
	m.out.trailers, m.out.end = true, true
}

// release lets a message go on that the filter at position p has held: Envoy's
// commonContinue.
func (x *exchange) release(m *message, p int) {
	f := x.at(m, p)
	h := &f.hold[m.way]
	from := p + 1
	if h.state.all() {
		from = p // it has not seen the body yet
	}
	h.state, m.blocked = iterating, false
	h.buffering, h.body = false, nil
	trailersWaiting := m.hasTrailers
	if !h.headersContinued {
		h.headersContinued = true
		x.passHeaders(m, p+1, m.ended && !m.hasHeld && !m.hasTrailers)
	}
	if m.hasHeld && !x.stopped(m) {
		m.streaming = false
		x.passData(m, from, &m.held, m.ended && !trailersWaiting)
	}
	if trailersWaiting && !x.stopped(m) {
		x.passTrailers(m, from)
	}
}

// settle carries out what the callback of f that has just returned asked for. It
// returns true when m must not go on from here.
func (x *exchange) settle(m *message, f *filterState) bool {
	if f.closeConn {
		x.tear("wasm_close_stream")
	}
	if r := f.reply; r != nil {
		f.reply, f.resume = nil, [2]bool{}
		x.sendLocalReply(r)
		return true
	}
	for way := range f.resume {
		if !f.resume[way] {
			continue
		}
		f.resume[way] = false
		other := x.message(direction(way))
		if other == m { // handled by the status, see filterState.resumed
			continue
		}
		x.resumeHeld(other, f)
	}
	return x.stopped(m)
}

// settleTouched carries out what f was asked for while no callback of its own
// ran: from a timer, the answer to a call, or another stream.
func (x *exchange) settleTouched(f *filterState) {
	reply, again, resume, closed := f.reply, f.again, f.resume, f.closeConn
	f.reply, f.again, f.resume, f.closeConn = nil, nil, [2]bool{}, false
	if !x.live {
		return
	}
	if closed {
		x.tear("wasm_close_stream")
	}
	if reply != nil {
		if f.stream != nil && f.stream.Handles().ResponseHeaders {
			f.reply = again // taken up behind that callback
		}
		x.sendLocalReply(reply)
		f.reply, resume = nil, [2]bool{}
	}
	for way, asked := range resume {
		if asked {
			x.resumeHeld(x.message(direction(way)), f)
		}
	}
	x.relay.kick()
}

// resumeHeld lets m go on when f holds it.
func (x *exchange) resumeHeld(m *message, f *filterState) {
	if f.hold[m.way].state == iterating || x.stopped(m) {
		return
	}
	x.release(m, x.position(m, f))
	x.notify()
}

// tear ends the exchange without a response, or cuts the one on its way.
func (x *exchange) tear(details string) {
	if !x.torn {
		x.torn = true
		x.details = details
		x.notify()
	}
}
