package build_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// sample writes a project and returns it.
func sample(t *testing.T) *project.Project {
	t.Helper()
	testkit.Need(t, testkit.Go)
	dir := t.TempDir()
	testkit.WriteGoFilter(t, dir)
	return &project.Project{Dir: dir, Name: "sample", Language: project.Go}
}

func mustBuild(t *testing.T, o build.Options) *build.Result {
	t.Helper()
	var messages bytes.Buffer
	o.Stderr = &messages
	r, err := build.Build(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, &messages)
	}
	return r
}

// leftovers returns what lies in the build folder besides the results.
func leftovers(t *testing.T, p *project.Project) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(p.Dir, build.FolderName))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if n := e.Name(); n != ".lock" && !strings.HasSuffix(n, ".wasm") && !strings.HasSuffix(n, ".wasm.stamp") {
			names = append(names, n)
		}
	}
	return names
}

func TestBuild(t *testing.T) {
	t.Parallel()
	p := sample(t)
	out := filepath.Join(t.TempDir(), "copy.wasm")
	first := mustBuild(t, build.Options{Project: p, Output: out})
	if first.UpToDate || first.Path != filepath.Join(p.Dir, "build", "sample.wasm") || !strings.HasPrefix(first.Toolchain, "go1.") {
		t.Errorf("first build: %+v", first)
	}
	if v, err := first.Module.ABI(); v != wasm.ABI021 {
		t.Errorf("ABI %q, %v", v, err)
	}
	for _, path := range []string{first.Path, out} {
		b, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(b, first.Module.Bytes()) || first.Size != int64(len(b)) {
			t.Errorf("%s: %d bytes, %v; want %d", path, len(b), err, first.Size)
		}
	}
	second := mustBuild(t, build.Options{Project: p, Output: out})
	if !second.UpToDate || second.SHA256 != first.SHA256 || second.Toolchain != first.Toolchain {
		t.Errorf("second build: %+v", second)
	}
	if names := leftovers(t, p); names != nil {
		t.Errorf("left in the build folder: %q", names)
	}
}

func TestBuildSeesChanges(t *testing.T) {
	t.Parallel()
	p := sample(t)
	old := time.Now().Add(-time.Hour)
	source := filepath.Join(p.Dir, "header.go")
	if err := os.Chtimes(source, old, old); err != nil {
		t.Fatal(err)
	}
	first := mustBuild(t, build.Options{Project: p})

	// The same size and the same time: only the content tells.
	testkit.WriteFiles(t, p.Dir, map[string]string{"header.go": "package main\n\nconst headerValue = \"two\"\n"})
	if err := os.Chtimes(source, old, old); err != nil {
		t.Fatal(err)
	}
	second := mustBuild(t, build.Options{Project: p})
	if second.UpToDate || second.SHA256 == first.SHA256 {
		t.Error("a changed file was not seen")
	}
	if !bytes.Contains(second.Module.Bytes(), []byte("two")) {
		t.Error("the module is not that of the changed source")
	}

	if err := os.WriteFile(second.Path, first.Module.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if third := mustBuild(t, build.Options{Project: p}); third.UpToDate || third.SHA256 != second.SHA256 {
		t.Error("a changed module was not seen")
	}
	if fourth := mustBuild(t, build.Options{Project: p, Env: []string{"GOFLAGS=-tags=other"}}); fourth.UpToDate {
		t.Error("a changed environment was not seen")
	}
}

func TestBuildSeesLocalModules(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"replace": {"app/go.mod": "module example.com/sample\n\ngo 1.24\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ../lib\n"},
		"workspace": {
			"go.work": "go 1.24\n\nuse (\n\t./app\n\t./lib\n)\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Need(t, testkit.Go)
			dir := t.TempDir()
			testkit.WriteGoFilter(t, filepath.Join(dir, "app"))
			testkit.WriteFiles(t, dir, files)
			testkit.WriteFiles(t, dir, map[string]string{
				"app/header.go": "package main\n\nimport \"example.com/lib\"\n\nvar headerValue = lib.Value\n",
				"lib/go.mod":    "module example.com/lib\n\ngo 1.24\n",
				"lib/lib.go":    "package lib\n\nvar Value = \"before\"\n",
			})
			p := &project.Project{Dir: filepath.Join(dir, "app"), Name: "app", Language: project.Go}
			first := mustBuild(t, build.Options{Project: p})
			if again := mustBuild(t, build.Options{Project: p}); !again.UpToDate {
				t.Error("nothing changed, yet it was built again")
			}
			testkit.WriteFiles(t, dir, map[string]string{"lib/lib.go": "package lib\n\nvar Value = \"after!\"\n"})
			if second := mustBuild(t, build.Options{Project: p}); second.UpToDate || second.SHA256 == first.SHA256 {
				t.Error("a change in the local module was not seen")
			}
		})
	}
}

