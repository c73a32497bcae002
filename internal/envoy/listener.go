package envoy

import (
	"cmp"
	"fmt"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	routerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/wasmctl/wasmctl/internal/chain"
)

// filterListener is the listener that clients talk to.
func filterListener(c *chain.Chain, o BootstrapOptions) (*listenerv3.Listener, error) {
	listen, err := address(cmp.Or(o.Listen, c.Listen, chain.DefaultListen))
	if err != nil {
		return nil, fmt.Errorf("listen address: %w", err)
	}
	var filters []*hcmv3.HttpFilter
	for i, f := range c.Filters {
		filter, err := wasmFilter(f, o.ModulePath(i))
		if err != nil {
			return nil, fmt.Errorf("filter %q: %w", f.Name, err)
		}
		filters = append(filters, filter)
	}
	toUpstream := &routev3.Route_Route{Route: &routev3.RouteAction{
		ClusterSpecifier: &routev3.RouteAction_Cluster{Cluster: UpstreamName},
	}}
	l, err := httpListener(ListenerName, filters, &routev3.Route{Action: toUpstream})
	if err != nil {
		return nil, err
	}
	l.Address = listen
	// Two listeners on one port would share its connections unnoticed.
	l.EnableReusePort = wrapperspb.Bool(false)
	return l, nil
}

// httpListener is a listener, still without an address, that takes HTTP/1.1 and
// HTTP/2 with prior knowledge, runs the filters and takes the one route.
func httpListener(name string, filters []*hcmv3.HttpFilter, route *routev3.Route) (*listenerv3.Listener, error) {
	var pack packer
	route.Match = &routev3.RouteMatch{PathSpecifier: &routev3.RouteMatch_Prefix{Prefix: "/"}}
	manager := &hcmv3.HttpConnectionManager{
		CodecType:  hcmv3.HttpConnectionManager_AUTO,
		StatPrefix: name,
		RouteSpecifier: &hcmv3.HttpConnectionManager_RouteConfig{RouteConfig: &routev3.RouteConfiguration{
			Name: name,
			VirtualHosts: []*routev3.VirtualHost{{
				Name:    name,
				Domains: []string{"*"},
				Routes:  []*routev3.Route{route},
			}},
		}},
		HttpFilters: append(filters, &hcmv3.HttpFilter{
			Name:       "envoy.filters.http.router",
			ConfigType: &hcmv3.HttpFilter_TypedConfig{TypedConfig: pack.any(&routerv3.Router{})},
		}),
	}
	if name == echoName {
		manager.GenerateRequestId = wrapperspb.Bool(false) // the echo shows what arrived
	}
	l := &listenerv3.Listener{
		Name:       name,
		StatPrefix: name,
		FilterChains: []*listenerv3.FilterChain{{Filters: []*listenerv3.Filter{{
			Name:       "envoy.filters.network.http_connection_manager",
			ConfigType: &listenerv3.Filter_TypedConfig{TypedConfig: pack.any(manager)},
		}}}},
	}
	return l, pack.err
}

// fileSource is a file as Envoy sees it.
func fileSource(path string) *corev3.DataSource {
	return &corev3.DataSource{Specifier: &corev3.DataSource_Filename{Filename: path}}
}

// textSource is a text within the configuration.
func textSource(text string) *corev3.DataSource {
	return &corev3.DataSource{Specifier: &corev3.DataSource_InlineString{InlineString: text}}
}
