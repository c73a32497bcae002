package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// begin counts an exchange that is about to start.
func (s *Server) begin(x *exchange) {
	s.stats.rqTotal.Add(1)
	s.stats.rqActive.Add(1)
	if x.protocol == "HTTP/2" {
		s.stats.rqHTTP2.Add(1)
	} else {
		s.stats.rqHTTP1.Add(1)
	}
}

// conclude tells the filters, the counters and the caller that x is over.
func (s *Server) conclude(x *exchange) {
	x.worker.mu.Lock()
	x.finished = time.Now()
	x.conclude()
	status, torn := x.code, x.torn
	x.worker.unlock()
	s.stats.rqActive.Add(-1)
	if torn && !x.headersOut {
		status = 0
	}
	countClass(&s.stats.rqClass, status)
	if torn {
		s.stats.rqReset.Add(1)
	}
	if s.opts.OnRequest == nil {
		return
	}
	s.opts.OnRequest(Exchange{
		Time: x.start, Method: x.method, Path: x.path, Authority: x.authority, Protocol: x.protocol,
		Status: status, Duration: x.finished.Sub(x.start), Details: x.details,
		RequestBytes: x.req.bodyBytes, ResponseBytes: x.sentBytes, Logs: x.logs,
	})
}

// addProxyHeaders adds what Envoy's connection manager adds in front of the filters.
func (s *Server) addProxyHeaders(x *exchange) {
	h := &x.req.headers
	if _, ok := h.GetString("x-forwarded-proto"); !ok {
		h.AddString("x-forwarded-proto", "http")
	}
	if _, ok := h.GetString("x-request-id"); !ok {
		h.Add([]byte("x-request-id"), newRequestID(&x.idBuf))
	}
}

// newRequestID is a random UUID: RFC 9562 §5.4.
func newRequestID(buf *[36]byte) []byte {
	const hex = "0123456789abcdef"
	a, b := rand.Uint64(), rand.Uint64()
	a = a&^0xf000 | 0x4000
	b = b&^(0xc<<60) | 0x8<<60
	at := 0
	for i, half := range [2]uint64{a, b} {
		for shift := 60; shift >= 0; shift -= 4 {
			if n := i*16 + (60-shift)/4; n == 8 || n == 12 || n == 16 || n == 20 {
				buf[at] = '-'
				at++
			}
			buf[at] = hex[half>>shift&15]
			at++
		}
	}
	return buf[:]
}

// clock makes the value of the date header, anew once a second.
type clock struct{ now atomic.Pointer[dateText] }

type dateText struct {
	second int64
	text   string
}

func (c *clock) date() string {
	now := time.Now()
	if d := c.now.Load(); d != nil && d.second == now.Unix() {
		return d.text
	}
	d := &dateText{now.Unix(), now.UTC().Format(http.TimeFormat)}
	c.now.Store(d)
	return d.text
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// discardLog keeps net/http from writing to stderr.
func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

// drainTime is how long requests in flight may go on after the end was asked
// for; what the filters' own ends take comes on top.
const drainTime = 4500 * time.Millisecond

// Serve handles requests until ctx is cancelled. It then accepts no more
// connections, gives the requests in flight five seconds at most, stops the
// filters, releases everything and returns nil.
func (s *Server) Serve(ctx context.Context) error {
	if !s.serving.CompareAndSwap(false, true) {
		return errors.New("the server has been used already")
	}
	admin := s.newAdmin()
	if s.admin != nil {
		s.conns.wg.Go(func() { _ = admin.Serve(s.admin) })
	}
	for _, w := range s.workers {
		w.openEvents()
	}
	s.conns.wg.Go(func() { _ = s.h2.server.Serve(s.h2) })
	s.conns.wg.Go(func() { s.accept(s.listener) })
	<-ctx.Done()
	return s.shutdown(context.WithoutCancel(ctx), admin)
}

// shutdown ends everything that Serve has started.
func (s *Server) shutdown(ctx context.Context, admin *http.Server) error {
	s.draining.Store(1)
	_ = s.listener.Close()
	limited, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	s.conns.drain()
	_ = s.h2.server.Shutdown(limited) // it waits for its streams, with GOAWAY first
	s.conns.waitIdle(limited)
	close(s.killed)
	s.stop()
	_ = s.h2.server.Close()
	_ = s.h2.Close()
	s.conns.kill()
	_ = admin.Close()
	s.conns.wg.Wait()
	if err := s.stopFilters(ctx); err != nil {
		return fmt.Errorf("stop the filters: %w", err)
	}
	return nil
}

// Close releases a server on which Serve is never called. After Serve it does nothing.
func (s *Server) Close() error {
	if !s.serving.CompareAndSwap(false, true) {
		return nil
	}
	for _, l := range []io.Closer{s.listener, s.admin} {
		if l != nil {
			_ = l.Close()
		}
	}
	s.stop()
	return s.stopFilters(context.Background())
}
