// Package envoy speaks Envoy's language: it turns a chain into the bootstrap of
// a static Envoy (v3 API) and asks a running one through its admin interface.
// It starts no processes.
package envoy

import (
	"cmp"
	"fmt"
	"net"
	"strconv"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	internallistenerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/bootstrap/internal_listener/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/hint"
)

// The names that the bootstrap gives its parts. Statistics carry them.
const (
	// ListenerName is the listener with the filters: listener.wasmctl.*, http.wasmctl.*.
	ListenerName = "wasmctl"
	// UpstreamName is the cluster behind the last filter: cluster.upstream.*.
	UpstreamName = chain.UpstreamCluster
	// echoName is the built-in upstream's listener, inside of the same Envoy.
	echoName = "echo"
)

// BootstrapOptions is what a bootstrap needs beside the chain.
type BootstrapOptions struct {
	// Listen and Admin replace the addresses of the chain when they are not
	// empty, for an Envoy that is reached through other ones.
	Listen, Admin string
	// Upstream replaces the chain's upstream as host:port when it is not empty.
	Upstream string
	// Clusters replace the addresses, host:port, of the chain's clusters of these
	// names.
	Clusters map[string]string
	// ModulePath returns the file, as Envoy sees it, of the chain's i-th module.
	ModulePath func(i int) string
}

// Bootstrap returns the configuration of an Envoy that runs the chain: an admin
// interface, a listener for HTTP/1.1 and h2c with the filters in order, and the
// upstream behind them. Without an upstream Envoy answers itself with the
// request as it arrived there, in JSON.
func Bootstrap(c *chain.Chain, o BootstrapOptions) (*bootstrapv3.Bootstrap, error) {
	admin, err := address(cmp.Or(o.Admin, c.Admin, chain.DefaultAdmin))
	if err != nil {
		return nil, fmt.Errorf("admin address: %w", err)
	}
	listener, err := filterListener(c, o)
	if err != nil {
		return nil, err
	}
	reachable, err := clusters(c, o)
	if err != nil {
		return nil, err
	}
	b := &bootstrapv3.Bootstrap{
		Node:  &corev3.Node{Id: "wasmctl", Cluster: "wasmctl"},
		Admin: &bootstrapv3.Admin{Address: admin},
		StaticResources: &bootstrapv3.Bootstrap_StaticResources{
			Listeners: []*listenerv3.Listener{listener},
			Clusters:  reachable,
		},
	}
	if c.Upstream != nil {
		return b, nil
	}
	return b, addEcho(b)
}

// addEcho gives the bootstrap the listener that the upstream cluster then leads to.
func addEcho(b *bootstrapv3.Bootstrap) error {
	echo, err := echoListener()
	if err != nil {
		return err
	}
	extension, err := anypb.New(&internallistenerv3.InternalListener{})
	if err != nil {
		return err
	}
	b.StaticResources.Listeners = append(b.StaticResources.Listeners, echo)
	b.BootstrapExtensions = []*corev3.TypedExtensionConfig{
		{Name: "envoy.bootstrap.internal_listener", TypedConfig: extension},
	}
	return nil
}

// address reads host:port. A host that is no IP address is left for Envoy to refuse.
func address(s string) (*corev3.Address, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return nil, hint.Errorf("write it as HOST:PORT, for example 127.0.0.1:10000", "%q: %w", s, err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, hint.Errorf("use a port from 0 to 65535", "%q: port %q is not a number", s, port)
	}
	switch host {
	case "":
		host = "0.0.0.0"
	case "localhost":
		host = "127.0.0.1" // Envoy listens on IP addresses only
	}
	return socketAddress(host, uint32(number)), nil
}

func socketAddress(host string, port uint32) *corev3.Address {
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Address:       host,
		PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: port},
	}}}
}

// packer packs messages into Any and keeps the first error, so that a tree of
// messages can be written as one expression.
type packer struct{ err error }

func (p *packer) any(m proto.Message) *anypb.Any {
	packed := &anypb.Any{}
	err := anypb.MarshalFrom(packed, m, proto.MarshalOptions{Deterministic: true})
	if err != nil && p.err == nil {
		p.err = err
	}
	return packed
}
