package proxy

import (
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// response carries the response to the client and returns whether it got all
// of it.
func (r *relay) response() bool {
	up := r.awaitUpstream()
	if up != nil && !r.decided() {
		r.receiveHeaders(up)
	}
	for waits := 0; ; {
		p := r.pushResponse(false)
		if p.done {
			return p.clean
		}
		if p.ended || p.full || up == nil {
			r.flush()
			waits++
			r.wait(responseWay, waits)
			continue
		}
		r.receiveBody(up)
	}
}

// awaitUpstream waits until the other half of the relay, or an event, has opened
// the upstream, and for one that answers whole requests only, has sent it all.
// nil means that the request goes nowhere.
func (r *relay) awaitUpstream() upstreamStream {
	for {
		done := r.reqDone.Load() // before the upstream, which is opened first
		var up upstreamStream
		if h := r.x.upstream.Load(); h != nil {
			up = h.stream
		}
		if done || (up != nil && up.duplex()) || r.decided() {
			return up
		}
		r.wait(responseWay, 0) // the other half counts
	}
}

// pushResponse sends what has passed the filters to the client. event says that
// it is not the relay's own goroutine that does it.
func (r *relay) pushResponse(event bool) pushed {
	r.resMu.Lock()
	defer r.resMu.Unlock()
	if r.resDone {
		return pushed{done: true, clean: r.resClean, early: r.early}
	}
	x := r.x
	t := r.take(&x.res, &r.resData)
	switch {
	case t.torn:
		r.resDone, r.early = true, t.early
		return pushed{done: true, early: t.early}
	case t.any():
		r.early = t.early && (event || r.concurrent)
		if err := r.respond(t); err != nil {
			x.fault(detailsClientGone)
			r.resDone = true
			return pushed{done: true}
		}
	}
	if t.end || event {
		r.resClean = r.d.flush() == nil && t.end
		r.resDone = t.end
	}
	return pushed{done: r.resDone, clean: r.resClean, early: r.early, ended: t.ended, full: t.full}
}

// flush sends what is queued for the client, false when it has left.
func (r *relay) flush() bool {
	r.resMu.Lock()
	err := r.d.flush()
	r.resMu.Unlock()
	if err != nil {
		r.x.fault(detailsClientGone)
	}
	return err == nil
}

// decided says that the upstream's response is of no interest any more.
func (r *relay) decided() bool {
	r.x.worker.mu.Lock()
	defer r.x.worker.unlock()
	return r.x.local || r.x.torn
}

// receiveHeaders reads the upstream's response headers and lets them pass the
// filters.
func (r *relay) receiveHeaders(up upstreamStream) {
	x := r.x
	began := time.Now()
	r.upHeaders.Reset(proxywasm.ResponseHeaders)
	end, err := up.readHeaders(&r.upHeaders, r.d)
	x.worker.mu.Lock()
	defer x.worker.unlock()
	if x.local || x.torn {
		return
	}
	if err != nil {
		r.headersFault(up, err)
		return
	}
	r.upHeaders.SetString("x-envoy-upstream-service-time", milliseconds(time.Since(began)))
	x.res.headers, r.upHeaders = r.upHeaders, x.res.headers
	x.upstreamAddr = up.address()
	x.answered = true
	x.code = x.status()
	x.details = "via_upstream"
	countClass(&x.srv.target.stats.rqClass, x.code)
	x.begin(&x.res, end)
}

// headersFault answers for an upstream that did not.
func (r *relay) headersFault(up upstreamStream, err error) {
	x := r.x
	if errors.Is(err, errClientGone) {
		x.tear(detailsClientGone)
		return
	}
	reply := upstreamFault(err)
	if reply.status == 504 {
		x.srv.target.stats.rqTimeout.Add(1)
	} else {
		x.srv.target.stats.rqReset.Add(1)
	}
	countClass(&x.srv.target.stats.rqClass, reply.status)
	x.upstreamAddr = up.address()
	x.sendLocalReply(reply)
}

// receiveBody reads one piece of the response and lets it pass the filters.
func (r *relay) receiveBody(up upstreamStream) {
	x := r.x
	if !up.ready() && !r.flush() {
		return
	}
	p, err := up.next(r.d)
	x.worker.mu.Lock()
	defer x.worker.unlock()
	m := &x.res
	switch {
	case x.torn || x.direct || x.local:
	case err == nil:
		x.data(m, p, false)
	case err == io.EOF:
		if m.trailers.Reset(proxywasm.ResponseTrailers); up.readTrailers(&m.trailers) {
			x.finishTrailers(m)
		} else {
			x.data(m, nil, true)
		}
	case errors.Is(err, errClientGone):
		x.tear(detailsClientGone)
	default:
		x.srv.target.stats.rqReset.Add(1)
		x.tear("upstream_reset_after_response_started{" + resetReason(err) + "}")
	}
}

// respond writes what has passed the filters to the client.
func (r *relay) respond(t taken) error {
	x, more := r.x, len(t.data) > 0 || t.trailers
	if t.headers {
		r.resBegun = true
		if err := r.d.writeHeaders(&x.res.headers, t.end && !more); err != nil {
			return err
		}
	}
	if len(t.data) > 0 {
		x.sentBytes += int64(len(t.data))
		if err := r.d.writeData(t.data, t.end && !t.trailers); err != nil {
			return err
		}
	}
	switch {
	case t.trailers:
		return r.d.writeTrailers(&x.res.trailers)
	case t.end && !t.headers && len(t.data) == 0:
		return r.d.writeData(nil, true)
	}
	return nil
}

// milliseconds is d in whole milliseconds, without an allocation for small ones.
func milliseconds(d time.Duration) string { return strconv.Itoa(int(d / time.Millisecond)) }
