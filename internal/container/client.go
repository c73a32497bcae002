// Package container runs programs in containers through the Docker API. It
// knows how to get an image, start, watch and remove a container, and nothing
// about what runs inside.
package container

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/docker/docker/client"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// ErrUnavailable says that no Docker daemon answers.
var ErrUnavailable = errors.New("no answer from the Docker daemon")

// pingTimeout is how long a daemon may take to show that it is there.
const pingTimeout = 5 * time.Second

// Client talks to one Docker daemon: that of $DOCKER_HOST, or the local one.
type Client struct{ api *client.Client }

// New returns a client for the daemon that the standard Docker variables name.
// It does not talk to it yet; see Ping.
func New() (*Client, error) {
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, hint.Errorf("correct DOCKER_HOST, or unset it for the local daemon", "Docker client: %w", err)
	}
	return &Client{api}, nil
}

// Close frees the connections.
func (c *Client) Close() error { return c.api.Close() }

// Daemon says what a daemon is.
type Daemon struct {
	// Host is its address, such as unix:///var/run/docker.sock.
	Host string
	// System is the name of its operating system, such as "Docker Desktop".
	System string
	// OS is linux or windows.
	OS string
}

// Ping asks the daemon whether it is there, and agrees with it on the version
// of the API. The error is ErrUnavailable, with what to do about it.
func (c *Client) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	_, err := c.api.Ping(ctx)
	return c.unavailable(err)
}

// Describe asks the daemon what it is.
func (c *Client) Describe(ctx context.Context) (Daemon, error) {
	info, err := c.api.Info(ctx)
	if err != nil {
		return Daemon{}, c.unavailable(err)
	}
	return Daemon{Host: c.api.DaemonHost(), System: info.OperatingSystem, OS: info.OSType}, nil
}

// Local tells whether the daemon runs on this machine, so that its containers
// can share this machine's network.
func (d Daemon) Local() bool {
	return d.OS == "linux" && d.System != "Docker Desktop" && strings.HasPrefix(d.Host, "unix://")
}

// unavailable translates the failure to reach a daemon.
func (c *Client) unavailable(err error) error {
	if err == nil {
		return nil
	}
	host := c.api.DaemonHost()
	if strings.Contains(err.Error(), "permission denied") {
		return hint.Errorf("add yourself to the group of the socket, 'docker' as a rule, and log in again",
			"%w at %s: permission denied", ErrUnavailable, host)
	}
	var network net.Error
	if client.IsErrConnectionFailed(err) || errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) {
		return hint.Errorf("start Docker, or set DOCKER_HOST to a daemon that runs", "%w at %s", ErrUnavailable, host)
	}
	return fmt.Errorf("the Docker daemon at %s: %w", host, err)
}
