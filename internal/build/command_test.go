package build_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// commandProject is a project that a command builds. Beside it lies a module,
// module.wasm, for commands that copy it.
func commandProject(t *testing.T, shell string) *project.Project {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs sh")
	}
	dir := t.TempDir()
	m := testkit.Filter()
	m.Custom("name", []byte{1, 4, 1, 0, 1, 'f'})
	m.Custom(".debug_info", []byte("debug"))
	testkit.WriteFiles(t, dir, map[string]string{"module.wasm": string(m.Bytes())})
	return &project.Project{Dir: dir, Name: "own", Build: project.Build{Command: project.Command{Shell: shell}}}
}

const copyModule = `cp module.wasm "$WASMCTL_OUT"`

func sectionNames(m *wasm.Module) string {
	var names []string
	for _, s := range m.Sections() {
		if s.ID == wasm.SectionCustom {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, " ")
}

func TestCommand(t *testing.T) {
	t.Parallel()
	p := commandProject(t, `echo compiling; echo "$WASMCTL_NAME $WASMCTL_DEBUG $PWD" >"$WASMCTL_BUILD_DIR/seen"; `+copyModule)
	p.Language = "cobol"
	var messages bytes.Buffer
	first, err := build.Build(t.Context(), build.Options{Project: p, Stderr: &messages})
	if err != nil {
		t.Fatal(err)
	}
	if first.Toolchain != "echo" || messages.String() != "compiling\n" {
		t.Errorf("toolchain %q, messages %q", first.Toolchain, &messages)
	}
	if names := sectionNames(first.Module); names != "producers wasmctl.build" {
		t.Errorf("custom sections %q", names)
	}
	if r := first.Record; r == nil || r.Language != "cobol" || r.Toolchain != "echo" || r.Where != "host" {
		t.Errorf("record %+v", first.Record)
	}
	seen := filepath.Join(p.Dir, "build", ".command", "seen")
	if b, _ := os.ReadFile(seen); string(b) != "own  "+p.Dir+"\n" {
		t.Errorf("the command saw %q", b)
	}
	if again := mustBuild(t, build.Options{Project: p}); !again.UpToDate || again.Record == nil {
		t.Errorf("nothing changed, yet it was built again: %+v", again)
	}
	debug := mustBuild(t, build.Options{Project: p, Debug: true})
	if b, _ := os.ReadFile(seen); string(b) != "own 1 "+p.Dir+"\n" {
		t.Errorf("the command saw %q in a build for debugging", b)
	}
	if names := sectionNames(debug.Module); names != "name .debug_info producers wasmctl.build" || !debug.Record.Debug {
		t.Errorf("custom sections %q, record %+v", names, debug.Record)
	}
	named := mustBuild(t, build.Options{Project: p, Names: true})
	if names := sectionNames(named.Module); named.UpToDate || names != "name producers wasmctl.build" {
		t.Errorf("custom sections %q with names", names)
	}
	p.Build.Command.Shell += " "
	if changed := mustBuild(t, build.Options{Project: p, Names: true}); changed.UpToDate {
		t.Error("a changed command was not seen")
	}
}

func TestCommandAsList(t *testing.T) {
	t.Parallel()
	p := commandProject(t, "")
	testkit.WriteFiles(t, p.Dir, map[string]string{"my tools/build.sh": "#!/bin/sh\ncp \"$1\" \"$2\"\n"})
	script := filepath.Join(p.Dir, "my tools", "build.sh")
	if err := os.Chmod(script, 0o755); err != nil {
		t.Fatal(err)
	}
	p.Build = project.Build{
		Command: project.Command{Args: []string{"./my tools/build.sh", "module.wasm", "a $b 'c.wasm"}}, Output: "a $b 'c.wasm",
	}
	first := mustBuild(t, build.Options{Project: p})
	if first.Toolchain != "build.sh" {
		t.Errorf("toolchain %q", first.Toolchain)
	}
	if again := mustBuild(t, build.Options{Project: p}); !again.UpToDate {
		t.Error("the output of the command counts as a source")
	}
	testkit.WriteFiles(t, p.Dir, map[string]string{"my tools/build.sh": "#!/bin/sh\n# changed\ncp \"$1\" \"$2\"\n"})
	if again := mustBuild(t, build.Options{Project: p}); again.UpToDate {
		t.Error("a changed program was not seen")
	}
}

func TestCommandIgnore(t *testing.T) {
	t.Parallel()
	p := commandProject(t, copyModule+"; mkdir -p out; date +%N >out/time")
	p.Build.Ignore = []string{"out", "docs/draft.md"}
	mustBuild(t, build.Options{Project: p})
	testkit.WriteFiles(t, p.Dir, map[string]string{"docs/draft.md": "new", "out/more": "new"})
	if again := mustBuild(t, build.Options{Project: p}); !again.UpToDate {
		t.Error("a file that is ignored starts a build")
	}
	testkit.WriteFiles(t, p.Dir, map[string]string{"docs/text.md": "new"})
	if again := mustBuild(t, build.Options{Project: p}); again.UpToDate {
		t.Error("a file that is not ignored starts no build")
	}
}

func TestCommandFetch(t *testing.T) {
	t.Parallel()
	p := commandProject(t, "")
	p.Build.Command.Shell = `cp "$WASMCTL_BUILD_DIR/fetched" "$WASMCTL_OUT"`
	p.Build.Fetch.Shell = `cp module.wasm "$WASMCTL_BUILD_DIR/fetched"`
	if _, err := build.Build(t.Context(), build.Options{Project: p, Offline: true}); err == nil {
		t.Error("it was fetched without network")
	}
	mustBuild(t, build.Options{Project: p})
	p.Build.Fetch.Shell = "exit 7"
	_, err := build.Build(t.Context(), build.Options{Project: p})
	if err == nil || !strings.Contains(err.Error(), `build.fetch: "exit 7": sh ended with code 7`) {
		t.Errorf("error %v", err)
	}
}

func TestCommandErrors(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, shell, output string
		want, messages      string
	}{
		{"fails", "echo file.x:3: wrong; exit 3", "", `"echo file.x:3: wrong; exit 3": sh ended with code 3`, "file.x:3: wrong\n"},
		{"stops at the first line", "false\n" + copyModule, "", `"false ...": sh ended with code 1`, ""},
		{"writes nothing", "exit 0", "", "build.command built no module from", ""},
		{"writes no output", "exit 0", "out.wasm", "it wrote no file", ""},
		{"writes an empty file", `: >"$WASMCTL_OUT"`, "", "the file is empty", ""},
		{"writes no module", `echo text >"$WASMCTL_OUT"`, "", "not a WebAssembly module", ""},
		{"writes half a module", `head -c 100 module.wasm >"$WASMCTL_OUT"`, "", "truncated", ""},
		{"makes a folder", `mkdir "$WASMCTL_OUT"`, "", "what it wrote is no file", ""},
		{"makes a folder for output", "mkdir out.wasm", "out.wasm", "is no file", ""},
		{"makes a pipe", `mkfifo "$WASMCTL_OUT"`, "", "what it wrote is no file", ""},
		{"calls what is not there", "if true; then no-such-program; fi", "", "sh ended with code 127", "no-such-program"},
		{"writes far too much", `truncate -s 300M "$WASMCTL_OUT"`, "", "it has 300 MiB", ""},
		{"writes far too much output", `truncate -s 300M out.wasm`, "out.wasm", "it has 300 MiB", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := commandProject(t, c.shell)
			p.Build.Output = c.output
			var messages bytes.Buffer
			_, err := build.Build(t.Context(), build.Options{Project: p, Stderr: &messages})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(messages.String(), c.messages) {
				t.Fatalf("error %v, want %q; messages %q, want %q", err, c.want, &messages, c.messages)
			}
			if strings.Contains(err.Error(), ".build-") {
				t.Errorf("error %q names a temporary file", err)
			}
			if names := leftovers(t, p); strings.Join(names, " ") != ".command" {
				t.Errorf("left in the build folder: %q", names)
			}
		})
	}
}

