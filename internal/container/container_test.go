package container

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/progress"
	"github.com/wasmctl/wasmctl/internal/testkit"
)

const testLabel = "dev.wasmctl.test"

func connect(t *testing.T) *Client {
	t.Helper()
	testkit.Need(t, testkit.Docker)
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// spec is a container of the Envoy image that only prints its version.
func spec(t *testing.T, command ...string) Spec {
	t.Helper()
	name := "wasmctl-test-" + strings.ToLower(rand.Text()[:8])
	return Spec{
		Name: name, Image: testkit.Need(t, testkit.EnvoyImage), Labels: map[string]string{testLabel: name},
		Command: command, User: "65534:65534", Folder: "/etc/wasmctl", Ports: map[uint16]string{9901: "127.0.0.1:0"},
	}
}

func TestContainerLife(t *testing.T) {
	t.Parallel()
	c, s := connect(t), spec(t, "envoy", "--mode", "validate", "-c", "/etc/wasmctl/x.json")
	id, err := c.Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(c.Remove(context.Background(), s.Name), c.Remove(context.Background(), s.Name)); err != nil {
			t.Error(err)
		}
		if left, err := c.List(context.Background(), testLabel, s.Name); err != nil || len(left) > 0 {
			t.Errorf("left: %q, %v", left, err)
		}
	})
	if err := c.Copy(t.Context(), id, s.Folder, []File{{Name: "x.json", Content: []byte("{}")}}); err != nil {
		t.Fatal(err)
	}
	if running, err := c.Running(t.Context(), s.Name); running || err != nil {
		t.Errorf("before the start: %t, %v", running, err)
	}
	if err := c.Start(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if err := c.Logs(t.Context(), id, &log); err != nil {
		t.Error(err)
	}
	if code, err := c.Wait(t.Context(), id); code != 0 || err != nil || !strings.Contains(log.String(), "OK") {
		t.Errorf("code %d, %v, log %s", code, err, &log)
	}
	if list, err := c.List(t.Context(), testLabel, s.Name); err != nil || len(list) != 1 || list[0] != id {
		t.Errorf("%q, %v", list, err)
	}
}

func TestContainerPublishesAndStops(t *testing.T) {
	t.Parallel()
	c := connect(t)
	s := spec(t, "envoy", "--disable-hot-restart", "--config-yaml",
		"admin: {address: {socket_address: {address: 0.0.0.0, port_value: 9901}}}")
	id, err := c.Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Remove(context.Background(), id) })
	if err := c.Start(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	at, err := c.Published(t.Context(), id)
	if err != nil || !strings.HasPrefix(at[9901], "127.0.0.1:") || strings.HasSuffix(at[9901], ":0") {
		t.Errorf("%v, %v", at, err)
	}
	if running, err := c.Running(t.Context(), id); !running || err != nil {
		t.Errorf("running %t, %v", running, err)
	}
	if err := c.Stop(t.Context(), id, 5*time.Second); err != nil {
		t.Error(err)
	}
	if running, err := c.Running(t.Context(), id); running || err != nil {
		t.Errorf("running %t, %v", running, err)
	}
}

func TestCreateInterrupted(t *testing.T) {
	t.Parallel()
	c, s := connect(t), spec(t, "envoy")
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	go cancel(interrupted)
	id, err := c.Create(ctx, s)
	if err == nil { // the interruption came too late
		err = errors.Join(interrupted, c.Remove(t.Context(), id))
	}
	if !errors.Is(err, interrupted) {
		t.Error(err)
	}
	if left, err := c.List(t.Context(), testLabel, s.Name); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

func TestEnsureImage(t *testing.T) {
	t.Parallel()
	c := connect(t)
	if err := c.EnsureImage(t.Context(), testkit.Need(t, testkit.EnvoyImage), nil); err != nil {
		t.Error(err)
	}
	// Nothing listens on this port, so nothing is pulled from anywhere.
	err := c.EnsureImage(t.Context(), "127.0.0.1:1/no/such:image", nil)
	if err == nil || !strings.Contains(err.Error(), "pull image 127.0.0.1:1/no/such:image: ") || len(hint.Of(err)) == 0 {
		t.Errorf("%v, %q", err, hint.Of(err))
	}
}

func TestUnavailable(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, infoErr := c.Describe(t.Context())
	for _, err := range []error{c.Ping(t.Context()), infoErr} {
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "unix:///nowhere/docker.sock") || len(hint.Of(err)) == 0 {
			t.Errorf("%v, %q", err, hint.Of(err))
		}
	}
	t.Setenv("DOCKER_HOST", "nonsense")
	if _, err := New(); err == nil || len(hint.Of(err)) == 0 {
		t.Errorf("%v", err)
	}
}

func TestReadPull(t *testing.T) {
	t.Parallel()
	const stream = `{"status":"Pulling from x","id":"latest"}
{"status":"Downloading","id":"a","progressDetail":{"current":10,"total":100}}
{"status":"Downloading","id":"b","progressDetail":{"current":5,"total":50}}
{"status":"Downloading","id":"a","progressDetail":{"current":100,"total":100}}
{"status":"Extracting","id":"a","progressDetail":{"current":1,"total":9}}
`
	var last progress.Event
	report := func(e progress.Event) { last = e }
	if err := readPull(strings.NewReader(stream), report, "pull x"); err != nil {
		t.Fatal(err)
	}
	if last.Current != 105 || last.Total != 150 || last.State != progress.Running || last.Task != "pull x" {
		t.Errorf("%+v", last)
	}
	if err := readPull(strings.NewReader(stream+`{"error":"gone"}`), report, "x"); err == nil || err.Error() != "gone" {
		t.Errorf("%v", err)
	}
	if err := readPull(strings.NewReader("no JSON"), report, "x"); err == nil {
		t.Error("no error")
	}
}

func TestDaemonLocal(t *testing.T) {
	t.Parallel()
	cases := map[Daemon]bool{
		{Host: "unix:///var/run/docker.sock", System: "Debian", OS: "linux"}:         true,
		{Host: "unix:///var/run/docker.sock", System: "Docker Desktop", OS: "linux"}: false,
		{Host: "tcp://10.0.0.1:2375", System: "Debian", OS: "linux"}:                 false,
		{Host: "npipe:////./pipe/docker_engine", System: "Windows", OS: "windows"}:   false,
	}
	for d, want := range cases {
		if d.Local() != want {
			t.Errorf("%+v: %t", d, d.Local())
		}
	}
}
