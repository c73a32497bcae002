// Package container runs programs in containers through the Docker API, which
// Podman speaks too. It knows how to get or build an image, start, watch and
// remove a container, and nothing about what runs inside.
package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/client"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// ErrUnavailable says that no Docker daemon answers.
var ErrUnavailable = errors.New("no answer from the Docker daemon")

// pingTimeout is how long a daemon may take to show that it is there.
const pingTimeout = 5 * time.Second

// Client talks to one daemon.
type Client struct {
	api      *client.Client
	endpoint endpoint
}

// New returns a client for the daemon that the docker command would talk to: by
// DOCKER_HOST, by Docker's context, or the local one, which may also be Podman.
// It does not talk to it yet; see Ping.
func New() (*Client, error) {
	e, err := findEndpoint()
	if err != nil {
		return nil, err
	}
	api, err := e.newAPI()
	if err != nil {
		return nil, err
	}
	return &Client{api, e}, nil
}

// Close frees the connections.
func (c *Client) Close() error { return c.api.Close() }

// Host is the daemon's address, such as unix:///var/run/docker.sock.
func (c *Client) Host() string { return c.endpoint.host }

// Mounts tells whether the daemon can mount folders of this machine, as far as
// its address says: a daemon behind a network address cannot.
func (c *Client) Mounts() bool { return c.endpoint.local() }

// Daemon says what a daemon is.
type Daemon struct {
	// Host is its address, such as unix:///var/run/docker.sock.
	Host string
	// System is the name of its operating system, such as "Docker Desktop".
	System string
	// OS is linux or windows.
	OS string
	// Rootless is set when the daemon runs as a user: root in its containers is
	// that user outside.
	Rootless bool
	// Remapped is set when the daemon runs as root and gives its containers user
	// ids of another range, which Spec.HostUsers turns off.
	Remapped bool
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
	info, err := c.info(ctx)
	if err != nil {
		return Daemon{}, c.unavailable(err)
	}
	has := func(option string) bool {
		return slices.ContainsFunc(info.SecurityOptions, func(s string) bool {
			return s == option || strings.HasPrefix(s, option+",")
		})
	}
	return Daemon{
		Host: c.Host(), System: info.OperatingSystem, OS: info.OSType,
		Rootless: info.Rootless || has("name=rootless"), Remapped: has("name=userns"),
	}, nil
}

// daemonInfo is what a daemon says of itself, as far as it is of interest.
type daemonInfo struct {
	OperatingSystem string
	OSType          string
	SecurityOptions []string
	// Rootless is how Podman says it, and no part of Docker's API.
	Rootless bool
}

// maxInfo bounds what a daemon may say of itself, in bytes.
const maxInfo = 4 << 20

// info asks a daemon behind a socket by a request of its own: Docker's client
// would drop what only Podman says.
func (c *Client) info(ctx context.Context) (info daemonInfo, err error) {
	if !c.endpoint.local() {
		all, err := c.api.Info(ctx)
		return daemonInfo{OperatingSystem: all.OperatingSystem, OSType: all.OSType, SecurityOptions: all.SecurityOptions}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/info", http.NoBody)
	if err != nil {
		return info, err
	}
	response, err := c.api.HTTPClient().Do(request)
	if err != nil {
		return info, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return info, fmt.Errorf("it answers with %s", response.Status)
	}
	return info, json.NewDecoder(io.LimitReader(response.Body, maxInfo)).Decode(&info)
}

// Local tells whether the daemon runs on this machine, so that its containers
// can share this machine's network.
func (d Daemon) Local() bool {
	return d.OS == "linux" && d.System != "Docker Desktop" && strings.HasPrefix(d.Host, "unix://")
}

// unavailable translates the failure to reach a daemon.
func (c *Client) unavailable(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	host := c.Host()
	if text := err.Error(); strings.Contains(text, "permission denied") && strings.Contains(text, "connect") {
		return hint.Errorf("add yourself to the group of the socket, 'docker' as a rule, and log in again",
			"%w at %s: permission denied", ErrUnavailable, host)
	}
	if unreachable(err) {
		return hint.Errorf("start Docker, or set DOCKER_HOST to a daemon that runs", "%w at %s", ErrUnavailable, host)
	}
	return fmt.Errorf("the Docker daemon at %s: %w", host, err)
}

// unreachable tells the end of a connection from an answer of the daemon.
func unreachable(err error) bool {
	var network net.Error
	return client.IsErrConnectionFailed(err) || errors.As(err, &network) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed)
}
