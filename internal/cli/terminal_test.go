//go:build unix

package cli_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// terminal is a person's end of a pseudo-terminal of 80 columns.
type terminal struct {
	t      *testing.T
	pty    *os.File
	theirs *os.File
	mu     sync.Mutex
	seen   string
	grown  chan struct{}
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(ours, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, pty: ours, theirs: theirs, grown: make(chan struct{}, 1)}
	go term.read()
	t.Cleanup(func() { _ = errors.Join(theirs.Close(), ours.Close()) })
	return term
}

func (term *terminal) read() {
	buf := make([]byte, 4096)
	for {
		n, err := term.pty.Read(buf)
		term.mu.Lock()
		term.seen += string(buf[:n])
		term.mu.Unlock()
		select {
		case term.grown <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// expect waits until the text has been drawn since the last expect.
func (term *terminal) expect(text string) {
	term.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		term.mu.Lock()
		_, rest, found := strings.Cut(term.seen, text)
		if found {
			term.seen = rest
		}
		seen := term.seen
		term.mu.Unlock()
		if found {
			return
		}
		select {
		case <-term.grown:
		case <-deadline:
			term.t.Fatalf("no %q in %q", text, seen)
		}
	}
}

func (term *terminal) typeKeys(keys string) {
	term.t.Helper()
	if _, err := term.pty.WriteString(keys); err != nil {
		term.t.Fatal(err)
	}
}

// buildProgram builds wasmctl without the race detector: bubbletea v2.0.9 races
// with itself when it ends, and that is not what these tests are about.
func buildProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wasmctl")
	out, err := exec.Command("go", "build", "-o", path, "github.com/wasmctl/wasmctl/cmd/wasmctl").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// run starts a command line on the terminal; the channel gives its exit code.
func (term *terminal) run(args ...string) <-chan int {
	term.t.Helper()
	cmd := exec.CommandContext(term.t.Context(), buildProgram(term.t), args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = term.theirs, term.theirs, term.theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		term.t.Fatal(err)
	}
	done := make(chan int, 1)
	go func() {
		_ = cmd.Wait() // the code says it all
		done <- cmd.ProcessState.ExitCode()
	}()
	return done
}

func (term *terminal) ends(done <-chan int, want int) {
	term.t.Helper()
	select {
	case code := <-done:
		if code != want {
			term.mu.Lock()
			defer term.mu.Unlock()
			term.t.Errorf("exit code %d, want %d; on the terminal: %q", code, want, term.seen)
		}
	case <-time.After(20 * time.Second):
		term.t.Fatal("it does not end")
	}
}

const (
	keyDown  = "\x1b[B"
	keyEnter = "\r"
	keyCtrlC = "\x03"
)

func TestInitAsksForWhatIsMissing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "My Shop")
	term := newTerminal(t)
	done := term.run("init", dir)
	term.expect("Language")
	term.expect("AssemblyScript: ")
	term.typeKeys(keyEnter)
	term.expect("Template")
	term.expect("path-rewrite")
	term.typeKeys(keyDown + keyEnter)
	term.expect("Name of the filter")
	term.expect("my-shop")
	term.typeKeys("-2" + keyEnter)
	term.expect("Go module path")
	term.expect("example.com/my-shop-2")
	term.typeKeys("/v2" + keyEnter)
	term.ends(done, 0)
	if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err != nil || !strings.HasPrefix(string(text), "module example.com/my-shop-2/v2\n") {
		t.Errorf("go.mod is %q, %v", text, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "wasmctl.yaml"))
	if err != nil || !strings.Contains(string(text), "name: \"my-shop-2\"\n") {
		t.Errorf("wasmctl.yaml is %q, %v", text, err)
	}
	if text, err = os.ReadFile(filepath.Join(dir, "config.yaml")); err != nil || !strings.Contains(string(text), "rewrites:") {
		t.Errorf("config.yaml is %q, %v", text, err)
	}
}

func TestInitAbortedLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "shop")
	term := newTerminal(t)
	done := term.run("init", dir)
	term.expect("Language")
	term.typeKeys(keyCtrlC)
	term.ends(done, 130)
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is there (%v)", dir, err)
	}
}

func TestInitWithYesNeverAsks(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "shop")
	term := newTerminal(t)
	term.ends(term.run("init", dir, "--yes"), 0)
	if _, err := os.Stat(filepath.Join(dir, "main.go")); err != nil {
		t.Error(err)
	}
}
