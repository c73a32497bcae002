// Package chain describes what a host of filters is given: the filters in
// their order, each with its configuration and policies, the upstream behind
// them and the addresses to listen on. The embedded host, a real Envoy and
// later a cluster all start from the same Chain.
package chain

import (
	"net/url"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// The addresses a host listens on when nothing else is said.
const (
	DefaultListen = "127.0.0.1:10000"
	DefaultAdmin  = "127.0.0.1:9901"
)

// Chain is the filters of one listener and the upstream behind them.
type Chain struct {
	// Listen is the address of the listener, host:port. Port 0 takes a free one.
	Listen string
	// Admin is the address of the admin listener, host:port.
	Admin string
	// Upstream is where requests go after the last filter: http://host:port, or
	// h2c://host:port for HTTP/2 without TLS. Nil means the built-in echo.
	Upstream *url.URL
	// Clusters are the services that the filters can call, beside the upstream.
	Clusters []Cluster
	// Filters are in the order in which a request passes them.
	Filters []Filter
}

// Filter is one module with its settings. The fields are those of Envoy's
// envoy.extensions.wasm.v3.PluginConfig and VmConfig.
type Filter struct {
	// Name tells the filters of a chain apart: in logs, statistics and as PluginConfig.name.
	Name   string
	Module *wasm.Module
	// RootID selects the root context in a module that has several.
	RootID string
	VMID   string
	// VMConfiguration and Configuration are handed to the filter byte by byte.
	VMConfiguration []byte
	Configuration   []byte
	// Environment is what the filter sees as its WASI environment.
	Environment   map[string]string
	FailurePolicy FailurePolicy
	// AllowOnHeadersStopIteration makes StopIteration from a headers callback
	// mean just that, as the specification says; Envoy's default turns it into
	// "stop all iteration and watermark".
	AllowOnHeadersStopIteration bool
}

// FailurePolicy is what a host does once a filter's VM has failed:
// envoy.extensions.wasm.v3.FailurePolicy.
type FailurePolicy string

// The failure policies. The zero value means FailClosed, as in Envoy.
const (
	// FailClosed answers every request with 503.
	FailClosed FailurePolicy = "closed"
	// FailOpen passes requests on without the filter.
	FailOpen FailurePolicy = "open"
	// FailReload starts a new VM, at most once a second.
	FailReload FailurePolicy = "reload"
)

// ParseFailurePolicy reads a policy as users write it; "" is FailClosed.
func ParseFailurePolicy(s string) (FailurePolicy, error) {
	switch p := FailurePolicy(s); p {
	case "":
		return FailClosed, nil
	case FailClosed, FailOpen, FailReload:
		return p, nil
	}
	return "", hint.Errorf("use closed, open or reload", "unknown failure policy %q", s)
}

// ParseUpstream reads an upstream as users write it: http://host:port,
// h2c://host:port, or plain host:port. "" is nil, the built-in echo.
func ParseUpstream(s string) (*url.URL, error) {
	if s == "" {
		return nil, nil
	}
	u, err := url.Parse(withScheme(s))
	if err != nil {
		return nil, hint.Errorf(upstreamHint, "upstream %q: %w", s, err)
	}
	if u.Scheme != "http" && u.Scheme != "h2c" {
		return nil, hint.Errorf(upstreamHint, "upstream %q: scheme %q is not supported", s, u.Scheme)
	}
	if u.Hostname() == "" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.User != nil {
		return nil, hint.Errorf(upstreamHint, "upstream %q is not scheme://host:port", s)
	}
	if u.Port() == "" {
		u.Host += ":80"
	}
	u.Path = ""
	return u, nil
}

// withScheme completes the short form host:port, which url.Parse would read as
// a scheme.
func withScheme(s string) string {
	if strings.Contains(s, "://") {
		return s
	}
	return "http://" + s
}

const upstreamHint = "write it as http://HOST:PORT, or h2c://HOST:PORT for HTTP/2 without TLS"

// CheckNames tells whether every filter has a name of its own, which hosts need
// to tell them apart.
func (c *Chain) CheckNames() error {
	seen := map[string]bool{}
	for _, f := range c.Filters {
		if seen[f.Name] {
			return hint.Errorf("give each filter a 'name' of its own in the chain file",
				"two filters are named %q", f.Name)
		}
		seen[f.Name] = true
	}
	return nil
}