func TestCommandThatWritesNothingAnew(t *testing.T) {
	t.Parallel()
	p := commandProject(t, "cp module.wasm out.wasm")
	p.Build.Output = "out.wasm"
	good := mustBuild(t, build.Options{Project: p})
	p.Build.Command.Shell = "true"
	_, err := build.Build(t.Context(), build.Options{Project: p})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want %v: the file of the first build is no result of the second", err, os.ErrNotExist)
	}
	for _, path := range []string{good.Path, filepath.Join(p.Dir, "out.wasm")} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the failed build took away a file: %v", err)
		}
	}
	// A file whose time is old, but which the command has put there, is new.
	p.Build.Command.Shell = "touch -d 2001-01-01 module.wasm; cp -p module.wasm out.wasm"
	mustBuild(t, build.Options{Project: p})
}

func TestCommandMissing(t *testing.T) {
	t.Parallel()
	for _, c := range []project.Command{
		{Shell: "no-such-compiler -o x"},
		{Shell: "./tools/none.sh && true"},
		{Args: []string{"no such compiler"}},
	} {
		p := commandProject(t, "")
		p.Build.Command = c
		_, err := build.Build(t.Context(), build.Options{Project: p, Toolchain: build.ToolchainHost})
		if !errors.Is(err, build.ErrToolMissing) || len(hint.Of(err)) == 0 {
			t.Errorf("%+v: error %v, want %v with a next step", c, err, build.ErrToolMissing)
		}
	}
}

