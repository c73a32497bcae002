package proxy

import (
	"encoding/binary"
	"sync"
)

// grpcQueue is what a filter has sent on a stream and what was not written yet,
// as frames: gRPC over HTTP/2, "Length-Prefixed-Message".
type grpcQueue struct {
	mu     sync.Mutex
	more   *sync.Cond
	frames []byte
	// last says that the filter sends nothing more, written that all was taken.
	last, written bool
}

func (q *grpcQueue) init() { q.more = sync.NewCond(&q.mu) }

// push queues a message; false says that there is too much in the queue.
func (q *grpcQueue) push(message []byte, last bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.last {
		return true // Envoy drops what comes behind the end
	}
	if len(q.frames)+len(message) > maxGRPCQueue {
		return false
	}
	q.frames = append(q.frames, 0)
	q.frames = binary.BigEndian.AppendUint32(q.frames, uint32(len(message)))
	q.frames = append(q.frames, message...)
	q.last = last
	q.more.Signal()
	return true
}

// close ends the queue; what is in it is still taken.
func (q *grpcQueue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last = true
	q.more.Signal()
}

// take waits for frames, or for the end.
func (q *grpcQueue) take() (frames []byte, end bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.frames) == 0 && !q.last {
		q.more.Wait()
	}
	frames, q.frames = q.frames, nil
	q.written = q.last
	return frames, q.last
}

// ended tells whether the filter's side has come to its end.
func (q *grpcQueue) ended() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.last
}

// sentAll tells whether that end was written.
func (q *grpcQueue) sentAll() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.written
}
