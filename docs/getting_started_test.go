package docs_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/testkit"
)

// The addresses that the guide listens on: the defaults of wasmctl.
var guidePorts = []string{"127.0.0.1:10000", "127.0.0.1:9901"}

// guideRegistry is where the guide has its registry. The test's is on a free port.
const guideRegistry = "localhost:5000"

const waitListening = `wait_listening() {
  for _ in $(seq 600); do
    if (exec 3<>/dev/tcp/127.0.0.1/10000) 2>/dev/null; then return; fi
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
	bin := t.TempDir()
	build(t, bin)
	if err := os.Symlink(envoy, filepath.Join(bin, "envoy")); err != nil {
		t.Fatal(err)
	}
	for _, address := range guidePorts {
		waitFree(t, address)
	}

	const path = "getting-started.md"
	registry := testkit.StartRegistry(t, testkit.RegistryOptions{})
	commands := readGuide(t, path, strings.NewReplacer(guideRegistry, registry.Host))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script(commands, waitListening))
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

func build(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "../cmd/wasmctl")
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

// waitFree waits until nobody listens on address: the guide uses the ports that
// users do, and another test may be about to leave one.
func waitFree(t *testing.T, address string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		l, err := net.Listen("tcp", address)
		if err == nil {
			l.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the guide needs %s: %v", address, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
