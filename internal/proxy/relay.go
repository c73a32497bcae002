package proxy

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// downstream is the client's side of one exchange.
type downstream interface {
	// next returns the next piece of the request's body, valid until the next
	// call; io.EOF is its end.
	next() ([]byte, error)
	// ready says that next will not block.
	ready() bool
	// readTrailers adds the request's trailers after io.EOF; false without any.
	readTrailers(*proxywasm.HeaderMap) bool
	// The writers queue or send parts of the response; end says that nothing follows.
	writeHeaders(h *proxywasm.HeaderMap, end bool) error
	writeData(p []byte, end bool) error
	writeTrailers(h *proxywasm.HeaderMap) error
	flush() error
	// interrupt ends a blocked next from another goroutine. The connection, or
	// at least the stream, is of no further use.
	interrupt()
	// gone says whether the client is known to have left.
	gone() bool
}

// relay carries one exchange between its two peers. Usually one goroutine does
// it: the request first, then the response. When the request's body is not
// there yet, a second goroutine carries the rest of it. What the two share is
// guarded by the worker's lock; each writes only to its own peer. What an event
// has let go while both wait for their peers is carried by a third: see kick.
type relay struct {
	x    *exchange
	d    downstream
	half sync.WaitGroup
	// concurrent says that a second goroutine was started; over that the request
	// has been read to its end.
	concurrent, over bool
	// parked says, under the worker's lock, that the only goroutine waits for x.wake.
	parked bool
	pumps  sync.WaitGroup

	// reqMu orders those who write to the upstream, resMu those who write to the
	// client.
	reqMu, resMu sync.Mutex
	up           upstreamStream // guarded by reqMu
	reqDone      atomic.Bool    // the request was sent to its end, or cannot be
	resBegun     bool           // the response's headers were sent
	resDone      bool           // the response was sent to its end, or cannot be
	resClean     bool           // the client has all of it
	// early says, to the client's writer, that the response begins before the
	// request has ended.
	early bool

	reqData, resData []byte
	upHeaders        proxywasm.HeaderMap
}

// reset readies the relay for x and its client.
func (r *relay) reset(x *exchange, d downstream) {
	r.x, r.d, r.up = x, d, nil
	r.concurrent, r.over, r.parked = false, false, false
	r.reqDone.Store(false)
	r.resBegun, r.resDone, r.resClean, r.early = false, false, false, false
	x.relay = r
}

// taken is what take found.
type taken struct {
	output
	ended, local, torn bool
	// full says that filters hold so much that reading must wait.
	full bool
	// early says that the request has not ended yet.
	early bool
}

// take empties the output of m into buf and prepares its headers for the wire.
func (r *relay) take(m *message, buf *[]byte) taken {
	x := r.x
	x.worker.mu.Lock()
	defer x.worker.unlock()
	if m.out.headers {
		x.seal(m)
	}
	t := taken{
		output: m.out, ended: m.ended, local: x.local, torn: x.torn, full: m.full(),
		early: !x.req.ended,
	}
	m.out = output{data: (*buf)[:0]}
	*buf = t.data
	return t
}

// run carries the exchange to its end. It returns whether both peers have seen
// everything, so that the client's connection can be used again.
func (r *relay) run(end bool) bool {
	x := r.x
	x.worker.mu.Lock()
	x.live = true
	x.begin(&x.req, end)
	x.worker.unlock()
	r.over = end
	r.request()
	clean := r.response()
	if r.concurrent {
		if !clean || !r.requestOver() {
			r.d.interrupt()
			r.interruptUpstream()
		}
		r.half.Wait()
	}
	r.settlePumps(clean)
	if r.up != nil {
		r.up.close(clean)
		x.srv.target.stats.rqActive.Add(-1)
	}
	return clean && r.over
}

// settlePumps waits until no event carries anything of the exchange any more.
func (r *relay) settlePumps(clean bool) {
	x := r.x
	x.worker.mu.Lock()
	x.live = false
	x.worker.unlock()
	if !clean {
		r.interruptUpstream()
	}
	r.pumps.Wait()
}

