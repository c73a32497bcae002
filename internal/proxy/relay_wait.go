package proxy

import (
	"errors"
	"time"
)

// This file has what wakes a relay, and what it does meanwhile.

// kick makes sure that what an event has moved goes on, whatever the relay waits
// for. It runs under the worker's lock, while the exchange is live.
func (r *relay) kick() {
	r.x.notify()
	if r.parked {
		return
	}
	r.pumps.Add(1)
	go func() {
		defer r.pumps.Done()
		r.pushRequest(true)
		if p := r.pushResponse(true); p.done && p.early {
			r.d.interrupt() // nobody needs the rest of the request
		}
		r.hurry()
	}()
}

// hurry ends the response half's wait for the upstream when the exchange was
// decided without it.
func (r *relay) hurry() {
	x := r.x
	x.worker.mu.Lock()
	decided := x.local || x.torn
	x.worker.unlock()
	if decided {
		r.interruptUpstream()
	}
}

func (r *relay) interruptUpstream() {
	if h := r.x.upstream.Load(); h != nil {
		h.stream.interrupt()
	}
}

// wait waits until another party may have moved a held message on. waits counts
// the calls in a row; after too many of them the client gets an answer.
func (r *relay) wait(way direction, waits int) {
	x := r.x
	if waits > int(streamIdleTimeout/waitPoll) {
		x.reply(&localReply{status: 504, body: []byte("stream timeout"), grpc: -1, details: "stream_idle_timeout", flag: flagStreamIdleTimeout})
		return
	}
	r.park(true)
	defer r.park(false)
	poll := time.NewTimer(waitPoll)
	defer poll.Stop()
	select {
	case <-x.wake[way]:
	case <-x.srv.killed:
		x.fault("server_shutdown")
	case <-poll.C:
		if r.d.gone() {
			x.fault(detailsClientGone)
		}
	}
}

// park tells events whether waking this goroutine is all they have to do.
func (r *relay) park(parked bool) {
	if r.concurrent {
		return // the other one may wait for a peer
	}
	r.x.worker.mu.Lock()
	defer r.x.worker.unlock()
	r.parked = parked
}

const (
	// streamIdleTimeout is how long a message may be held: Envoy's default.
	streamIdleTimeout = 5 * time.Minute
	// waitPoll is how often a waiting relay looks whether the client is still there.
	waitPoll = time.Second / 4
	// detailsClientGone are the details of an exchange whose client left.
	detailsClientGone = "downstream_remote_disconnect"
)

// reply sends a local reply from outside the filters.
func (x *exchange) reply(r *localReply) {
	x.worker.mu.Lock()
	defer x.worker.unlock()
	x.sendLocalReply(r)
}

// fault ends the exchange from outside the filters.
func (x *exchange) fault(details string) {
	x.worker.mu.Lock()
	defer x.worker.unlock()
	x.tear(details)
}

// clientFault is what a request whose body cannot be read ends with. It runs
// under the worker's lock.
func (x *exchange) clientFault(err error) {
	var malformed *malformedError
	if errors.As(err, &malformed) {
		x.sendLocalReply(&localReply{status: 400, body: []byte("Bad Request"), grpc: -1, details: "http1.codec_error"})
		return
	}
	x.flags |= flagDownstreamTermination
	x.tear(detailsClientGone)
}
