package build_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/testkit"
)

// fakeGo makes a Go root whose go command is the given shell script, and the
// only thing on PATH besides the shell's tools.
func fakeGo(t *testing.T, versionFile, script string) (root string) {
	t.Helper()
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("needs a shell")
	}
	root = t.TempDir()
	testkit.WriteFiles(t, root, map[string]string{"bin/go": "#!/bin/sh\n" + script + "\n"})
	if versionFile != "" {
		testkit.WriteFiles(t, root, map[string]string{"VERSION": versionFile + "\ntime 2025-01-01T00:00:00Z\n"})
	}
	if err := os.Chmod(filepath.Join(root, "bin", "go"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Join(root, "bin")+":/usr/bin:/bin")
	return root
}

func emptyProject(t *testing.T) *project.Project {
	t.Helper()
	dir := t.TempDir()
	testkit.WriteGoFilter(t, dir)
	return &project.Project{Dir: dir, Name: "sample", Language: project.Go}
}

func TestNoGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := build.Build(t.Context(), build.Options{Toolchain: build.ToolchainHost, Project: emptyProject(t)})
	if !errors.Is(err, build.ErrToolMissing) || len(hint.Of(err)) == 0 || !strings.Contains(hint.Of(err)[0], "go.dev/dl") {
		t.Errorf("error %v, hints %q", err, hint.Of(err))
	}
}

func TestGoTooOld(t *testing.T) {
	cases := []struct{ name, versionFile, script, goMod, text string }{
		{"by file", "go1.22.5", "echo go1.22.5", "", "found go1.22.5, sample needs go1.24"},
		{"asked", "", "echo go1.21.0", "", "found go1.21.0, sample needs go1.24"},
		{"cannot be asked", "go1.20", "exit 1", "", "found go1.20"},
		{"for go.mod", "go1.24.4", "echo 'go: go.mod requires go >= 1.99' >&2; exit 1", "module x\n\ngo 1.99\n", "found go1.24.4, sample needs go1.99"},
		{"chosen", "go1.26.1", "echo go1.23.0", "", "found go1.23.0"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			fakeGo(t, c.versionFile, c.script)
			t.Setenv("GOTOOLCHAIN", map[bool]string{true: "go1.23.0", false: "auto"}[c.name == "chosen"])
			p := emptyProject(t)
			if c.goMod != "" {
				testkit.WriteFiles(t, p.Dir, map[string]string{"go.mod": c.goMod})
			}
			_, err := build.Build(t.Context(), build.Options{Toolchain: build.ToolchainHost, Project: p})
			if !errors.Is(err, build.ErrToolTooOld) || !strings.Contains(err.Error(), c.text) || len(hint.Of(err)) == 0 {
				t.Errorf("error %v, want %q", err, c.text)
			}
		})
	}
}

func TestNewerToolchainIsFetched(t *testing.T) {
	// The installed Go is too old, but fetches a newer one: that one counts.
	fakeGo(t, "go1.22.5", `test "$1" = env && echo go1.25.0 && exit 0; echo "the compiler ran" >&2; exit 2`)
	var messages strings.Builder
	_, err := build.Build(t.Context(), build.Options{Toolchain: build.ToolchainHost, Project: emptyProject(t), Stderr: &messages})
	compile := (*build.CompileError)(nil)
	if !errors.As(err, &compile) || compile.Toolchain != "go1.25.0" || !strings.Contains(messages.String(), "the compiler ran") {
		t.Errorf("error %v, messages %q", err, &messages)
	}
}

func TestBrokenGo(t *testing.T) {
	fakeGo(t, "", "echo 'no such version' >&2; exit 3")
	_, err := build.Build(t.Context(), build.Options{Toolchain: build.ToolchainHost, Project: emptyProject(t)})
	if !errors.Is(err, build.ErrToolMissing) || !strings.Contains(err.Error(), "no such version") {
		t.Errorf("error %v", err)
	}
}

func TestCompilerThatWritesNothing(t *testing.T) {
	fakeGo(t, "go1.26.0", "exit 0")
	_, err := build.Build(t.Context(), build.Options{Toolchain: build.ToolchainHost, Project: emptyProject(t)})
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want %v", err, os.ErrNotExist)
	}
}

func TestNoOpStartsNoProgram(t *testing.T) {
	real := testkit.Need(t, testkit.Go)
	p := sample(t)
	first := mustBuild(t, build.Options{Toolchain: build.ToolchainHost, Project: p})

	out, err := exec.CommandContext(t.Context(), real, "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := fakeGo(t, "", "touch $0.started; exit 1")
	for _, name := range []string{"VERSION", "go.env"} {
		if b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), name)); err == nil {
			testkit.WriteFiles(t, root, map[string]string{name: string(b)})
		}
	}
	second := mustBuild(t, build.Options{Toolchain: build.ToolchainHost, Project: p})
	if !second.UpToDate || second.Toolchain != first.Toolchain {
		t.Errorf("second build: %+v", second)
	}
	if _, err := os.Stat(filepath.Join(root, "bin", "go.started")); err == nil {
		t.Error("the go command was started")
	}
}

func BenchmarkNoOp(b *testing.B) {
	testkit.Need(b, testkit.Go)
	dir := b.TempDir()
	testkit.WriteGoFilter(b, dir)
	o := build.Options{Project: &project.Project{Dir: dir, Name: "sample", Language: project.Go}}
	if _, err := build.Build(b.Context(), o); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if r, err := build.Build(b.Context(), o); err != nil || !r.UpToDate {
			b.Fatal(r, err)
		}
	}
}
