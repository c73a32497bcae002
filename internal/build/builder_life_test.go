package build_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/container"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/testkit"
)

const imageLabel = "dev.wasmctl.test"

func engine(t *testing.T) *container.Client {
	t.Helper()
	testkit.Need(t, testkit.Docker)
	c, err := container.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// testImage makes an image that goes with the test, and returns its name.
func testImage(t *testing.T, c *container.Client, dockerfile string) string {
	t.Helper()
	name := "wasmctl-test/" + strings.ToLower(rand.Text()[:8]) + ":x"
	if err := c.BuildImage(t.Context(), container.ImageSpec{
		Name: name, Dockerfile: dockerfile, Labels: map[string]string{imageLabel: name},
	}, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeImages(t, c, name) })
	return name
}

// removeImages removes a test's image and what was made from it, which has its
// label too.
func removeImages(t *testing.T, c *container.Client, name string) {
	t.Helper()
	var failures error
	for range 5 { // what others are made from can only go after them
		objects, err := c.Objects(context.Background(), imageLabel)
		if err != nil {
			t.Fatal(err)
		}
		failures = nil
		for _, o := range objects {
			if o.Kind == container.KindImage && o.Labels[imageLabel] == name {
				failures = errors.Join(failures, c.RemoveObject(context.Background(), o))
			}
		}
		if failures == nil {
			return
		}
	}
	t.Error(failures)
}

func removeImage(t *testing.T, c *container.Client, name string) {
	t.Helper()
	if err := c.RemoveObject(context.Background(), container.Object{Kind: container.KindImage, ID: name}); err != nil {
		t.Error(err)
	}
}

// busy tells whether a container of the image runs.
func busy(t *testing.T, c *container.Client, image string) bool {
	t.Helper()
	objects, err := c.Objects(t.Context(), imageLabel)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if o.Kind == container.KindImage && o.Name == image {
			return o.Busy
		}
	}
	return false
}

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

// killedVariable names the project and the image of the build that is killed.
const killedVariable = "WASMCTL_BUILD_TEST_KILLED"

// A build that is killed in the hardest way leaves no container.
func TestContainerBuildKilled(t *testing.T) {
	t.Parallel()
	c := engine(t)
	if value := os.Getenv(killedVariable); value != "" {
		dir, image, _ := strings.Cut(value, "|")
		p := &project.Project{Dir: dir, Name: "own", Build: project.Build{
			Command: project.Command{Shell: "echo ready; sleep 1000"}, Image: image,
		}}
		_, err := build.Build(t.Context(), build.Options{Project: p, Toolchain: build.ToolchainContainer, Stderr: os.Stdout})
		t.Fatal(err)
	}
	image := testImage(t, c, "FROM "+commandImage+"\n")
	cmd := exec.Command(os.Args[0], "-test.run=^TestContainerBuildKilled$")
	cmd.Env = append(os.Environ(), killedVariable+"="+t.TempDir()+"|"+image)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if !busy(t, c, image) {
		t.Error("no container runs")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	until(t, "the container still runs", func() bool { return !busy(t, c, image) })
}

// The compile step has no network; the fetch step has, unless the build is
// offline. Fetching is done once, and again when the cache is gone.
func TestContainerNetworkAndFetch(t *testing.T) {
	t.Parallel()
	c := engine(t)
	p := commandProject(t, `
		echo "compile: $(ls /sys/class/net | tr '\n' ' ')"
		test -e "$HOME/fetched" && cp module.wasm "$WASMCTL_OUT"`)
	p.Build.Fetch = project.Command{Shell: `echo "fetch: $(ls /sys/class/net | tr '\n' ' ')"; touch "$HOME/fetched"`}
	p.Build.Image = commandImage
	o, m := contained(t, p)
	o.Offline = true
	rebuild := func(want ...string) {
		t.Helper()
		m.stderr.Reset()
		testkit.WriteFiles(t, p.Dir, map[string]string{"changed": rand.Text()})
		m.build(t, o)
		if got := strings.Fields(m.stderr.String()); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%q, want %q", got, want)
		}
	}
	rebuild("fetch:", "lo", "compile:", "lo")
	rebuild("compile:", "lo")
	// What decides the dependencies has changed.
	o.Offline = false
	testkit.WriteFiles(t, p.Dir, map[string]string{"go.sum": "x"})
	rebuild("fetch:", "eth0", "lo", "compile:", "lo")

	volumes, err := c.Objects(t.Context(), build.BuilderLabel)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range volumes {
		if v.Kind == container.KindVolume && strings.HasPrefix(v.Name, "wasmctl-cache-command-") {
			until(t, "the volume stays in use", func() bool { return c.RemoveObject(t.Context(), v) == nil })
		}
	}
	rebuild("fetch:", "eth0", "lo", "compile:", "lo")

	p.Build.Fetch.Shell = "echo cannot reach it; exit 3"
	testkit.WriteFiles(t, p.Dir, map[string]string{"go.sum": "y"})
	_, err = build.Build(t.Context(), o)
	if !errors.Is(err, build.ErrFetch) || len(hint.Of(err)) == 0 || !strings.Contains(m.stderr.String(), "cannot reach it") {
		t.Errorf("%v, hints %q", err, hint.Of(err))
	}
}

