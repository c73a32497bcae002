//go:build !unix

package proxy

import (
	"errors"
	"net"
	"syscall"
)

// peerClosed cannot look at a socket here; writing will tell.
func peerClosed(net.Conn) bool { return false }

// isReset tells whether the peer has reset the connection.
func isReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }
