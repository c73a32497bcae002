package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync"
	"time"
)

// schemes remembers which registries on localhost speak plain http.
type schemes struct {
	mu    sync.Mutex
	known map[string]bool
}

func isLocalhost(registry string) bool {
	host, _, _ := strings.Cut(registry, ":")
	return host == "localhost"
}

func dialer(timeout time.Duration) *net.Dialer {
	return &net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second}
}

// plain finds out whether a registry on this machine speaks plain http, by
// starting TLS with it. No certificate is judged and nothing is sent: the real
// connection does that.
func (s *schemes) plain(ctx context.Context, registry string, timeout time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if plain, ok := s.known[registry]; ok {
		return plain, nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	address := registry
	if !strings.Contains(registry, ":") {
		// oras-go takes the port from the scheme. Where both answer https wins.
		address += ":443"
	}
	plain, err := speaksPlain(ctx, address, timeout)
	if err != nil && address == registry {
		return false, err
	}
	if s.known == nil {
		s.known = map[string]bool{}
	}
	s.known[registry] = plain || err != nil
	return s.known[registry], nil
}

func speaksPlain(ctx context.Context, address string, timeout time.Duration) (bool, error) {
	conn, err := dialer(timeout).DialContext(ctx, "tcp", address)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	err = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx) //nolint:gosec // see plain
	var record tls.RecordHeaderError
	return errors.As(err, &record) && strings.HasPrefix(string(record.RecordHeader[:]), "HTTP/"), ctx.Err()
}
