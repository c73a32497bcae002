package proxy

import (
	"errors"
	"net/netip"
	"net/url"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// upstream is where requests go after the last filter. It may be used from
// several goroutines.
type upstream interface {
	// open readies a stream for the request of x, which may mean to connect.
	open(x *exchange) (upstreamStream, error)
	// close frees idle connections.
	close()
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

// newUpstream is the upstream for the chain's URL; nil is the echo.
func (s *Server) newUpstream(u *url.URL) upstream {
	switch {
	case u == nil:
		return echo{}
	case u.Scheme == "h2c":
		return newH2Upstream(s, u.Host)
	default:
		return newH1Upstream(s, u.Host)
	}
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
