package envoy

import (
	"cmp"
	"fmt"
	"net"
	"strconv"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	internalupstreamv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/internal_upstream/v3"
	rawbufferv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/raw_buffer/v3"
	httpv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/wasmctl/wasmctl/internal/chain"
)

// connectTimeout is how long Envoy tries to reach the upstream: its own default.
const connectTimeout = 5 * time.Second

// clusters are the upstream and the services that filters can call.
func clusters(c *chain.Chain, o BootstrapOptions) ([]*clusterv3.Cluster, error) {
	upstream, err := upstreamCluster(c, o)
	if err != nil {
		return nil, err
	}
	all := []*clusterv3.Cluster{upstream}
	for _, service := range c.Clusters {
		cluster := &clusterv3.Cluster{Name: service.Name, ConnectTimeout: durationpb.New(connectTimeout)}
		if err := leadTo(cluster, cmp.Or(o.Clusters[service.Name], service.URL.Host)); err != nil {
			return nil, fmt.Errorf("cluster %q: %w", service.Name, err)
		}
		if service.URL.Scheme == "h2c" {
			if err := speakHTTP2(cluster); err != nil {
				return nil, err
			}
		}
		all = append(all, cluster)
	}
	return all, nil
}

// upstreamCluster is what is behind the last filter.
func upstreamCluster(c *chain.Chain, o BootstrapOptions) (*clusterv3.Cluster, error) {
	cluster := &clusterv3.Cluster{
		Name:           chain.UpstreamCluster,
		ConnectTimeout: durationpb.New(connectTimeout),
	}
	if c.Upstream == nil {
		if err := leadToEcho(cluster); err != nil {
			return nil, err
		}
		// HTTP/2 adds no header of its own, and carries trailers.
		return cluster, speakHTTP2(cluster)
	}
	if err := leadTo(cluster, cmp.Or(o.Upstream, c.Upstream.Host)); err != nil {
		return nil, fmt.Errorf("upstream %q: %w", c.Upstream, err)
	}
	if c.Upstream.Scheme == "h2c" {
		return cluster, speakHTTP2(cluster)
	}
	return cluster, nil
}

// leadTo points the cluster at host:port, by DNS unless host is an IP address.
func leadTo(cluster *clusterv3.Cluster, hostPort string) error {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return err
	}
	kind := clusterv3.Cluster_STATIC
	if net.ParseIP(host) == nil {
		kind = clusterv3.Cluster_STRICT_DNS
		cluster.DnsLookupFamily = clusterv3.Cluster_V4_PREFERRED
	}
	cluster.ClusterDiscoveryType = &clusterv3.Cluster_Type{Type: kind}
	setEndpoint(cluster, socketAddress(host, uint32(number)))
	return nil
}

// leadToEcho points the cluster at the echo listener inside of this Envoy.
func leadToEcho(cluster *clusterv3.Cluster) error {
	var pack packer
	setEndpoint(cluster, &corev3.Address{Address: &corev3.Address_EnvoyInternalAddress{
		EnvoyInternalAddress: &corev3.EnvoyInternalAddress{
			AddressNameSpecifier: &corev3.EnvoyInternalAddress_ServerListenerName{ServerListenerName: echoName},
		},
	}})
	cluster.TransportSocket = transportSocket("envoy.transport_sockets.internal_upstream",
		pack.any(&internalupstreamv3.InternalUpstreamTransport{
			TransportSocket: transportSocket("envoy.transport_sockets.raw_buffer", pack.any(&rawbufferv3.RawBuffer{})),
		}))
	return pack.err
}

func transportSocket(name string, config *anypb.Any) *corev3.TransportSocket {
	return &corev3.TransportSocket{
		Name:       name,
		ConfigType: &corev3.TransportSocket_TypedConfig{TypedConfig: config},
	}
}

func setEndpoint(cluster *clusterv3.Cluster, at *corev3.Address) {
	cluster.LoadAssignment = &endpointv3.ClusterLoadAssignment{
		ClusterName: cluster.Name,
		Endpoints: []*endpointv3.LocalityLbEndpoints{{LbEndpoints: []*endpointv3.LbEndpoint{{
			HostIdentifier: &endpointv3.LbEndpoint_Endpoint{Endpoint: &endpointv3.Endpoint{Address: at}},
		}}}},
	}
}

// speakHTTP2 makes the cluster talk HTTP/2 without TLS to the upstream.
func speakHTTP2(cluster *clusterv3.Cluster) error {
	var pack packer
	options := &httpv3.HttpProtocolOptions{
		UpstreamProtocolOptions: &httpv3.HttpProtocolOptions_ExplicitHttpConfig_{
			ExplicitHttpConfig: &httpv3.HttpProtocolOptions_ExplicitHttpConfig{
				ProtocolConfig: &httpv3.HttpProtocolOptions_ExplicitHttpConfig_Http2ProtocolOptions{},
			},
		},
	}
	cluster.TypedExtensionProtocolOptions = map[string]*anypb.Any{
		"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": pack.any(options),
	}
	return pack.err
}
