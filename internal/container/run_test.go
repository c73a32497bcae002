package container

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// baseImage is the image that the Envoy image of the tests is made from.
const baseImage = "debian:trixie-slim"

// shell is a container that runs a script.
func shell(script string) Spec {
	return Spec{
		Image: baseImage, Command: []string{"sh", "-c", script}, User: "1234:1234", NoNetwork: true,
		Labels: map[string]string{testLabel: "run-" + strings.ToLower(rand.Text()[:8])}, Tmpfs: map[string]int64{"/tmp": 1 << 20},
	}
}

// nothingLeft fails the test when a container of the specification is still there.
func nothingLeft(t *testing.T, c *Client, s Spec) {
	t.Helper()
	if left, err := c.List(context.Background(), testLabel, s.Labels[testLabel]); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	c := connect(t)
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "in"), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, script, stdout string
		code                 int
	}{
		{"output", "echo out; echo err >&2; exit 7", "out\n", 7},
		{"user", "id -u; id -g", "1234\n1234\n", 0},
		{
			"no capabilities", "grep -E 'Cap(Eff|Bnd)|NoNewPrivs' /proc/self/status | tr -d '\\t\\n'",
			"CapEff:0000000000000000CapBnd:0000000000000000NoNewPrivs:1", 0,
		},
		{"read-only root", "touch /x 2>/dev/null || echo no", "no\n", 0},
		{"tmpfs with programs", "printf '#!/bin/sh\\necho ran' >/tmp/p; chmod +x /tmp/p; /tmp/p", "ran\n", 0},
		{"no network", "ls /sys/class/net", "lo\n", 0},
		{"no input", "cat; echo end", "end\n", 0},
		{"read-only mount", "cat '/a b/in'; touch '/a b/x' 2>/dev/null || echo no", "contentno\n", 0},
		{"environment and folder", "echo $X; pwd", "a b\n/tmp\n", 0},
		{"no code is special", "exit 250", "", 250},
		{"no end of line", "printf x; printf y >&2", "x", 0},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := shell(test.script)
			s.Env, s.Dir = []string{"X=a b"}, "/tmp"
			s.Mounts = []Mount{{Path: folder, Target: "/a b", ReadOnly: true}}
			var stdout, stderr bytes.Buffer
			err := c.Run(t.Context(), s, IO{Stdout: &stdout, Stderr: &stderr})
			var exit *ExitError
			code := 0
			if errors.As(err, &exit) {
				code = exit.Code
			} else if err != nil {
				t.Fatal(err)
			}
			if code != test.code || stdout.String() != test.stdout {
				t.Errorf("code %d, stdout %q, stderr %q", code, &stdout, &stderr)
			}
			nothingLeft(t, c, s)
		})
	}
}

func TestRunLimits(t *testing.T) {
	t.Parallel()
	c := connect(t)
	cases := []struct {
		name, script string
		want         ExitError
	}{
		// The child of a child is killed, as with a compiler that starts a linker.
		{"memory", "sh -c 'dd if=/dev/zero of=/dev/null bs=300M count=1' || exit 3", ExitError{Code: 3, OutOfMemory: true}},
		{"disk", "head -c 2000000 /dev/zero >/tmp/x", ExitError{Code: 1, DiskFull: true}},
		{"processes", "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do sleep 9 & done", ExitError{Code: 2}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := shell(test.script)
			s.Memory, s.CPUs, s.PIDs = 64<<20, 0.5, 16
			var out bytes.Buffer
			err := c.Run(t.Context(), s, IO{Stdout: &out, Stderr: &out})
			var exit *ExitError
			if !errors.As(err, &exit) || *exit != test.want {
				t.Errorf("%+v, output %s", err, &out)
			}
			nothingLeft(t, c, s)
		})
	}
}

func TestRunCancelled(t *testing.T) {
	t.Parallel()
	c, s := connect(t), shell("echo ready; sleep 1000")
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	begin := time.Now()
	err := c.Run(ctx, s, IO{Stdout: writerFunc(func(p []byte) (int, error) {
		cancel(interrupted)
		return len(p), nil
	})})
	if !errors.Is(err, interrupted) || time.Since(begin) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
	nothingLeft(t, c, s)
}