func TestBuildDebugIsKeptApart(t *testing.T) {
	t.Parallel()
	p := sample(t)
	normal := mustBuild(t, build.Options{Project: p})
	debug := mustBuild(t, build.Options{Project: p, Debug: true})
	if debug.UpToDate || debug.Path == normal.Path || debug.Size <= normal.Size {
		t.Errorf("debug %+v, normal %+v", debug, normal)
	}
	if names, err := debug.Module.FunctionNames(); err != nil || len(names) == 0 {
		t.Errorf("%d names of functions, %v", len(names), err)
	}
	if again := mustBuild(t, build.Options{Project: p}); !again.UpToDate {
		t.Error("the debug build made the normal one stale")
	}
}

func TestBuildKeepsUserLinkerFlags(t *testing.T) {
	t.Parallel()
	p := sample(t)
	testkit.WriteFiles(t, p.Dir, map[string]string{"header.go": "package main\n\nvar headerValue = \"plain\"\n"})
	r := mustBuild(t, build.Options{Project: p, Env: []string{"GOFLAGS=-mod=mod '-ldflags=-X main.headerValue=from-the-linker'"}})
	if !bytes.Contains(r.Module.Bytes(), []byte("from-the-linker")) {
		t.Error("-ldflags in GOFLAGS were lost")
	}
}

func TestBuildCompileError(t *testing.T) {
	t.Parallel()
	p := sample(t)
	good := mustBuild(t, build.Options{Project: p})
	testkit.WriteFiles(t, p.Dir, map[string]string{"header.go": "package main\n\nconst headerValue = 1 +\n"})
	var messages bytes.Buffer
	_, err := build.Build(t.Context(), build.Options{Project: p, Stderr: &messages})
	compile := (*build.CompileError)(nil)
	if !errors.As(err, &compile) || compile.Dir != p.Dir || len(hint.Of(err)) == 0 {
		t.Fatalf("error %v, want *CompileError with a next step", err)
	}
	if want := "header.go:4:1: syntax error"; !strings.Contains(messages.String(), want) {
		t.Errorf("messages %q, want %q", &messages, want)
	}
	if b, _ := os.ReadFile(good.Path); !bytes.Equal(b, good.Module.Bytes()) {
		t.Error("the module of the earlier build is gone")
	}
	if names := leftovers(t, p); names != nil {
		t.Errorf("left in the build folder: %q", names)
	}
}

func TestBuildRefusesWhatNoHostLoads(t *testing.T) {
	t.Parallel()
	p := sample(t)
	testkit.WriteFiles(t, p.Dir, map[string]string{"main.go": "package main\n\n" +
		"func main() { println(headerValue, missing()) }\n\n//go:wasmimport env nobody_has_this\nfunc missing() int32\n"})
	_, err := build.Build(t.Context(), build.Options{Project: p})
	check := (*wasm.CheckError)(nil)
	if !errors.As(err, &check) || !errors.Is(err, wasm.ErrNoABI) {
		t.Fatalf("error %v, want *wasm.CheckError", err)
	}
	if !strings.Contains(err.Error(), "env.nobody_has_this") {
		t.Errorf("error %q does not name the import", err)
	}
	if _, err := os.Stat(filepath.Join(p.Dir, "build", "sample.wasm")); err == nil {
		t.Error("the broken module was kept")
	}
	if names := leftovers(t, p); names != nil {
		t.Errorf("left in the build folder: %q", names)
	}
}

