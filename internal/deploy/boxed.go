package deploy

import (
	"context"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/wasmctl/wasmctl/internal/container"
	"github.com/wasmctl/wasmctl/internal/hint"
)

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
