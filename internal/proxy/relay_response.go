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
	x := r.x
	if r.up != nil && !r.decided() {
		r.receiveHeaders()
	}
	for waits := 0; ; {
		t := r.take(&x.res, &r.resData)
		if t.torn {
			return false
		}
		if t.any() {
			if err := r.respond(t); err != nil {
				x.fault(detailsClientGone)
				return false
			}
		}
		switch {
		case t.end:
			return r.d.flush() == nil
		case t.ended || t.full || r.up == nil:
			if err := r.d.flush(); err != nil {
				x.fault(detailsClientGone)
			}
			waits++
			r.wait(waits)
		default:
			r.receiveBody()
		}
	}
}

// decided says that the upstream's response is of no interest any more.
func (r *relay) decided() bool {
	r.x.worker.mu.Lock()
	defer r.x.worker.mu.Unlock()
	return r.x.local || r.x.torn
}

// receiveHeaders reads the upstream's response headers and lets them pass the
// filters.
func (r *relay) receiveHeaders() {
	x := r.x
	began := time.Now()
	r.upHeaders.Reset(proxywasm.ResponseHeaders)
	end, err := r.up.readHeaders(&r.upHeaders, r.d)
	x.worker.mu.Lock()
	defer x.worker.mu.Unlock()
	if x.local || x.torn {
		return
	}
	if err != nil {
		r.headersFault(err)
		return
	}
	r.upHeaders.SetString("x-envoy-upstream-service-time", milliseconds(time.Since(began)))
	x.res.headers, r.upHeaders = r.upHeaders, x.res.headers
	x.upstreamAddr = r.up.address()
	x.answered = true
	x.code = x.status()
	x.details = "via_upstream"
	countClass(&x.srv.stats.upRqClass, x.code)
	x.begin(&x.res, end)
}

// headersFault answers for an upstream that did not.
func (r *relay) headersFault(err error) {
	x := r.x
	if errors.Is(err, errClientGone) {
		x.tear(detailsClientGone)
		return
	}
	reply := upstreamFault(err)
	if reply.status == 504 {
		x.srv.stats.upRqTimeout.Add(1)
	} else {
		x.srv.stats.upRqReset.Add(1)
	}
	countClass(&x.srv.stats.upRqClass, reply.status)
	x.upstreamAddr = r.up.address()
	x.sendLocalReply(reply)
}

// receiveBody reads one piece of the response and lets it pass the filters.
func (r *relay) receiveBody() {
	x := r.x
	if !r.up.ready() {
		if err := r.d.flush(); err != nil {
			x.fault(detailsClientGone)
			return
		}
	}
	p, err := r.up.next(r.d)
	x.worker.mu.Lock()
	defer x.worker.mu.Unlock()
	m := &x.res
	switch {
	case x.torn || x.direct || x.local:
	case err == nil:
		x.data(m, p, false)
	case err == io.EOF:
		if m.trailers.Reset(proxywasm.ResponseTrailers); r.up.readTrailers(&m.trailers) {
			x.finishTrailers(m)
		} else {
			x.data(m, nil, true)
		}
	case errors.Is(err, errClientGone):
		x.tear(detailsClientGone)
	default:
		x.srv.stats.upRqReset.Add(1)
		x.tear("upstream_reset_after_response_started{" + resetReason(err) + "}")
	}
}

// respond writes what has passed the filters to the client.
func (r *relay) respond(t taken) error {
	x, more := r.x, len(t.data) > 0 || t.trailers
	if t.headers {
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
