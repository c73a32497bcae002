package testkit

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Component is something real that a test runs against.
type Component string

// The components, with how a test gets at them.
const (
	// Envoy is an Envoy binary: WASMCTL_TEST_ENVOY is its path.
	Envoy Component = "envoy"
	// EnvoyImage is an Envoy image that the Docker daemon has: WASMCTL_TEST_ENVOY_IMAGE is its name.
	EnvoyImage Component = "envoy-image"
	// Docker is a Docker daemon: WASMCTL_TEST_DOCKER=1.
	Docker Component = "docker"
	// Network is the network outside: WASMCTL_TEST_NETWORK=1.
	Network Component = "network"
	// Go is a Go toolchain that builds filters, and the modules that the
	// templates need: go on PATH, with WASMCTL_TEST_GO naming another one.
	Go Component = "go"
	// Git is git: on PATH, with WASMCTL_TEST_GIT naming another one.
	Git Component = "git"
	// Rust is a Rust toolchain that compiles for wasm32-unknown-unknown:
	// WASMCTL_TEST_RUST is the folder of its cargo and rustc. See UseRust.
	Rust Component = "rust"
	// Cpp is clang with the libraries for WASI, and clang-format-19:
	// WASMCTL_TEST_CPP is the name of its clang++.
	Cpp Component = "cpp"
	// Node is Node.js with npm on PATH, and the packages of the AssemblyScript
	// templates in npm's cache: WASMCTL_TEST_NODE=1.
	Node Component = "node"
	// Binaryen is wasm-opt: WASMCTL_TEST_BINARYEN is its path.
	Binaryen Component = "binaryen"
)

// Need returns what the test needs to reach the component: the path of Envoy,
// Go or git, the name of the image, "1" for Docker and the network. Where the component
// is missing the test is skipped with the component's name; with CI=true it
// fails, so that nothing is skipped unseen.
func Need(t testing.TB, c Component) string {
	t.Helper()
	if value, ok := Lookup(c); ok {
		return value
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(c.Missing())
	}
	t.Skip(c.Missing())
	return ""
}

// Lookup returns how a component is reached, as Need does, and whether it is there.
func Lookup(c Component) (string, bool) {
	if value := os.Getenv(c.variable()); value != "" && value != "0" {
		return value, true
	}
	if c == Go || c == Git {
		path, err := exec.LookPath(string(c))
		return path, err == nil
	}
	return "", false
}

// Missing says what to do for a component that is not there.
func (c Component) Missing() string {
	return fmt.Sprintf("needs %s: set %s ('make test' does)", c, c.variable())
}

// variable is the environment variable that names the component.
func (c Component) variable() string {
	return "WASMCTL_TEST_" + strings.ToUpper(strings.ReplaceAll(string(c), "-", "_"))
}