func (r *relay) requestOver() bool {
	r.x.worker.mu.Lock()
	defer r.x.worker.unlock()
	return r.over
}

// pushed is what a goroutine of the relay has to know after a push.
type pushed struct {
	// done says that nothing is left to push, clean that all went well, early
	// that the response has begun before the end of the request.
	done, clean, early bool
	ended, full        bool
	up                 upstreamStream
}

// request carries the request as far as this goroutine can without listening to
// the upstream.
func (r *relay) request() {
	for waits := 0; ; {
		p := r.pushRequest(false)
		if p.done {
			return
		}
		switch {
		case p.ended || p.full:
			waits++
			r.wait(requestWay, waits)
		case !r.concurrent && (p.up == nil || p.up.duplex()) && !r.d.ready():
			r.concurrent = true
			r.half.Go(func() {
				r.request()
				r.hurry()
				r.x.notify()
			})
			return
		default:
			r.receive()
		}
	}
}

// pushRequest sends what has passed the filters to the upstream. With flush it
// keeps nothing back, and does not look at what the client has sent.
func (r *relay) pushRequest(flush bool) pushed {
	r.reqMu.Lock()
	defer r.reqMu.Unlock()
	if r.reqDone.Load() {
		return pushed{done: true}
	}
	t := r.take(&r.x.req, &r.reqData)
	if t.torn || t.local {
		return pushed{done: true}
	}
	done := (t.any() && !r.send(t, flush)) || t.end
	r.reqDone.Store(done)
	return pushed{done: done, ended: t.ended, full: t.full, up: r.up}
}

// receive reads one piece of the request and lets it pass the filters.
func (r *relay) receive() {
	x := r.x
	p, err := r.d.next()
	x.worker.mu.Lock()
	defer x.worker.unlock()
	m := &x.req
	switch {
	case err != nil && err != io.EOF && x.local: // there is an answer, and nobody waits for the rest
	case err == nil:
		x.data(m, p, false)
	case err == io.EOF:
		r.over = true
		if m.trailers.Reset(proxywasm.RequestTrailers); r.d.readTrailers(&m.trailers) {
			x.finishTrailers(m)
		} else {
			x.data(m, nil, true)
		}
	default:
		x.clientFault(err)
	}
}

// send writes what has passed the filters to the upstream, which it opens with
// the first part. It returns false when that has failed and was answered.
func (r *relay) send(t taken, flush bool) bool {
	if t.headers && !r.open() {
		return false
	}
	if r.up == nil {
		return true
	}
	err := r.write(t)
	if err == nil && (flush || t.end || !r.d.ready()) {
		err = r.up.flush()
	}
	if err == nil {
		return true
	}
	// The upstream may have answered before it closed: the response half finds out.
	return false
}

func (r *relay) write(t taken) error {
	x, more := r.x, len(t.data) > 0 || t.trailers
	if t.headers {
		if err := r.up.writeHeaders(&x.req.headers, t.end && !more); err != nil {
			return err
		}
	}
	if len(t.data) > 0 {
		if err := r.up.writeData(t.data); err != nil {
			return err
		}
	}
	switch {
	case t.trailers:
		return r.up.writeEnd(&x.req.trailers)
	case t.end && (!t.headers || more):
		return r.up.writeEnd(nil)
	}
	return nil
}

// open connects the exchange to the upstream.
func (r *relay) open() bool {
	x := r.x
	target := x.srv.target
	up, err := target.open(x.srv.lifetime, limits{x.srv.upstreamTimeout, streamIdleTimeout})
	target.stats.rqTotal.Add(1)
	if err != nil {
		x.reply(upstreamFault(err))
		return false
	}
	target.stats.rqActive.Add(1)
	r.up = up
	x.upstream.Store(&upstreamHandle{up})
	if r.concurrent {
		x.notify() // the other half waits for it
	}
	return true
}