func TestRunStoppedFromOutside(t *testing.T) {
	t.Parallel()
	c, s := connect(t), shell("echo ready; sleep 1000")
	err := c.Run(t.Context(), s, IO{Stdout: writerFunc(func(p []byte) (int, error) {
		ids, err := c.List(t.Context(), testLabel, s.Labels[testLabel])
		if err != nil || len(ids) != 1 {
			t.Errorf("%q, %v", ids, err)
			return len(p), nil
		}
		return len(p), c.Stop(t.Context(), ids[0], 5*time.Second)
	})})
	var exit *ExitError
	if !errors.As(err, &exit) || !exit.Stopped {
		t.Error(err)
	}
	nothingLeft(t, c, s)
}

// killedVariable makes TestRunKilled the process that is killed.
const killedVariable = "WASMCTL_CONTAINER_TEST_LABEL"

// A process that is killed in the hardest way leaves no container: not even its
// own clean-up has run.
func TestRunKilled(t *testing.T) {
	t.Parallel()
	c, s := connect(t), shell("echo ready; sleep 1000")
	if value := os.Getenv(killedVariable); value != "" {
		s.Labels[testLabel] = value
		t.Fatal(c.Run(t.Context(), s, IO{Stdout: os.Stdout}))
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestRunKilled$")
	cmd.Env = append(os.Environ(), killedVariable+"="+s.Labels[testLabel])
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	ids, err := c.List(t.Context(), testLabel, s.Labels[testLabel])
	if err != nil || len(ids) != 1 {
		t.Fatalf("%q, %v", ids, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ids, err = c.List(t.Context(), testLabel, s.Labels[testLabel]); err == nil && len(ids) == 0 {
			return
		}
	}
	t.Errorf("left: %q, %v", ids, err)
}

// A daemon that goes away in the middle is told from a program that failed.
func TestRunDaemonGone(t *testing.T) {
	c := connect(t)
	s := shell("echo ready; sleep 1000")
	proxy := newProxy(t, strings.TrimPrefix(c.Host(), "unix://"))
	t.Setenv("DOCKER_HOST", "unix://"+proxy.path)
	through, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer through.Close()
	err = through.Run(t.Context(), s, IO{Stdout: writerFunc(func(p []byte) (int, error) {
		proxy.close()
		return len(p), nil
	})})
	if !errors.Is(err, ErrUnavailable) || len(hint.Of(err)) == 0 {
		t.Errorf("%v, hints %q", err, hint.Of(err))
	}
	err = through.BuildImage(t.Context(), ImageSpec{Name: "wasmctl-test/none", Dockerfile: "FROM " + baseImage}, nil)
	if !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ids, err := c.List(t.Context(), testLabel, s.Labels[testLabel]); err == nil && len(ids) == 0 {
			return
		}
	}
	nothingLeft(t, c, s)
}

// proxy stands between a client and the socket of a daemon, so that the daemon
// can go away without harm to others.
type proxy struct {
	path  string
	mu    sync.Mutex
	gone  bool
	close func()
	open  []net.Conn
}

func newProxy(t *testing.T, daemon string) *proxy {
	p := &proxy{path: filepath.Join(t.TempDir(), "docker.sock")}
	listener, err := net.Listen("unix", p.path)
	if err != nil {
		t.Fatal(err)
	}
	p.close = sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.gone = true
		listener.Close()
		for _, c := range p.open {
			c.Close()
		}
	})
	t.Cleanup(p.close)
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			p.join(near, daemon)
		}
	}()
	return p
}

