package build_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// contained returns the options of a build in a container, and what it says.
func contained(t *testing.T, p *project.Project) (build.Options, *messages) {
	t.Helper()
	testkit.Need(t, testkit.Docker)
	m := &messages{}
	return build.Options{
		Project: p, Toolchain: build.ToolchainContainer, Stderr: &m.stderr,
		Notice: func(text string) { m.notices = append(m.notices, text) },
	}, m
}

type messages struct {
	stderr  bytes.Buffer
	notices []string
}

func (m *messages) build(t *testing.T, o build.Options) *build.Result {
	t.Helper()
	r, err := build.Build(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%s%q", err, &m.stderr, hint.Of(err))
	}
	return r
}

func TestContainerBuild(t *testing.T) {
	t.Parallel()
	p := sample(t)
	o, m := contained(t, p)
	first := m.build(t, o)
	if first.UpToDate || !strings.HasPrefix(first.Toolchain, "go1.24") {
		t.Errorf("%+v", first)
	}
	if v, err := first.Module.ABI(); v != wasm.ABI021 {
		t.Errorf("ABI %q, %v", v, err)
	}
	if r := first.Record; r == nil || r.Where != "container" || !strings.HasPrefix(r.Image, "wasmctl-builder/go:") {
		t.Errorf("record %+v", r)
	}
	begin := time.Now()
	if again := m.build(t, o); !again.UpToDate || again.Toolchain != first.Toolchain {
		t.Errorf("second build: %+v", again)
	}
	t.Logf("finds nothing to do in %v", time.Since(begin))
	if names := leftovers(t, p); names != nil {
		t.Errorf("left in the build folder: %q", names)
	}
	testkit.WriteFiles(t, p.Dir, map[string]string{"header.go": "package main\n\nconst headerValue = \"two\"\n"})
	begin = time.Now()
	if third := m.build(t, o); third.UpToDate || !bytes.Contains(third.Module.Bytes(), []byte("two")) {
		t.Error("a changed file was not seen")
	}
	t.Logf("rebuilds in %v", time.Since(begin))
}

func TestContainerCompileError(t *testing.T) {
	t.Parallel()
	p := sample(t)
	testkit.WriteFiles(t, p.Dir, map[string]string{"header.go": "package main\n\nconst headerValue = 5 + \"x\"\n", "lib/lib.go": "package lib\n"})
	o, m := contained(t, p)
	_, err := build.Build(t.Context(), o)
	var failed *build.CompileError
	if !errors.As(err, &failed) || !strings.Contains(m.stderr.String(), "./header.go:3:") || strings.Contains(m.stderr.String(), "/wasmctl/") {
		t.Errorf("%v\n%s", err, &m.stderr)
	}
	if err != nil && !strings.Contains(err.Error(), "go ended with code 1") {
		t.Error(err)
	}
}

func TestContainerCancelled(t *testing.T) {
	t.Parallel()
	p := sample(t)
	o, m := contained(t, p)
	m.build(t, o) // makes the image
	testkit.WriteFiles(t, p.Dir, map[string]string{"header.go": "package main\n\nconst headerValue = \"three\"\n"})
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(300*time.Millisecond, func() { cancel(interrupted) })
	if _, err := build.Build(ctx, o); err != nil && !errors.Is(err, interrupted) {
		t.Error(err)
	}
	if names := leftovers(t, p); names != nil {
		t.Errorf("left in the build folder: %q", names)
	}
}

func TestContainerProjectFolders(t *testing.T) {
	t.Parallel()
	testkit.Need(t, testkit.Docker)
	outside := t.TempDir()
	testkit.WriteFiles(t, outside, map[string]string{
		"header.go": "package main\n\nconst headerValue = \"linked\"\n", "sub/deep.go": "package sub\n\nconst X = 1\n",
	})
	for name, prepare := range map[string]func(t *testing.T, dir string) error{
		"with spaces & ünïcode 東": func(*testing.T, string) error { return nil },
		"dockerignore": func(t *testing.T, dir string) error {
			testkit.WriteFiles(t, dir, map[string]string{".dockerignore": "*\n"})
			return nil
		},
		"link to a file": func(_ *testing.T, dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "header.go")), os.Symlink(filepath.Join(outside, "header.go"), filepath.Join(dir, "header.go")))
		},
		"relative link": func(_ *testing.T, dir string) error {
			to, err := filepath.Rel(dir, filepath.Join(outside, "header.go"))
			return errors.Join(err, os.Remove(filepath.Join(dir, "header.go")), os.Symlink(to, filepath.Join(dir, "header.go")))
		},
		"link to a system file": func(_ *testing.T, dir string) error {
			return os.Symlink("/etc/hostname", filepath.Join(dir, "hostname"))
		},
		"Windows line ends": func(t *testing.T, dir string) error {
			testkit.WriteFiles(t, dir, map[string]string{"header.go": "package main\r\n\r\nconst headerValue = \"linked\"\r\n"})
			return nil
		},
	} {
		for _, copies := range []bool{false, true} {
			title := name
			if copies {
				title += " copied"
			}
			t.Run(title, func(t *testing.T) {
				t.Parallel()
				dir := filepath.Join(t.TempDir(), name)
				testkit.WriteGoFilter(t, dir)
				if err := prepare(t, dir); err != nil {
					t.Fatal(err)
				}
				o, m := contained(t, &project.Project{Dir: dir, Name: "app", Language: project.Go})
				o.Container.Copy = copies
				m.build(t, o)
				if again := m.build(t, o); !again.UpToDate {
					t.Error("built twice")
				}
			})
		}
	}
}

func TestContainerSeesLocalModules(t *testing.T) {
	t.Parallel()
	for _, copies := range []bool{false, true} {
		dir := t.TempDir()
		testkit.WriteGoFilter(t, filepath.Join(dir, "app"))
		testkit.WriteFiles(t, dir, map[string]string{
			"go.work":       "go 1.24\n\nuse (\n\t./app\n\t./lib\n)\n",
			"app/header.go": "package main\n\nimport \"example.com/lib\"\n\nvar headerValue = lib.Value\n",
			"lib/go.mod":    "module example.com/lib\n\ngo 1.24\n",
			"lib/lib.go":    "package lib\n\nvar Value = \"before\"\n",
		})
		o, m := contained(t, &project.Project{Dir: filepath.Join(dir, "app"), Name: "app", Language: project.Go})
		o.Container.Copy = copies
		m.build(t, o)
		testkit.WriteFiles(t, dir, map[string]string{"lib/lib.go": "package lib\n\nvar Value = 5 +\n"})
		if _, err := build.Build(t.Context(), o); err == nil || !strings.Contains(m.stderr.String(), "../lib/lib.go:4:") {
			t.Errorf("%v\n%s", err, &m.stderr)
		}
	}
}

func TestContainerMemoryLimit(t *testing.T) {
	t.Parallel()
	// A compiler that starts others, and has its own code for one that is killed.
	p := commandProject(t, "sh -c 'dd if=/dev/zero of=/dev/null bs=300M count=1' || exit 3")
	p.Build.Image = commandImage
	o, _ := contained(t, p)
	o.Container.Memory = 64 << 20
	_, err := build.Build(t.Context(), o)
	var engine *build.ContainerError
	if !errors.As(err, &engine) || !strings.Contains(err.Error(), "killed by the memory limit of 64 MiB") ||
		!strings.Contains(strings.Join(hint.Of(err), ""), "--memory") {
		t.Errorf("%v, hints %q", err, hint.Of(err))
	}
}
