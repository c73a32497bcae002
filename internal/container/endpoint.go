package container

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	"github.com/docker/docker/client"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// endpoint is where a daemon is reached, and how.
type endpoint struct {
	// host is the address as the user knows it: unix:///var/run/docker.sock,
	// tcp://10.0.0.1:2376, ssh://me@builder.
	host    string
	options []client.Opt
}

// findEndpoint looks for a daemon in the order of the docker command:
// DOCKER_HOST, the context of DOCKER_CONTEXT or of Docker's configuration, the
// local daemon. Where no local Docker listens, the other places are tried at
// which an engine with Docker's API may.
func findEndpoint() (endpoint, error) {
	if host := os.Getenv(client.EnvOverrideHost); host != "" {
		return hostEndpoint(host)
	}
	name, err := contextName()
	if err != nil {
		return endpoint{}, err
	}
	if name != "" {
		return contextEndpoint(name)
	}
	return hostEndpoint(localHost())
}

// hostEndpoint is a daemon by its address. A daemon over TLS is set up by
// DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, as for the docker command.
func hostEndpoint(host string) (endpoint, error) {
	if !strings.HasPrefix(host, "ssh://") {
		return endpoint{host, []client.Opt{client.WithTLSClientConfigFromEnv(), client.WithHost(host)}}, nil
	}
	e := docker.Endpoint{EndpointMeta: docker.EndpointMeta{Host: host}}
	options, err := e.ClientOpts()
	return endpoint{host, options}, err
}

// contextEndpoint is the daemon of one of Docker's contexts.
//
// https://docs.docker.com/engine/manage-resources/contexts/
func contextEndpoint(name string) (endpoint, error) {
	const advice = "name one of 'docker context ls' in DOCKER_CONTEXT, or unset it"
	meta := func() any { return &docker.EndpointMeta{} }
	contexts := store.New(filepath.Join(configDir(), "contexts"), store.NewConfig(
		func() any { return &map[string]any{} }, store.EndpointTypeGetter(docker.DockerEndpoint, meta)))
	m, err := contexts.GetMetadata(name)
	if err != nil {
		return endpoint{}, hint.Errorf(advice, "Docker context %q: %w", name, err)
	}
	found, err := docker.EndpointFromContext(m)
	if err != nil {
		return endpoint{}, hint.Errorf(advice, "Docker context %q: %w", name, err)
	}
	e, err := docker.WithTLSData(contexts, name, found)
	if err != nil {
		return endpoint{}, hint.Errorf(advice, "Docker context %q: %w", name, err)
	}
	options, err := e.ClientOpts()
	if err != nil {
		return endpoint{}, hint.Errorf(advice, "Docker context %q: %w", name, err)
	}
	return endpoint{e.Host, options}, nil
}

// contextName returns the name of the context that is in force, "" for that of
// the local daemon.
func contextName() (string, error) {
	name := os.Getenv("DOCKER_CONTEXT")
	if name == "" {
		path := filepath.Join(configDir(), "config.json")
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return "", nil
		}
		var config struct {
			CurrentContext string `json:"currentContext"`
		}
		if err == nil {
			err = json.Unmarshal(b, &config)
		}
		if err != nil {
			return "", hint.Errorf("correct the file, or set DOCKER_HOST", "Docker's configuration %s: %w", path, err)
		}
		name = config.CurrentContext
	}
	if name == "default" {
		return "", nil
	}
	return name, nil
}

// configDir is the folder of Docker's configuration.
func configDir() string {
	if dir := os.Getenv("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".docker")
}

// localHost is the address of the first local engine that listens, and that of
// Docker when there is none: messages then name what everybody knows.
func localHost() string {
	if runtime.GOOS == "windows" {
		return client.DefaultDockerHost
	}
	for _, path := range localSockets() {
		if listens(path) {
			return "unix://" + path
		}
	}
	return client.DefaultDockerHost
}

// localSockets are the places of the sockets of Docker, rootless Docker, Docker
// Desktop and Podman, rootless and not.
func localSockets() []string {
	paths := []string{strings.TrimPrefix(client.DefaultDockerHost, "unix://")}
	runtimeDir := os.Getenv("XDG_RUNTIME_DIR")
	if runtimeDir != "" {
		paths = append(paths, filepath.Join(runtimeDir, "docker.sock"))
	}
	if home, err := os.UserHomeDir(); err == nil {
		paths = append(paths, filepath.Join(home, ".docker", "run", "docker.sock"))
	}
	if runtimeDir != "" {
		paths = append(paths, filepath.Join(runtimeDir, "podman", "podman.sock"))
	}
	return append(paths, "/run/podman/podman.sock")
}

// listens tells whether a program listens on the socket and lets us in.
func listens(path string) bool {
	const enough = time.Second // a local socket answers at once or not at all
	conn, err := net.DialTimeout("unix", path, enough)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// newAPI returns the client of Docker's API for the endpoint.
func (e endpoint) newAPI() (*client.Client, error) {
	options := append([]client.Opt{client.WithVersionFromEnv(), client.WithAPIVersionNegotiation()}, e.options...)
	api, err := client.NewClientWithOpts(options...)
	if err != nil {
		return nil, hint.Errorf("correct DOCKER_HOST, or unset it for the local daemon", "Docker client: %w", err)
	}
	return api, nil
}

// local tells whether the daemon is reached over a socket of this machine, and
// so as a rule has the same files.
func (e endpoint) local() bool {
	return strings.HasPrefix(e.host, "unix://") || strings.HasPrefix(e.host, "npipe://")
}
