package deploy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/hint"
)

// checkAddresses tells whether the addresses of the chain can be listened on
// now. The error is *AddressInUseError, or says what else is wrong with one.
func checkAddresses(ctx context.Context, c *chain.Chain) error {
	listener, err := tryListen(ctx, "listener", "--listen", c.Listen)
	if err != nil {
		return err
	}
	defer listener.Close() // after the second, which must be another one
	admin, err := tryListen(ctx, "admin", "--admin", c.Admin)
	if err != nil {
		return err
	}
	return admin.Close()
}

func tryListen(ctx context.Context, use, flag, address string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, hint.Wrap(&AddressInUseError{Use: use, Address: address},
			fmt.Sprintf("end the program that uses it, or choose another address with %s (port 0 takes a free one)", flag))
	}
	return nil, hint.Wrap(fmt.Errorf("%s address %q: %w", use, address, err),
		fmt.Sprintf("choose an address of this machine with %s HOST:PORT", flag))
}

// fixPort replaces port 0 by one that is free now.
func fixPort(ctx context.Context, address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port != "0" {
		return address, err
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer l.Close()
	return net.JoinHostPort(host, strconv.Itoa(l.Addr().(*net.TCPAddr).Port)), nil
}

// reachable turns an address that is listened on into one to connect to.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port)
}
