package proxy

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// checkFree tells early whether something else listens on address; port 0 is
// always free.
func checkFree(ctx context.Context, address, flag string) error {
	l, err := bind(ctx, address, flag)
	if err != nil {
		return err
	}
	return l.Close()
}

// bind listens on address. The flag is the one a user may give another address with.
func bind(ctx context.Context, address, flag string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err == nil {
		return l, nil
	}
	next := "give another address with " + flag + ", for example " + flag + " 127.0.0.1:0"
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, hint.Errorf("stop what listens there, or "+next, "%s is in use: %w", address, err)
	}
	return nil, hint.Errorf(next, "cannot listen on %s: %w", address, err)
}

// accept serves the connections of l until it is closed.
func (s *Server) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(acceptPause) // out of file descriptors, most likely
			continue
		}
		s.conns.add(s.newConn(c), func(conn *h1Conn) { conn.serve() })
	}
}

// acceptPause keeps a failing accept from spinning.
const acceptPause = 20 * time.Millisecond

func (s *Server) newConn(c net.Conn) *h1Conn {
	id := s.stats.cxTotal.Add(1)
	conn := &h1Conn{
		srv:    s,
		worker: s.workers[int(id)%len(s.workers)],
		info:   connInfo{id: uint64(id - 1), source: addrPort(c.RemoteAddr()), local: addrPort(c.LocalAddr())},
	}
	conn.wire.open(c)
	return conn
}

func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		p := t.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	return netip.AddrPort{}
}

// connSet holds the connections that are being served.
type connSet struct {
	mu     sync.Mutex
	closed bool
	conns  map[*h1Conn]struct{}
	wg     sync.WaitGroup
}

// add serves a connection in a goroutine of its own.
func (cs *connSet) add(c *h1Conn, serve func(*h1Conn)) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.closed {
		_ = c.wire.c.Close()
		return
	}
	if cs.conns == nil {
		cs.conns = map[*h1Conn]struct{}{}
	}
	cs.conns[c] = struct{}{}
	cs.wg.Go(func() {
		defer cs.remove(c)
		serve(c)
	})
}

func (cs *connSet) remove(c *h1Conn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.conns, c)
}

// drain closes idle connections and lets the others end their request.
func (cs *connSet) drain() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.closed = true
	for c := range cs.conns {
		c.closeIfIdle()
	}
}

// kill ends all connections.
func (cs *connSet) kill() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for c := range cs.conns {
		c.wire.interrupt()
		_ = c.wire.c.Close()
	}
}

// waitIdle waits until all connections have ended, or ctx has.
func (cs *connSet) waitIdle(ctx context.Context) {
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		cs.mu.Lock()
		n := len(cs.conns)
		for c := range cs.conns {
			c.closeIfIdle()
		}
		cs.mu.Unlock()
		if n == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
	}
}
