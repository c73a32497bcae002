//go:build unix

package proxy

import (
	"errors"
	"net"
	"syscall"
)

// peerClosed tells whether the peer of an idle connection has closed it, by
// looking at the socket without taking anything from it.
func peerClosed(c net.Conn) bool {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return true
	}
	closed := false
	err = raw.Control(func(fd uintptr) { // not Read: a deadline may have passed
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		waiting := errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR)
		closed = (n == 0 && err == nil) || (err != nil && !waiting)
	})
	return closed || (err != nil && errors.Is(err, net.ErrClosed))
}

// isReset tells whether the peer has reset the connection.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
