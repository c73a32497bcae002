package deploy

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/container"
	"github.com/wasmctl/wasmctl/internal/envoy"
	"github.com/wasmctl/wasmctl/internal/hint"
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
	if c.Upstream == nil || !isLoopback(c.Upstream.Hostname()) {
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
	n.options.Upstream = net.JoinHostPort(hostName, c.Upstream.Port())
	n.hosts = []string{hostName + ":host-gateway"}
	return n, nil
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

// boxed is an Envoy that runs in a container.
type boxed struct {
	client  *container.Client
	id      string
	network network
	log     *logLines
	cancel  context.CancelFunc
	ended   chan struct{}
	code    int

	removal sync.Once
	removed error
}

func (c *boxed) start(ctx context.Context, s *site, bootstrap []byte) error {
	command := append([]string{"envoy", "-c", path.Join(containerFolder, bootstrapFile)}, s.o.arguments()...)
	var err error
	c.id, err = c.client.Create(ctx, container.Spec{
		Name:        s.state.Container,
		Image:       s.state.Image,
		Labels:      map[string]string{deploymentLabel: s.o.Name},
		Command:     command,
		User:        containerUser,
		Ports:       c.network.ports,
		HostNetwork: c.network.host,
		Hosts:       c.network.hosts,
		Folder:      containerFolder,
	})
	if err != nil {
		return err
	}
	files := []container.File{{Name: bootstrapFile, Content: bootstrap}}
	for i, f := range s.o.Chain.Filters {
		files = append(files, container.File{Name: moduleName(s.o.Chain, i), Content: f.Module.Bytes()})
	}
	if err := c.client.Copy(ctx, c.id, containerFolder, files); err != nil {
		return err
	}
	if err := c.client.Start(ctx, c.id); err != nil {
		return startFailure(s, err)
	}
	c.follow()
	return nil
}

// startFailure translates Docker's refusal to start a container.
func startFailure(s *site, err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "executable file not found"), strings.Contains(text, "no such file or directory"):
		return hint.Errorf("choose an Envoy image with --envoy-image; the default is "+DefaultImage,
			"image %s has no envoy on its PATH", s.state.Image)
	case strings.Contains(text, "port is already allocated"), strings.Contains(text, "address already in use"):
		return hint.Errorf("choose other addresses with --listen and --admin (port 0 takes a free one)",
			"%w: %s or %s: %w", ErrAddressInUse, s.o.Chain.Listen, s.o.Chain.Admin, err)
	}
	return fmt.Errorf("start the container: %w", err)
}

// follow reads the log and waits for the end.
func (c *boxed) follow() {
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	go func() {
		defer close(c.ended)
		_ = c.client.Logs(ctx, c.id, c.log) // until the end of the container
		_ = c.log.Close()
		code, err := c.client.Wait(ctx, c.id)
		if err != nil {
			code = -1
		}
		c.code = code
	}()
}

func (c *boxed) done() <-chan struct{} { return c.ended }
func (c *boxed) err() error            { return exitError("Envoy", c.code) }
func (c *boxed) lines() []string       { return c.log.lines() }

func (c *boxed) letGo() {
	c.cancel()
	<-c.ended
	_ = c.client.Close()
}

func (c *boxed) admin(ctx context.Context) (string, error) {
	if c.network.host {
		return c.network.options.Admin, nil
	}
	published, err := c.client.Published(ctx, c.id)
	if err != nil {
		return "", err
	}
	if at, ok := published[containerAdmin]; ok {
		return at, nil
	}
	return "", errNotYet
}

func (c *boxed) listen(bound string) string {
	if c.network.host {
		return bound
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	published, err := c.client.Published(ctx, c.id)
	if at, ok := published[containerListen]; err == nil && ok {
		return at
	}
	return bound
}

func (c *boxed) stop(ctx context.Context) error {
	select {
	case <-c.ended:
	default:
		_ = c.client.Stop(ctx, c.id, stopGrace) // Remove does it the hard way
	}
	return c.remove()
}

// removeTimeout bounds the removal of a container, which goes on when the
// caller has been interrupted.
const removeTimeout = 30 * time.Second

func (c *boxed) remove() error {
	c.removal.Do(func() {
		if c.id != "" {
			ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
			defer cancel()
			c.removed = c.client.Remove(ctx, c.id)
		}
		if c.cancel != nil {
			<-c.ended
			c.cancel()
		}
	})
	return c.removed
}