func TestCommandCancelled(t *testing.T) {
	t.Parallel()
	for name, shell := range map[string]string{
		"hangs":         `touch started; sleep 1000`,
		"hangs in fork": `sleep 1000 & touch started; wait`,
		"does not end":  `trap '' TERM; sleep 1000 & echo $! >pid; touch started; wait; wait; wait`,
	} {
		if testing.Short() && name == "does not end" {
			continue // it takes five seconds
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := commandProject(t, shell)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() {
				_, err := build.Build(ctx, build.Options{Project: p})
				done <- err
			}()
			for deadline := time.Now().Add(20 * time.Second); ; runtime.Gosched() {
				if _, err := os.Stat(filepath.Join(p.Dir, "started")); err == nil {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("the command did not start")
				}
			}
			cancel()
			select {
			case err := <-done:
				if !errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
			case <-time.After(15 * time.Second):
				t.Fatal("the build goes on")
			}
			if b, err := os.ReadFile(filepath.Join(p.Dir, "pid")); err == nil {
				waitForEnd(t, strings.TrimSpace(string(b)))
			}
		})
	}
}

// waitForEnd waits until a process is gone, or a zombie that only init can take.
func waitForEnd(t *testing.T, pid string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		b, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
		if err != nil || strings.Contains(string(b), ") Z ") {
			return
		}
	}
	t.Errorf("process %s goes on", pid)
}

func TestBuildInOddFolders(t *testing.T) {
	t.Parallel()
	p := commandProject(t, copyModule)
	odd := filepath.Join(t.TempDir(), "größe mit Leerzeichen $HOME 'x'")
	if err := os.Rename(p.Dir, odd); err != nil {
		t.Fatal(err)
	}
	p.Dir = odd
	for name, target := range map[string]string{"loop": "loop", "up": "..", "self": ".", "gone": "nowhere", "away": "/etc/hostname"} {
		if err := os.Symlink(target, filepath.Join(odd, name)); err != nil {
			t.Fatal(err)
		}
	}
	first := mustBuild(t, build.Options{Project: p})
	if again := mustBuild(t, build.Options{Project: p}); !again.UpToDate || again.SHA256 != first.SHA256 {
		t.Errorf("second build %+v", again)
	}
}
