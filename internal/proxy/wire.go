package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Limits and times of HTTP/1.1 connections.
const (
	// headLimit bounds a message's head: Envoy's default of 60 KiB.
	headLimit = 60 << 10
	// wireBuffer is what is read at once; it grows to headLimit for a large head.
	wireBuffer = 16 << 10
	// activeTick is how often a wait for a peer in mid-exchange looks around;
	// idleTick the same between requests. Deadlines are set this coarsely because
	// each one costs as much as parsing a header.
	activeTick = time.Second
	idleTick   = time.Minute
	// writeLimit is how long a peer may refuse to take anything.
	writeLimit = 5 * time.Minute
)

var (
	errWaitTooLong  = errors.New("the peer is silent")
	errInterrupted  = errors.New("interrupted")
	errHeadTooLarge = errors.New("the headers are too large")
)

// malformedError says that a peer does not speak HTTP/1.1.
type malformedError struct{ what string }

func (e *malformedError) Error() string { return "malformed message: " + e.what }

// wire is one HTTP/1.1 connection: reading with coarse deadlines, writing
// through a buffer that is flushed by hand.
type wire struct {
	c           net.Conn
	br          *bufio.Reader
	out         []byte
	readBy      time.Time
	writeBy     time.Time
	interrupted atomic.Bool
	// swap guards c where another goroutine interrupts.
	swap sync.Mutex
}

// open makes w the wire of a connection.
func (w *wire) open(c net.Conn) {
	w.c, w.br = c, bufio.NewReaderSize(c, wireBuffer)
}

// replace puts a new connection in place of one that has ended.
func (w *wire) replace(c net.Conn) {
	w.swap.Lock()
	defer w.swap.Unlock()
	w.c, w.readBy, w.writeBy = c, time.Time{}, time.Time{}
	w.br.Reset(c)
}

// await waits until more than n bytes are buffered. limit bounds the wait; 0 is
// no limit. watch, if any, is asked at each tick.
func (w *wire) await(n int, tick, limit time.Duration, watch watcher) error {
	if w.br.Buffered() > n {
		return nil
	}
	var began time.Time
	for {
		now := time.Now()
		if began.IsZero() {
			began = now
		}
		if left := w.readBy.Sub(now); left < tick/2 || left > tick {
			w.readBy = now.Add(tick)
			if err := w.c.SetReadDeadline(w.readBy); err != nil {
				return err
			}
		}
		if w.interrupted.Load() {
			return errInterrupted
		}
		_, err := w.br.Peek(n + 1)
		switch {
		case err == nil:
			return nil
		case w.interrupted.Load():
			return errInterrupted
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case limit > 0 && time.Since(began) >= limit:
			return errWaitTooLong
		case watch != nil && watch.gone():
			return errClientGone
		}
	}
}

// interrupt ends a blocked read or write from another goroutine, for good.
func (w *wire) interrupt() {
	w.swap.Lock()
	defer w.swap.Unlock()
	w.interrupted.Store(true)
	_ = w.c.SetDeadline(time.Unix(1, 0))
}

var crlfcrlf = []byte("\r\n\r\n") //nolint:gochecknoglobals // never written

// head returns a message's head with the blank line behind it, without taking
// it out of the buffer. wait is called for more bytes than are there.
func (w *wire) head(wait func(n int) error) ([]byte, error) {
	from := 0
	for {
		b, _ := w.br.Peek(w.br.Buffered())
		if i := bytes.Index(b[from:], crlfcrlf); i >= 0 {
			if from+i+4 > headLimit {
				return nil, errHeadTooLarge
			}
			return b[:from+i+4], nil
		}
		if bytes.Contains(b[from:], crlfcrlf[1:2]) && (bytes.Contains(b, []byte("\n\n")) || bytes.Contains(b, []byte("\n\r\n"))) {
			return nil, &malformedError{"bare line feed"}
		}
		if len(b) >= headLimit {
			return nil, errHeadTooLarge
		}
		if len(b) == w.br.Size() {
			w.grow()
		}
		from = max(0, len(b)-3)
		if err := wait(len(b)); err != nil {
			return nil, err
		}
	}
}

// grow makes room for a head of headLimit bytes.
func (w *wire) grow() {
	b, _ := w.br.Peek(w.br.Buffered())
	rest := bytes.Clone(b)
	w.br = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(rest), w.c), headLimit+1)
	_, _ = w.br.Peek(len(rest))
}

// line returns the next line without its end, and takes it out of the buffer.
// Only CRLF ends a line.
func (w *wire) line(wait func(n int) error) ([]byte, error) {
	const lineLimit = 8 << 10
	for {
		b, _ := w.br.Peek(w.br.Buffered())
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			if i == 0 || b[i-1] != '\r' {
				return nil, &malformedError{"bare line feed"}
			}
			_, _ = w.br.Discard(i + 1)
			return b[:i-1], nil
		}
		if len(b) >= lineLimit {
			return nil, &malformedError{"line too long"}
		}
		if err := wait(len(b)); err != nil {
			return nil, err
		}
	}
}

// flush writes out what is queued.
func (w *wire) flush() error {
	if len(w.out) == 0 {
		return nil
	}
	err := w.write(w.out)
	if cap(w.out) > 4*wireBuffer {
		w.out = nil
	}
	w.out = w.out[:0]
	return err
}

// write writes p past the queue.
func (w *wire) write(p []byte) error {
	now := time.Now()
	if w.writeBy.Sub(now) < writeLimit/2 {
		w.writeBy = now.Add(writeLimit)
		if err := w.c.SetWriteDeadline(w.writeBy); err != nil {
			return err
		}
		if w.interrupted.Load() {
			return errInterrupted
		}
	}
	_, err := w.c.Write(p)
	return err
}

// queue adds body bytes to what is to be written; large ones go out at once.
func (w *wire) queue(p []byte) error {
	if len(w.out)+len(p) <= 2*wireBuffer {
		w.out = append(w.out, p...)
		return nil
	}
	if err := w.flush(); err != nil {
		return err
	}
	return w.write(p)
}
