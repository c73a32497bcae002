package deploy

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/container"
	"github.com/wasmctl/wasmctl/internal/envoy"
)

// What a container of ours looks like.
const (
	// deploymentLabel carries the name of the deployment.
	deploymentLabel = "dev.wasmctl.deployment"
	// containerFolder holds bootstrap and modules inside.
	containerFolder = "/etc/wasmctl"
	// containerUser is nobody: Envoy needs no rights.
	containerUser = "65534:65534"
	// The ports inside. Which ones they are outside is Docker's matter.
	containerListen, containerAdmin = 10000, 9901
	// hostName leads from inside to this machine.
	hostName = "host.docker.internal"
)

// docker starts an Envoy in a container.
type docker struct {
	client *container.Client
	image  string
}

func (d docker) via() Via { return ViaDocker }
func (d docker) close()   { _ = d.client.Close() }

// network is how the container is connected.
type network struct {
	// host says that it shares this machine's network: the only way to an
	// upstream that listens on the loopback interface of a Linux machine.
	host bool
	// options are what the bootstrap has different from the chain's.
	options envoy.BootstrapOptions
	ports   map[uint16]string
	hosts   []string
}

// launch gets the image, makes a container with bootstrap and modules in it and
// starts it.
func (d docker) launch(ctx context.Context, s *site) (running, error) {
	if err := d.client.EnsureImage(ctx, d.image, s.o.Progress); err != nil {
		return nil, err
	}
	n, err := d.network(ctx, s.o.Chain)
	if err != nil {
		return nil, err
	}
	if err := n.fixPorts(ctx); err != nil {
		return nil, err
	}
	bootstrap, err := bootstrapYAML(s.o, n.options, containerFolder)
	if err != nil {
		return nil, err
	}
	s.state.Image = d.image
	s.state.Container = fmt.Sprintf("wasmctl-%s-%s", s.o.Name, strings.ToLower(rand.Text()[:8]))
	if err := s.save(); err != nil { // first: the name is what a later wasmctl removes it by
		return nil, err
	}
	c := &boxed{client: d.client, network: n, ended: make(chan struct{})}
	c.log = newLogLines(s.o.Log, s.o.Chain.Filters)
	if s.o.Detach {
		c.log = newLogLines(nil, s.o.Chain.Filters)
	}
	if err := c.start(ctx, s, bootstrap); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	s.state.ContainerID = c.id
	return c, nil
}

// network decides how the container is connected to this machine.
func (d docker) network(ctx context.Context, c *chain.Chain) (network, error) {
	n := network{
		options: envoy.BootstrapOptions{
			Listen: fmt.Sprintf("0.0.0.0:%d", containerListen),
			Admin:  fmt.Sprintf("0.0.0.0:%d", containerAdmin),
		},
		ports: map[uint16]string{containerListen: c.Listen, containerAdmin: c.Admin},
	}
	if !onThisMachine(c) {
		return n, nil
	}
	daemon, err := d.client.Describe(ctx)
	if err != nil {
		return n, err
	}
	if daemon.Local() {
		n.host = true
		n.options = envoy.BootstrapOptions{Listen: c.Listen, Admin: c.Admin}
		return n, nil
	}
	if c.Upstream != nil && isLoopback(c.Upstream.Hostname()) {
		n.options.Upstream = net.JoinHostPort(hostName, c.Upstream.Port())
	}
	n.options.Clusters = map[string]string{}
	for _, cluster := range c.Clusters {
		if isLoopback(cluster.URL.Hostname()) {
			n.options.Clusters[cluster.Name] = net.JoinHostPort(hostName, cluster.URL.Port())
		}
	}
	n.hosts = []string{hostName + ":host-gateway"}
	return n, nil
}

// onThisMachine tells whether Envoy has to reach a service by a loopback address.
func onThisMachine(c *chain.Chain) bool {
	services := []*url.URL{c.Upstream}
	for _, cluster := range c.Clusters {
		services = append(services, cluster.URL)
	}
	return slices.ContainsFunc(services, func(u *url.URL) bool { return u != nil && isLoopback(u.Hostname()) })
}

// fixPorts chooses the ports that are open to choice. Envoy cannot tell its own
// choice from inside of the container.
func (n *network) fixPorts(ctx context.Context) (err error) {
	if !n.host {
		return nil
	}
	if n.options.Listen, err = fixPort(ctx, n.options.Listen); err != nil {
		return err
	}
	n.options.Admin, err = fixPort(ctx, n.options.Admin)
	return err
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// dryRun is the bootstrap that launch would make.
func (d docker) dryRun(ctx context.Context, o EnvoyOptions) ([]byte, error) {
	n, err := d.network(ctx, o.Chain)
	if err != nil {
		return nil, err
	}
	return bootstrapYAML(o, n.options, containerFolder)
}