func TestBuilderImageFails(t *testing.T) {
	t.Parallel()
	c := engine(t)
	p := sample(t)
	o, m := contained(t, p)
	o.Container.Base = testImage(t, c, "FROM "+commandImage+"\nRUN printf '#!/bin/sh\\nseq 30; exit 4' >/usr/bin/apt-get\n")
	_, err := build.Build(t.Context(), o)
	var failed *container.ImageError
	if !errors.As(err, &failed) || !strings.HasPrefix(failed.Step, "step 4/") || !strings.Contains(failed.Step, "RUN apt-get") {
		t.Fatalf("%v", err)
	}
	if lines := strings.Fields(m.stderr.String()); len(lines) != 20 || lines[19] != "30" || len(hint.Of(err)) == 0 {
		t.Errorf("%q, hints %q", lines, hint.Of(err))
	}
	o.Container.Base = ""
	o.Container.Image = "127.0.0.1:1/no/such:image"
	if _, err := build.Build(t.Context(), o); err == nil || !strings.Contains(err.Error(), "pull image 127.0.0.1:1/no/such:image") {
		t.Error(err)
	}
	o.Container.Image = commandImage // has no Go
	if _, err := build.Build(t.Context(), o); !errors.Is(err, build.ErrToolMissing) || !strings.Contains(err.Error(), commandImage) {
		t.Error(err)
	}
}

// Two builds that need the same image at once make it once, and one that was
// removed is made again.
func TestBuilderImageOnce(t *testing.T) {
	t.Parallel()
	c := engine(t)
	first := sample(t)
	o, m := contained(t, first)
	made := m.build(t, o) // the built-in image, on which another is put
	base := testImage(t, c, "FROM "+made.Record.Image+"\nRUN printf '#!/bin/sh\\n' >/usr/bin/apt-get\n")
	state := t.TempDir()
	var mu sync.Mutex
	notices := 0
	build1 := func(p *project.Project) *build.Result {
		o, m := contained(t, p)
		o.Container.Base, o.Container.State = base, state
		o.Notice = func(text string) {
			mu.Lock()
			defer mu.Unlock()
			if strings.HasPrefix(text, "Making the builder image") {
				notices++
			}
		}
		return m.build(t, o)
	}
	projects := []*project.Project{first, sample(t), sample(t)}
	results := make([]*build.Result, len(projects))
	var all sync.WaitGroup
	for i, p := range projects {
		all.Go(func() { results[i] = build1(p) })
	}
	all.Wait()
	image := results[0].Record.Image
	if notices != 1 || image == made.Record.Image {
		t.Errorf("made %d times: %s", notices, image)
	}
	// The same sources give the same bytes, whatever the folder.
	if results[1].SHA256 != results[2].SHA256 {
		t.Error("two folders, two modules")
	}
	removeImage(t, c, image)
	if again := build1(first); !again.UpToDate {
		t.Error("a missing image makes a module stale")
	}
	testkit.WriteFiles(t, first.Dir, map[string]string{"header.go": "package main\n\nconst headerValue = \"two\"\n"})
	if again := build1(first); again.UpToDate || notices != 2 {
		t.Errorf("made %d times", notices)
	}
}

