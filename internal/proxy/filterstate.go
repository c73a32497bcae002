package proxy

import (
	"bytes"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// iteration says how far a filter lets a message pass it.
type iteration int

const (
	iterating     iteration = iota
	stoppedSingle           // headers or data are held, data callbacks still run
	stoppedBuffer           // nothing runs; the body is kept up to the limit
	stoppedWater            // nothing runs; at the limit reading stops
)

func (i iteration) all() bool { return i == stoppedBuffer || i == stoppedWater }

// hold is the state of one filter for one direction: Envoy's
// ActiveStreamFilterBase.
type hold struct {
	state            iteration
	headersContinued bool
	seenEnd          bool
	// buffering says that the filter's last body callback asked for the whole
	// body, so that its next one is shown all that is held.
	buffering bool

	// What the filter can reach: Envoy's Context forgets a map or a body as soon
	// as it was passed on.
	headers, trailers bool
	body              *proxywasm.Buffer
}

// filterState is one filter of the chain in one exchange. It is the StreamHost
// of the filter's stream.
type filterState struct {
	x      *exchange
	index  int
	stream *proxywasm.Stream
	hold   [2]hold
	// skip says that the filter takes no part: its VM failed and it is open.
	skip bool
	// logging is set while OnLog runs: the finished maps can be read.
	logging bool
	// failed says that the 503 of a trap was already asked for.
	failed bool

	// running is set while a callback of this stream runs, touched while the
	// stream stands in its worker's list of those that another one acted on.
	running, touched bool
	// What the running callback, or one of another context, asked for.
	reply *localReply
	// again is a second reply from another context: Envoy sends it while the first
	// one passes the filter, and so in its place.
	again     *localReply
	resume    [2]bool
	closeConn bool
}

func (f *filterState) reset(x *exchange, index int) {
	*f = filterState{x: x, index: index}
}

// HeaderMap implements proxywasm.StreamHost.
func (f *filterState) HeaderMap(t proxywasm.MapType) *proxywasm.HeaderMap {
	x := f.x
	m, way := &x.req, requestWay
	if t == proxywasm.ResponseHeaders || t == proxywasm.ResponseTrailers {
		m, way = &x.res, responseWay
	}
	h := &f.hold[way]
	switch t {
	case proxywasm.RequestHeaders, proxywasm.ResponseHeaders:
		if h.headers || (f.logging && m.hasHeaders) {
			return &m.headers
		}
	case proxywasm.RequestTrailers, proxywasm.ResponseTrailers:
		if h.trailers || (f.logging && m.hasTrailers && way == responseWay) {
			return &m.trailers
		}
	}
	return nil
}

// Body implements proxywasm.StreamHost.
func (f *filterState) Body(t proxywasm.BufferType) *proxywasm.Buffer {
	switch t {
	case proxywasm.RequestBody:
		return f.body(requestWay)
	case proxywasm.ResponseBody:
		return f.body(responseWay)
	}
	return nil
}

func (f *filterState) body(way direction) *proxywasm.Buffer {
	h := &f.hold[way]
	if h.buffering {
		return &f.x.message(way).held
	}
	return h.body
}

// SendLocalResponse implements proxywasm.StreamHost.
func (f *filterState) SendLocalResponse(r proxywasm.LocalResponse) {
	if f.logging || f.again != nil || (f.reply != nil && f.running) {
		return
	}
	f.touch()
	headers := proxywasm.NewHeaderMap(proxywasm.ResponseHeaders)
	headers.CopyFrom(r.Headers)
	reply := &localReply{
		status:  int(r.Code),
		body:    bytes.Clone(r.Body),
		headers: headers,
		grpc:    int(r.GRPCStatus),
		details: detailsText(r.Details),
	}
	if f.reply != nil {
		f.again = reply
		return
	}
	f.reply = reply
}

// ContinueStream implements proxywasm.StreamHost.
func (f *filterState) ContinueStream(t proxywasm.StreamType) {
	way := requestWay
	if t == proxywasm.ResponseStream {
		if !f.x.res.hasHeaders {
			return // Envoy crashes on this one; there is nothing to continue
		}
		way = responseWay
	}
	f.touch()
	f.resume[way] = true
	// Envoy forgets the request in both cases, and the response in none.
	req := &f.hold[requestWay]
	req.headers, req.trailers, req.body = false, false, nil
}

// CloseStream implements proxywasm.StreamHost.
func (f *filterState) CloseStream(proxywasm.StreamType) {
	f.touch()
	f.closeConn = true
}

// touch notes that another context than the stream's own acts on it, so that
// what it asks for is carried out although no callback of the stream returns.
func (f *filterState) touch() {
	if f.running || f.touched {
		return
	}
	f.touched = true
	f.x.worker.touched = append(f.x.worker.touched, f)
}

// SetProperty implements proxywasm.StreamHost.
func (f *filterState) SetProperty(path, value []byte) proxywasm.Status {
	x := f.x
	if x.state == nil {
		x.state = map[string][]byte{}
	}
	x.state[string(path)] = bytes.Clone(value)
	return proxywasm.StatusOK
}

// detailsText turns blanks into "_", as Envoy does to keep access logs in columns.
func detailsText(b []byte) string {
	t := bytes.Clone(b)
	for i, c := range t {
		if c == ' ' || (c >= '\t' && c <= '\r') {
			t[i] = '_'
		}
	}
	return string(t)
}
