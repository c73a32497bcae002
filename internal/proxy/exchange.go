package proxy

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// bufferLimit is how much of a body filters may hold back: Envoy's default
// per-connection buffer limit.
const bufferLimit = 1 << 20

// direction is the way a message takes through the filters.
type direction int

const (
	requestWay  direction = iota // first to last filter
	responseWay                  // last to first
)

// connInfo is what an exchange knows about its downstream connection.
type connInfo struct {
	id            uint64
	source, local netip.AddrPort
}

// exchange is one request with its response on their way through the filters:
// Envoy's ActiveStream with its FilterManager. Everything in it is guarded by
// the lock of its worker while filters run or several goroutines carry it; see
// relay for who reads and writes what outside the lock.
type exchange struct {
	srv    *Server
	worker *worker
	conn   connInfo

	start    time.Time
	protocol string
	// The request as it came, before any filter.
	method, path, authority string
	grpc, head              bool

	req, res message
	filters  []filterState

	details string
	flags   uint64
	// code is the response's status: the upstream's until the filters have passed
	// the headers on, then what the client gets.
	code int
	// sentBytes are the body bytes written to the client.
	sentBytes int64
	// upstreamAddr is where the request went, invalid before.
	upstreamAddr netip.AddrPort
	// state is the filter state that filters set as properties.
	state map[string][]byte

	// answered is set once response headers exist, from the upstream or local.
	answered bool
	// local says that the response is a local reply; the request goes nowhere.
	// direct says that it took the place of a response the filters had begun to
	// see, and that they see no more of it.
	local, direct bool
	// headersOut says that response headers have passed all filters.
	headersOut bool
	// torn says that the exchange ends without (the rest of) a response.
	torn bool
	// logs are the filters' lines for Options.OnRequest.
	logs []LogLine
	// wake tells those halves of the relay that wait for a paused message, by its
	// way, that something changed.
	wake [2]chan struct{}
	// relay is who carries the exchange while it is live, which is from its first
	// callback until nothing is left to carry.
	relay *relay
	live  bool
	// finished is set when the filters have been told about the end.
	finished time.Time
	// upstream lets the half of the relay that reads the request interrupt the other.
	upstream atomic.Pointer[upstreamHandle]

	chunk [2]proxywasm.Buffer
	idBuf [36]byte
}

// upstreamHandle lets one goroutine interrupt another's upstream stream.
type upstreamHandle struct{ stream upstreamStream }

// message is one direction of an exchange.
type message struct {
	way      direction
	headers  proxywasm.HeaderMap
	trailers proxywasm.HeaderMap

	hasHeaders, hasTrailers bool
	// ended says that the peer has sent everything (observedEndStream).
	ended bool
	// held is what a filter keeps back; hasHeld also when it is empty.
	held    proxywasm.Buffer
	hasHeld bool
	// streaming says that the held bytes do not count against the buffer limit.
	streaming bool
	// blocked says that a filter holds everything and reading must stop at the
	// limit; tooLarge that the limit was passed where it may not be.
	blocked, tooLarge bool

	// headerBytes and bodyBytes count what the peer has sent.
	headerBytes, bodyBytes int64

	out output
}

// output is the part of a message that has passed all filters and waits to be
// written to the other peer.
type output struct {
	headers, trailers, end bool
	data                   []byte
}

func (o *output) reset() { *o = output{data: o.data[:0]} }

func (o *output) any() bool { return o.headers || o.trailers || o.end || len(o.data) > 0 }

func (m *message) reset(way direction) {
	m.way = way
	m.headers.Reset(headersOf(way))
	m.trailers.Reset(trailersOf(way))
	m.hasHeaders, m.hasTrailers, m.ended = false, false, false
	m.dropHeld()
	m.streaming, m.blocked, m.tooLarge = false, false, false
	m.headerBytes, m.bodyBytes = 0, 0
	m.out.reset()
	if cap(m.out.data) > bufferLimit {
		m.out.data = nil
	}
}

// full says that the peer must wait until a filter lets go of what it holds.
func (m *message) full() bool { return m.blocked && m.held.Len() >= bufferLimit }

func (m *message) dropHeld() {
	if m.hasHeld && cap(m.held.Bytes()) > bufferLimit {
		m.held = proxywasm.Buffer{}
	}
	m.held.Reset()
	m.hasHeld = false
}

func headersOf(way direction) proxywasm.MapType {
	if way == requestWay {
		return proxywasm.RequestHeaders
	}
	return proxywasm.ResponseHeaders
}

func trailersOf(way direction) proxywasm.MapType {
	if way == requestWay {
		return proxywasm.RequestTrailers
	}
	return proxywasm.ResponseTrailers
}

// reset makes x ready for the next request of a connection.
func (x *exchange) reset(srv *Server, w *worker, conn connInfo) {
	x.srv, x.worker, x.conn = srv, w, conn
	x.start, x.finished = time.Time{}, time.Time{}
	x.protocol, x.method, x.path, x.authority = "", "", "", ""
	x.grpc, x.head = false, false
	x.req.reset(requestWay)
	x.res.reset(responseWay)
	x.details, x.flags, x.code, x.sentBytes = "", 0, 0, 0
	x.upstreamAddr = netip.AddrPort{}
	clear(x.state)
	x.answered, x.local, x.direct, x.headersOut, x.torn = false, false, false, false, false
	x.logs = nil
	x.upstream.Store(nil)
	for way := range x.wake {
		if x.wake[way] == nil {
			x.wake[way] = make(chan struct{}, 1)
		}
		select {
		case <-x.wake[way]:
		default:
		}
	}
	if len(x.filters) != len(w.slots) {
		x.filters = make([]filterState, len(w.slots))
	}
	for i := range x.filters {
		x.filters[i].reset(x, i)
	}
}

// notify wakes what waits in the relay of this exchange.
func (x *exchange) notify() {
	for _, wake := range x.wake {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// status is the response's status as it stands in its headers, 0 without one.
func (x *exchange) status() int {
	v, ok := x.res.headers.GetString(":status")
	if !ok {
		return 0
	}
	return parseStatus(v)
}

// parseStatus reads a status of three digits; anything else is 0.
func parseStatus(v []byte) int {
	if len(v) != 3 {
		return 0
	}
	n := 0
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// note keeps what Options.OnRequest is told about the request.
func (x *exchange) note(method, path, authority string) {
	x.method, x.path, x.authority = method, path, authority
}