func TestBuildsAtOnce(t *testing.T) {
	t.Parallel()
	p := sample(t)
	var wg sync.WaitGroup
	results := make([]*build.Result, 4)
	for i := range results {
		wg.Go(func() { results[i], _ = build.Build(t.Context(), build.Options{Project: p}) })
	}
	wg.Wait()
	built := 0
	for i, r := range results {
		if r == nil || r.SHA256 != results[0].SHA256 {
			t.Fatalf("build %d: %+v", i, r)
		}
		if !r.UpToDate {
			built++
		}
	}
	if built != 1 {
		t.Errorf("%d builds compiled, want 1", built)
	}
	if !mustBuild(t, build.Options{Project: p}).UpToDate {
		t.Error("the result is not up to date")
	}
}

func TestBuildCancelled(t *testing.T) {
	t.Parallel()
	p := sample(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := build.Build(ctx, build.Options{Project: p, Env: []string{"GOCACHE=" + t.TempDir()}})
		done <- err
	}()
	compiling := func() bool {
		found, _ := filepath.Glob(filepath.Join(p.Dir, "build", ".build-*", "go-build*"))
		return len(found) > 0
	}
	for deadline := time.Now().Add(20 * time.Second); !compiling(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the compiler did not start")
		}
	}
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want %v", err, context.Canceled)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the build goes on")
	}
	if names := leftovers(t, p); names != nil {
		t.Errorf("left in the build folder: %q", names)
	}
}

func TestBuildOffline(t *testing.T) {
	t.Parallel()
	p := sample(t)
	testkit.WriteFiles(t, p.Dir, map[string]string{
		"go.mod":    "module example.com/sample\n\ngo 1.24\n\nrequire example.com/lib v0.1.2\n",
		"go.sum":    "",
		"header.go": "package main\n\nimport \"example.com/lib\"\n\nvar headerValue = lib.Value\n",
	})
	var messages bytes.Buffer
	o := build.Options{
		Project: p, Offline: true, Stderr: &messages,
		Env: []string{"GOMODCACHE=" + t.TempDir(), "GOPROXY=http://127.0.0.1:1", "GOFLAGS=-mod=mod"},
	}
	if _, err := build.Build(t.Context(), o); err == nil || !strings.Contains(messages.String(), "GOPROXY=off") {
		t.Errorf("error %v, messages %q", err, &messages)
	}
}

func TestBuildOutputErrors(t *testing.T) {
	t.Parallel()
	p := &project.Project{Dir: t.TempDir(), Name: "sample", Language: project.Go}
	for _, out := range []string{p.Dir, filepath.Join(p.Dir, "none", "x.wasm")} {
		_, err := build.Build(t.Context(), build.Options{Project: p, Output: out})
		if err == nil || !strings.Contains(err.Error(), out) || len(hint.Of(err)) == 0 {
			t.Errorf("output %s: error %v", out, err)
		}
	}
}

func TestBuildFolderIsAFile(t *testing.T) {
	t.Parallel()
	p := sample(t)
	testkit.WriteFiles(t, p.Dir, map[string]string{"build": "in the way"})
	_, err := build.Build(t.Context(), build.Options{Project: p})
	if err == nil || len(hint.Of(err)) == 0 {
		t.Errorf("error %v, want one with a next step", err)
	}
}

func TestBuildUnknownLanguage(t *testing.T) {
	t.Parallel()
	p := &project.Project{Dir: t.TempDir(), Name: "x", Language: "cobol"}
	_, err := build.Build(t.Context(), build.Options{Project: p})
	if !errors.Is(err, build.ErrLanguage) || !strings.Contains(err.Error(), "cobol") {
		t.Errorf("error %v, want %v", err, build.ErrLanguage)
	}
}
