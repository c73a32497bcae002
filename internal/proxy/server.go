// Package proxy is the HTTP data plane of wasmctl: a listener whose requests
// pass a chain of filters on their way to an upstream and back, and an admin
// listener that tells how it fares. It does what Envoy's HTTP connection
// manager, router and Wasm filter do, as far as a filter or a client can see.
package proxy

import (
	"context"
	"net"
	"time"

	"github.com/wasmctl/wasmctl/internal/chain"
)

// Options are the settings of a Server.
type Options struct {
	// Chain holds the filters, the upstream and the addresses to listen on.
	Chain *chain.Chain
	// CacheDir keeps compiled modules between runs; "" keeps them in memory only.
	CacheDir string
	// Concurrency is the number of workers, each with a VM of its own per
	// filter; 0 means 1.
	Concurrency int
	// LogLevel is the lowest level of filter log lines that is reported: trace,
	// debug, info, warn, error or critical; "" means info.
	LogLevel string
	// UpstreamTimeout is how long the upstream may take to begin its response
	// once it has the whole request; 0 means 15 seconds, as Envoy's route
	// timeout, and a negative value no limit.
	UpstreamTimeout time.Duration
	// OnRequest is called after each request, from several goroutines at once.
	OnRequest func(Exchange)
	// OnLog is called with the log lines written outside a request, and with all
	// of them when OnRequest is nil. It must not block: filters wait for it.
	OnLog func(LogLine)
}

// Server is the data plane with its filters started and its addresses bound.
type Server struct{}

// New compiles and starts the filters and binds the listeners; nothing is
// served before Serve. An address that is in use is reported before any module
// is compiled, every other error before anything listens.
func New(ctx context.Context, o Options) (*Server, error) { panic("todo") }

// Addr is the address of the listener.
func (s *Server) Addr() net.Addr { panic("todo") }

// AdminAddr is the address of the admin listener.
func (s *Server) AdminAddr() net.Addr { panic("todo") }

// Serve handles requests until ctx is cancelled. It then accepts no more
// connections, gives the requests in flight five seconds to end, stops the
// filters, releases everything and returns nil.
func (s *Server) Serve(ctx context.Context) error { panic("todo") }

// Close releases a server on which Serve is never called.
func (s *Server) Close() error { panic("todo") }
