package proxy

import "github.com/wasmctl/wasmctl/internal/proxywasm"

// failDetails are Envoy's response code details after a trap.
const failDetails = "wasm_fail_stream"

// start creates the filter's stream, when its VM can still take one. It returns
// false when the filter takes no part.
func (f *filterState) start() bool {
	plugin, verdict := f.x.worker.slots[f.index].acquire()
	switch verdict {
	case slotOpen:
		f.skip = true
		return false
	case slotClosed:
		f.fail()
		return false
	}
	f.running = true
	stream, err := plugin.NewStream(f)
	f.running = false
	if err != nil {
		f.trapped(err)
		return false
	}
	f.stream = stream
	return true
}

// fail answers 503, as Envoy does for a VM that has failed.
func (f *filterState) fail() {
	if !f.failed {
		f.failed = true
		f.reply = &localReply{status: 503, grpc: 14, details: failDetails}
	}
}

// trapped notes that a callback has ended with err.
func (f *filterState) trapped(err error) {
	f.x.worker.slots[f.index].trapped(f.x, err)
	f.fail()
}

// idle says that no callback of the filter must be called.
func (f *filterState) idle() bool { return f.skip || f.failed || f.stream == nil }

// resumed tells whether the callback that has just returned asked to continue
// the direction it was called for, which wins over its status.
func (f *filterState) resumed(way direction) bool {
	r := f.resume[way]
	f.resume[way] = false
	return r
}

// onHeaders runs the headers callback of m's direction.
func (f *filterState) onHeaders(m *message, end bool) proxywasm.HeadersStatus {
	if m.way == requestWay && f.stream == nil && !f.start() && f.skip {
		return proxywasm.HeadersContinue
	}
	if f.idle() {
		return proxywasm.HeadersContinue
	}
	h := &f.hold[m.way]
	h.headers = true
	var status proxywasm.HeadersStatus
	var err error
	f.running = true
	if m.way == requestWay {
		status, err = f.stream.OnRequestHeaders(end)
	} else {
		status, err = f.stream.OnResponseHeaders(end)
	}
	f.running = false
	if err != nil {
		f.trapped(err)
	}
	if f.resumed(m.way) {
		status = proxywasm.HeadersContinue
	}
	if status == proxywasm.HeadersContinue {
		h.headers = false
	}
	return status
}

// onData runs the body callback of m's direction.
func (f *filterState) onData(m *message, data *proxywasm.Buffer, end bool) proxywasm.DataStatus {
	if f.idle() {
		return proxywasm.DataContinue
	}
	h := &f.hold[m.way]
	body := data
	if h.buffering {
		f.x.keep(m, data)
		if f.x.stopped(m) {
			return proxywasm.DataStopIterationNoBuffer
		}
		body = &m.held
	}
	h.body = body
	var status proxywasm.DataStatus
	var err error
	f.running = true
	if m.way == requestWay {
		status, err = f.stream.OnRequestBody(body.Len(), end)
	} else {
		status, err = f.stream.OnResponseBody(body.Len(), end)
	}
	f.running = false
	if err != nil {
		f.trapped(err)
	}
	if f.resumed(m.way) {
		status = proxywasm.DataContinue
	}
	h.buffering = status == proxywasm.DataStopIterationAndBuffer
	if status == proxywasm.DataContinue {
		h.body = nil
	}
	return status
}

// onTrailers runs the trailers callback of m's direction.
func (f *filterState) onTrailers(m *message) proxywasm.TrailersStatus {
	if f.idle() {
		return proxywasm.TrailersContinue
	}
	h := &f.hold[m.way]
	h.trailers = true
	var status proxywasm.TrailersStatus
	var err error
	f.running = true
	if m.way == requestWay {
		status, err = f.stream.OnRequestTrailers()
	} else {
		status, err = f.stream.OnResponseTrailers()
	}
	f.running = false
	if err != nil {
		f.trapped(err)
	}
	if f.resumed(m.way) {
		status = proxywasm.TrailersContinue
	}
	if status == proxywasm.TrailersContinue {
		h.trailers = false
	}
	return status
}

// conclude tells the filters that the exchange is over: on_log of all in the
// order of the chain, then on_done and on_delete. A filter that the request
// never reached gets a context for it, as Envoy's access log does.
func (x *exchange) conclude() {
	for i := range x.filters {
		f := &x.filters[i]
		if f.stream == nil && !f.skip && !f.failed {
			f.start()
		}
		if f.stream == nil {
			continue
		}
		for way := range f.hold {
			f.hold[way] = hold{}
		}
		f.logging = true
		if err := f.stream.OnLog(); err != nil {
			f.trapped(err)
		}
		f.logging = false
	}
	for i := range x.filters {
		f := &x.filters[i]
		if f.stream == nil {
			continue
		}
		if err := f.stream.OnDone(); err != nil {
			f.trapped(err)
		}
		_ = f.stream.OnDelete() // ends the stream also in a failed VM
		f.stream = nil
	}
}