func (p *proxy) join(near net.Conn, daemon string) {
	far, err := net.Dial("unix", daemon)
	if err != nil {
		near.Close()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = append(p.open, near, far)
	if p.gone {
		near.Close()
		far.Close()
	}
	pipe := func(to, from net.Conn) {
		_, _ = io.Copy(to, from) // ends when either side is closed
		to.Close()
	}
	go pipe(near, far)
	go pipe(far, near)
}

func TestRunArchive(t *testing.T) {
	t.Parallel()
	c, s := connect(t), shell("cat /in/a/b; touch /in/a/c 2>/dev/null || echo no")
	s.Folder = "/in"
	var out bytes.Buffer
	err := c.Run(t.Context(), s, IO{Stdout: &out, Archive: func(w io.Writer) error {
		archive := tar.NewWriter(w)
		header := &tar.Header{Name: "a/b", Mode: 0o444, Size: 4}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		_, err := archive.Write([]byte("text"))
		return errors.Join(err, archive.Close())
	}})
	if err != nil || out.String() != "textno\n" {
		t.Errorf("%q, %v", &out, err)
	}
	broken := errors.New("broken")
	if err := c.Run(t.Context(), s, IO{Archive: func(io.Writer) error { return broken }}); err == nil {
		t.Error("a broken archive was taken")
	}
	nothingLeft(t, c, s)
}

func TestRunRefused(t *testing.T) {
	t.Parallel()
	c := connect(t)
	s := shell("true")
	s.Mounts = []Mount{{Path: "/no/such/folder", Target: "/x"}}
	if err := c.Run(t.Context(), s, IO{}); !errors.Is(err, ErrNoFolder) {
		t.Error(err)
	}
	nothingLeft(t, c, s)
	s = shell("true")
	s.Image = "wasmctl-test/no-such-image"
	if err := c.Run(t.Context(), s, IO{}); err == nil {
		t.Error("no error")
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestReport(t *testing.T) {
	t.Parallel()
	const mark = "MARK"
	cases := []struct {
		text, passed string
		want         error
	}{
		{"a\nb\x1eMARK 0 0\n", "a\nb", nil},
		{"\x1eMARK 7 0\n", "", &ExitError{Code: 7}},
		{"a\x1eMAR\x1eMARK 137 2\n", "a\x1eMAR", &ExitError{Code: 137, OutOfMemory: true}},
		{"a\x1eMA", "a", &ExitError{Code: 9, Stopped: true}},
		{"\x1eMARK nonsense", "", &ExitError{Code: 9, Stopped: true}},
		{"", "", &ExitError{Code: 9, Stopped: true}},
	}
	for _, c := range cases {
		for size := 1; size < 6; size++ {
			var out bytes.Buffer
			r := newReport(&out, mark)
			for rest := c.text; rest != ""; {
				n := min(size, len(rest))
				if _, err := r.Write([]byte(rest[:n])); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			if err := r.exitError(9, false); fmt.Sprintf("%+v", err) != fmt.Sprintf("%+v", c.want) || out.String() != c.passed {
				t.Errorf("%q in pieces of %d: %+v, %q", c.text, size, err, &out)
			}
		}
	}
}

func FuzzReport(f *testing.F) {
	f.Add("a\x1eMARK 1 0\n", 3)
	f.Fuzz(func(t *testing.T, text string, size int) {
		var out bytes.Buffer
		r := newReport(&out, "MARK")
		for rest := text; rest != ""; {
			n := min(max(size, 1), len(rest))
			_, _ = r.Write([]byte(rest[:n])) // a buffer takes everything
			rest = rest[n:]
		}
		_ = r.exitError(1, false)
		if !strings.HasPrefix(text, out.String()) || out.Len()+len(r.held) != len(text) {
			t.Errorf("%q became %q and %q", text, &out, r.held)
		}
	})
}

func TestSpotter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"write: No space left on device (os error 28)": true, "no space": false, "": false,
	} {
		for size := range 5 {
			var out bytes.Buffer
			s := spotter{to: &out}
			for rest := text; rest != ""; {
				n := min(size+1, len(rest))
				if _, err := fmt.Fprint(&s, rest[:n]); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			if s.found != want || out.String() != text {
				t.Errorf("%q in pieces of %d: %t, %q", text, size+1, s.found, &out)
			}
		}
	}
}
