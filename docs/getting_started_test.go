package docs_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/testkit"
)

// What the guide calls by its usual address. Tests of other packages may be using
// the same ones at this moment, so the session gets free ones in their place.
const (
	guideRegistry = "localhost:5000"
	guideListen   = "127.0.0.1:10000"
)

// wrapper stands for wasmctl on the session's PATH: the real binary, listening
// on the session's addresses.
const wrapper = `#!/bin/sh
case "$1" in
run | deploy) exec "$0-binary" "$@" --listen %s --admin %s ;;
*) exec "$0-binary" "$@" ;;
esac
`

// waitListening lets the script wait as a reader waits for "Listening on".
const waitListening = `wait_listening() {
  for _ in $(seq 600); do
    if (exec 3<>/dev/tcp/%s) 2>/dev/null; then return; fi
    sleep 0.1
  done
}
trap 'wasmctl undeploy envoy >/dev/null 2>&1' EXIT`

// TestGettingStarted runs the guide as a user would: the real binary, a real
// registry, a real Envoy, an empty home folder, the commands as they stand there.
func TestGettingStarted(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole guide")
	}
	envoy := testkit.Need(t, testkit.Envoy)
	listen, admin := freeAddress(t), freeAddress(t)
	bin := t.TempDir()
	build(t, filepath.Join(bin, "wasmctl-binary"))
	text := fmt.Sprintf(wrapper, listen, admin)
	if err := os.WriteFile(filepath.Join(bin, "wasmctl"), []byte(text), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	if err := os.Symlink(envoy, filepath.Join(bin, "envoy")); err != nil {
		t.Fatal(err)
	}

	const path = "getting-started.md"
	registry := testkit.StartRegistry(t, testkit.RegistryOptions{})
	commands := readGuide(t, path, strings.NewReplacer(guideRegistry, registry.Host, guideListen, listen))
	wait := fmt.Sprintf(waitListening, strings.Replace(listen, ":", "/", 1))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script(commands, wait))
	cmd.Dir = t.TempDir()
	cmd.Env = environment(t, bin)
	cmd.WaitDelay = 10 * time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		t.Errorf("the session: %v", err)
	}
	check(t, path, commands, output.String())
}

func build(t *testing.T, path string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-o", path, "../cmd/wasmctl")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
}

// environment is that of a user who has just installed wasmctl. Go keeps its
// caches, which would take minutes to fill again.
func environment(t *testing.T, bin string) []string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	dirs := strings.Fields(string(out))
	home := t.TempDir()
	env := []string{
		"HOME=" + home, "XDG_CACHE_HOME=", "XDG_DATA_HOME=", "XDG_STATE_HOME=", "WASMCTL_HOME=", "ENVOY_PATH=",
		"GOCACHE=" + dirs[0], "GOMODCACHE=" + dirs[1],
		"PATH=" + strings.Join([]string{bin, filepath.Join(dirs[2], "bin"), os.Getenv("PATH")}, string(filepath.ListSeparator)),
	}
	return append(os.Environ(), env...)
}

// freeAddress is an address that nobody listens on at the moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
