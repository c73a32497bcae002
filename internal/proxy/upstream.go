package proxy

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// cluster is a service that requests and the calls of filters go to.
type cluster struct {
	upstream
	name  string
	stats clusterStats
}

// upstream is the way to a cluster. It may be used from several goroutines.
type upstream interface {
	// open readies a stream for one exchange, which may mean to connect. When ctx
	// ends, so does the opening; a stream that was opened may end as well.
	open(ctx context.Context, p limits) (upstreamStream, error)
	// close frees idle connections.
	close()
}

// limits are how long an upstream may take; 0 is no limit.
type limits struct {
	// headers is the time until the response's headers, from the end of the request
	// on; idle the time between two pieces of the response.
	headers, idle time.Duration
}

// watcher is who waits for the upstream: it is asked now and then whether that
// is still worth the while.
type watcher interface{ gone() bool }

// upstreamStream is the upstream's side of one exchange. The writing and the
// reading methods may be used by one goroutine each.
type upstreamStream interface {
	writeHeaders(h *proxywasm.HeaderMap, end bool) error
	writeData(p []byte) error
	// writeEnd ends the request, with trailers unless they are nil.
	writeEnd(trailers *proxywasm.HeaderMap) error
	flush() error
	// duplex says that the response may begin before the request has ended.
	duplex() bool

	// readHeaders reads the response headers; end says that nothing follows.
	readHeaders(h *proxywasm.HeaderMap, w watcher) (end bool, err error)
	// ready says that next will not block.
	ready() bool
	// next returns the next piece of the body, valid until the next call; io.EOF is its end.
	next(w watcher) ([]byte, error)
	// readTrailers adds the trailers after io.EOF; false without any.
	readTrailers(*proxywasm.HeaderMap) bool

	// interrupt makes blocked and further calls fail, from any goroutine.
	interrupt()
	address() netip.AddrPort
	// close ends the stream; clean says that the exchange was completed.
	close(clean bool)
}

// newClusters makes the cluster behind the filters and those of the chain.
func (s *Server) newClusters() {
	s.target = s.newCluster(chain.UpstreamCluster, s.opts.Chain.Upstream)
	s.clusters = map[string]*cluster{s.target.name: s.target}
	for _, c := range s.opts.Chain.Clusters {
		s.clusters[c.Name] = s.newCluster(c.Name, c.URL)
	}
}

// newCluster is the cluster at u; nil is the echo.
func (s *Server) newCluster(name string, u *url.URL) *cluster {
	c := &cluster{name: name}
	switch {
	case u == nil:
		c.upstream = echo{}
	case u.Scheme == "h2c":
		c.upstream = newH2Upstream(&c.stats, u.Host)
	default:
		c.upstream = newH1Upstream(s.calls, &c.stats, u.Host)
	}
	return c
}

// resetError says why there is no complete response. reason is Envoy's text.
type resetError struct {
	reason string
	status int
	flag   uint64
	err    error
}

func (e *resetError) Error() string {
	if e.err == nil {
		return e.reason
	}
	return e.reason + ": " + e.err.Error()
}

func (e *resetError) Unwrap() error { return e.err }

// errClientGone says that nobody waits for the upstream any more.
var errClientGone = errors.New("the client has left")

func connectFailure(err error) error {
	return &resetError{reason: "remote connection failure", status: 503, flag: flagUpstreamConnectFail, err: err}
}

func connectTimeout(err error) error {
	return &resetError{reason: "connection timeout", status: 503, flag: flagUpstreamConnectFail, err: err}
}

func terminated(err error) error {
	return &resetError{reason: "connection termination", status: 503, flag: flagUpstreamTerminated, err: err}
}

func protocolFault(err error) error {
	return &resetError{reason: "protocol error", status: 502, flag: flagUpstreamProtocolError, err: err}
}

func responseTimeout() error {
	return &resetError{reason: "response timeout", status: 504, flag: flagUpstreamTimeout}
}

// upstreamFault is the local reply for an upstream that gave no response, in
// the words of Envoy's router.
func upstreamFault(err error) *localReply {
	var reset *resetError
	if !errors.As(err, &reset) {
		reset = &resetError{reason: "connection termination", status: 503, flag: flagUpstreamTerminated, err: err}
	}
	if reset.status == 504 {
		return &localReply{status: 504, body: []byte("upstream request timeout"), grpc: -1, details: "response_timeout", flag: reset.flag}
	}
	return &localReply{
		status:  reset.status,
		body:    []byte("upstream connect error or disconnect/reset before headers. reset reason: " + reset.reason),
		grpc:    -1,
		details: "upstream_reset_before_response_started{" + resetReason(err) + "}",
		flag:    reset.flag,
	}
}

// resetReason is the reason as it stands in response code details.
func resetReason(err error) string {
	var reset *resetError
	if errors.As(err, &reset) {
		return detailsText([]byte(reset.reason))
	}
	return "connection_termination"
}

// transportReason is what the system says about a failed connection, in the form
// of Envoy's response code details; "" for other failures.
func transportReason(err error) string {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return "delayed_connect_error:_Connection_refused"
	}
	return ""
}