func TestContainerNoEngine(t *testing.T) {
	p := sample(t)
	t.Setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
	_, err := build.Build(t.Context(), build.Options{Project: p, Toolchain: build.ToolchainContainer})
	var failed *build.ContainerError
	if !errors.As(err, &failed) || !errors.Is(err, container.ErrUnavailable) || len(hint.Of(err)) == 0 {
		t.Errorf("%v, hints %q", err, hint.Of(err))
	}
	t.Setenv("PATH", t.TempDir())
	_, err = build.Build(t.Context(), build.Options{Project: p})
	hints := strings.Join(hint.Of(err), "; ")
	if !errors.Is(err, build.ErrToolMissing) || !errors.Is(err, container.ErrUnavailable) ||
		!strings.Contains(hints, "go.dev/dl") || !strings.Contains(hints, "start Docker") {
		t.Errorf("%v, hints %q", err, hints)
	}
}

// With auto a container is used where the tools of this machine do not serve,
// and the user is told once, not with each build that finds nothing to do.
func TestContainerInstead(t *testing.T) {
	testkit.Need(t, testkit.Docker)
	for name, prepare := range map[string]func(){
		"missing": func() { t.Setenv("PATH", t.TempDir()) },
		"too old": func() { fakeGo(t, "go1.21.0", "echo go1.21.0") },
	} {
		t.Run(name, func(t *testing.T) {
			p := emptyProject(t)
			prepare()
			o, m := contained(t, p)
			o.Toolchain = build.ToolchainAuto
			r := m.build(t, o)
			if r.Record.Where != "container" || len(m.notices) == 0 || !strings.Contains(m.notices[0], "Building sample in a container: ") {
				t.Errorf("%+v, %q", r, m.notices)
			}
			m.notices = nil
			t.Setenv("DOCKER_HOST", "unix:///nowhere/docker.sock") // no daemon is asked
			if again := m.build(t, o); !again.UpToDate || len(m.notices) > 0 {
				t.Errorf("%+v, %q", again, m.notices)
			}
			t.Setenv("DOCKER_HOST", "")
			if err := os.Remove(filepath.Join(p.Dir, "build", "sample.wasm")); err != nil {
				t.Fatal(err)
			}
			if again := m.build(t, o); again.SHA256 != r.SHA256 {
				t.Error("another module")
			}
		})
	}
}

// A daemon behind a network address gets copies, and nobody has to ask for it.
func TestContainerRemoteDaemon(t *testing.T) {
	c := engine(t)
	socket, local := strings.CutPrefix(c.Host(), "unix://")
	if !local {
		t.Skip("the daemon is remote already")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", socket)
			if err != nil {
				near.Close()
				continue
			}
			pipe := func(to, from net.Conn) {
				_, _ = io.Copy(to, from) // ends when either side is closed
				to.Close()
			}
			go pipe(near, far)
			go pipe(far, near)
		}
	}()
	t.Setenv("DOCKER_HOST", "tcp://"+listener.Addr().String())
	p := sample(t)
	// What is no source does not travel.
	testkit.WriteFiles(t, p.Dir, map[string]string{".git/objects/x": "x", "node_modules/x.go": "package x", "header.go": "package main\n\nconst headerValue = 5 +\n"})
	o, m := contained(t, p)
	if _, err := build.Build(t.Context(), o); err == nil || !strings.Contains(m.stderr.String(), "./header.go:4:") {
		t.Errorf("%v\n%s", err, &m.stderr)
	}
	testkit.WriteFiles(t, p.Dir, map[string]string{"header.go": "package main\n\nconst headerValue = \"far\"\n"})
	if r := m.build(t, o); !strings.Contains(string(r.Module.Bytes()), "far") {
		t.Error("another module")
	}
}
