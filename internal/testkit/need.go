package testkit

import (
	"os"
	"os/exec"
	"testing"
)

// Component is something real that a test runs against.
type Component string

// The components, with how a test gets at them.
const (
	// Envoy is an Envoy binary: WASMCTL_TEST_ENVOY is its path.
	Envoy Component = "envoy"
	// EnvoyImage is an Envoy image that the Docker daemon has: WASMCTL_TEST_ENVOY_IMAGE is its name.
	EnvoyImage Component = "envoy image"
	// Docker is a Docker daemon: WASMCTL_TEST_DOCKER=1.
	Docker Component = "docker"
	// Network is the network outside: WASMCTL_TEST_NETWORK=1.
	Network Component = "network"
	// Go is a Go toolchain that builds filters, and the modules that the
	// templates need: go on PATH, with WASMCTL_TEST_GO naming another one.
	Go Component = "go"
)

// Need returns what the test needs to reach the component: the path of Envoy or
// Go, the name of the image, "1" for Docker and the network. Where the component
// is missing the test is skipped with the component's name; with CI=true it
// fails, so that nothing is skipped unseen.
func Need(t testing.TB, c Component) string {
	t.Helper()
	name := map[Component]string{
		Envoy:      "WASMCTL_TEST_ENVOY",
		EnvoyImage: "WASMCTL_TEST_ENVOY_IMAGE",
		Docker:     "WASMCTL_TEST_DOCKER",
		Network:    "WASMCTL_TEST_NETWORK",
		Go:         "WASMCTL_TEST_GO",
	}[c]
	if value := os.Getenv(name); value != "" && value != "0" {
		return value
	}
	if c == Go {
		if path, err := exec.LookPath("go"); err == nil {
			return path
		}
	}
	const format = "needs %s: set %s ('make test' does)"
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, c, name)
	}
	t.Skipf(format, c, name)
	return ""
}
