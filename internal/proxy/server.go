// Package proxy is the HTTP data plane of wasmctl: a listener whose requests
// pass a chain of filters on their way to an upstream and back, and an admin
// listener that tells how it fares. It does what Envoy's HTTP connection
// manager, router and Wasm filter do, as far as a filter or a client can see.
//
// Where it differs on purpose: the server header says wasmctl; upgrades are
// answered with 403; the route timeout of 15 seconds covers the time until the
// response begins, so that streams may go on; an upstream's kept connection
// that turns out closed costs a retry where that is safe.
package proxy

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// Options are the settings of a Server.
type Options struct {
	// Chain holds the filters, the upstream and the addresses to listen on. An
	// empty Admin address means no admin listener.
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

// defaultUpstreamTimeout is Envoy's default route timeout.
const defaultUpstreamTimeout = 15 * time.Second

// Server is the data plane with its filters started and its addresses bound.
type Server struct {
	opts            Options
	filters         []chain.Filter
	logLevel        proxywasm.LogLevel
	upstreamTimeout time.Duration // 0 is no limit
	timeoutText     string

	engine   *proxywasm.Engine
	programs []*proxywasm.Program // by filter
	metrics  *proxywasm.Metrics
	shared   *proxywasm.Shared
	workers  []*worker

	listener, admin net.Listener
	target          *cluster // behind the last filter
	clusters        map[string]*cluster
	h2              *h2Server
	conns           connSet
	stats           stats
	clock           clock

	serving  atomic.Bool
	draining atomic.Int32
	// calls ends, after the filters, what is left of their calls; inFlight are
	// the goroutines that carry them.
	calls    context.Context
	endCalls context.CancelFunc
	inFlight sync.WaitGroup
	// killed is closed when requests in flight have to end at once; lifetime ends then.
	killed   chan struct{}
	lifetime context.Context
	stop     context.CancelFunc
}

// New compiles and starts the filters and binds the listeners; nothing is
// served before Serve. An address that is in use is reported before any module
// is compiled, every other error before anything listens.
func New(ctx context.Context, o Options) (*Server, error) {
	s := &Server{
		opts: o, filters: o.Chain.Filters, killed: make(chan struct{}),
		metrics: proxywasm.NewMetrics(), shared: proxywasm.NewShared(),
	}
	s.lifetime, s.stop = context.WithCancel(context.Background())
	s.calls, s.endCalls = context.WithCancel(context.Background())
	if err := s.configure(); err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		s.serving.Store(true)
		s.stop()
		_ = s.stopFilters(context.WithoutCancel(ctx)) // the first error is the one to tell
		return nil, err
	}
	return s, nil
}

// configure reads the options.
func (s *Server) configure() error {
	if err := s.opts.Chain.CheckNames(); err != nil {
		return err
	}
	s.logLevel = proxywasm.LogInfo
	if s.opts.LogLevel != "" {
		level, ok := proxywasm.ParseLogLevel(s.opts.LogLevel)
		if !ok {
			return hint.Errorf("use trace, debug, info, warn, error or critical", "unknown log level %q", s.opts.LogLevel)
		}
		s.logLevel = level
	}
	s.upstreamTimeout = max(s.opts.UpstreamTimeout, 0)
	if s.opts.UpstreamTimeout == 0 {
		s.upstreamTimeout = defaultUpstreamTimeout
	}
	s.timeoutText = timeoutHeader(s.upstreamTimeout)
	s.stats.started = time.Now()
	s.newClusters()
	s.h2 = newH2Server(s)
	return nil
}

// open does what can fail for outer reasons: ports, modules, filters.
func (s *Server) open(ctx context.Context) error {
	c := s.opts.Chain
	if err := checkFree(ctx, c.Listen, "--listen"); err != nil {
		return err
	}
	if c.Admin != "" {
		if err := checkFree(ctx, c.Admin, "--admin"); err != nil {
			return err
		}
	}
	engine, err := proxywasm.NewEngine(proxywasm.EngineOptions{CacheDir: s.opts.CacheDir})
	if err != nil {
		return err
	}
	s.engine = engine
	if err := s.compile(ctx); err != nil {
		return err
	}
	if err := s.startWorkers(ctx); err != nil {
		return err
	}
	return s.bind(ctx)
}

// bind opens the listeners, both or none.
func (s *Server) bind(ctx context.Context) (err error) {
	c := s.opts.Chain
	if s.listener, err = bind(ctx, c.Listen, "--listen"); err != nil {
		return err
	}
	if c.Admin == "" {
		return nil
	}
	if s.admin, err = bind(ctx, c.Admin, "--admin"); err != nil {
		_ = s.listener.Close()
	}
	return err
}

// Addr is the address of the listener.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// AdminAddr is the address of the admin listener, nil without one.
func (s *Server) AdminAddr() net.Addr {
	if s.admin == nil {
		return nil
	}
	return s.admin.Addr()
}
