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

// rustSample writes a project without dependencies and returns options that
// build it with the Rust of the tests.
func rustSample(t *testing.T) (build.Options, *messages) {
	t.Helper()
	dir := t.TempDir()
	testkit.WriteRustFilter(t, dir)
	return rustOptions(t, dir)
}

func rustOptions(t *testing.T, dir string) (build.Options, *messages) {
	t.Helper()
	m := &messages{}
	return build.Options{
		Project: &project.Project{Dir: dir, Name: "sample", Language: project.Rust}, Toolchain: build.ToolchainHost,
		Env: testkit.RustEnv(t), Stderr: &m.stderr, Notice: func(text string) { m.notices = append(m.notices, text) },
	}, m
}

func TestRustBuild(t *testing.T) {
	t.Parallel()
	o, m := rustSample(t)
	first := m.build(t, o)
	if first.UpToDate || !strings.HasPrefix(first.Toolchain, "rustc 1.") {
		t.Errorf("first build: %+v", first)
	}
	begin := time.Now()
	if again := m.build(t, o); !again.UpToDate || again.Toolchain != first.Toolchain {
		t.Errorf("second build: %+v", again)
	}
	t.Logf("finds nothing to do in %v", time.Since(begin))
	if text := m.stderr.String(); text != "" || m.notices != nil {
		t.Errorf("messages %q, notices %q", text, m.notices)
	}
	testkit.WriteFiles(t, o.Project.Dir, map[string]string{"src/header.rs": "pub const VALUE: &str = \"two\";\n"})
	begin = time.Now()
	second := m.build(t, o)
	t.Logf("rebuilds in %v", time.Since(begin))
	if second.UpToDate || !bytes.Contains(second.Module.Bytes(), []byte("two")) {
		t.Error("a changed file was not seen")
	}
	// Only the content tells: the file has the time of the first build.
	old := time.Now().Add(-time.Hour)
	testkit.WriteFiles(t, o.Project.Dir, map[string]string{"src/header.rs": "pub const VALUE: &str = \"six\";\n"})
	if err := os.Chtimes(filepath.Join(o.Project.Dir, "src", "header.rs"), old, old); err != nil {
		t.Fatal(err)
	}
	if r := m.build(t, o); !bytes.Contains(r.Module.Bytes(), []byte("six")) {
		t.Error("a changed file with an old time was not seen")
	}
	if _, err := os.Stat(filepath.Join(o.Project.Dir, "target")); err == nil {
		t.Error("the build has made cargo's own target folder")
	}
	o.Env = append(o.Env, "CARGO_PROFILE_RELEASE_OPT_LEVEL=1")
	if third := m.build(t, o); third.UpToDate {
		t.Error("a changed variable was not seen")
	}
}

func TestRustCompileError(t *testing.T) {
	t.Parallel()
	o, m := rustSample(t)
	good := m.build(t, o)
	testkit.WriteFiles(t, o.Project.Dir, map[string]string{"src/header.rs": "\npub const VALUE: &str = 5;\n"})
	_, err := build.Build(t.Context(), o)
	var failed *build.CompileError
	if !errors.As(err, &failed) || failed.Dir != o.Project.Dir || len(hint.Of(err)) == 0 {
		t.Errorf("error %v, want *CompileError with a next step", err)
	}
	if want := "src/header.rs:2:"; !strings.Contains(m.stderr.String(), want) {
		t.Errorf("messages %q, want %q", &m.stderr, want)
	}
	if b, _ := os.ReadFile(good.Path); !bytes.Equal(b, good.Module.Bytes()) {
		t.Error("the module of the earlier build is gone")
	}
}

func TestRustWarningsAreShown(t *testing.T) {
	t.Parallel()
	o, m := rustSample(t)
	testkit.WriteFiles(t, o.Project.Dir, map[string]string{"src/header.rs": "pub const VALUE: &str = \"one\";\nfn unused() {}\n"})
	m.build(t, o)
	if !strings.Contains(m.stderr.String(), "`unused` is never used") {
		t.Errorf("messages %q", &m.stderr)
	}
}

func TestRustDebugAndNames(t *testing.T) {
	t.Parallel()
	o, m := rustSample(t)
	normal := m.build(t, o)
	if names, err := normal.Module.FunctionNames(); err != nil || len(names) > 0 {
		t.Errorf("%d names in a release, %v", len(names), err)
	}
	o.Debug = true
	debug := m.build(t, o)
	if sectionSize(debug.Module, ".debug_info") == 0 || sectionSize(debug.Module, ".debug_line") == 0 || debug.Path == normal.Path {
		t.Errorf("%s has no DWARF", debug.Path)
	}
	o.Debug, o.Names = false, true
	named := m.build(t, o)
	if names, err := named.Module.FunctionNames(); err != nil || len(names) == 0 || sectionSize(named.Module, ".debug_info") > 0 {
		t.Errorf("%d names, %v", len(names), err)
	}
	o.Names = false
	if again := m.build(t, o); again.SHA256 != normal.SHA256 {
		t.Error("without names it is another module than before")
	}
}

func sectionSize(m *wasm.Module, name string) int {
	size := 0
	for _, s := range m.CustomSections(name) {
		size += int(s.Size)
	}
	return size
}

func TestRustWithoutLockFile(t *testing.T) {
	t.Parallel()
	o, m := rustSample(t)
	lock := filepath.Join(o.Project.Dir, "Cargo.lock")
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	m.build(t, o)
	if len(m.notices) != 1 || !strings.Contains(m.notices[0], "no Cargo.lock") {
		t.Errorf("notices %q", m.notices)
	}
	if _, err := os.Stat(lock); err != nil {
		t.Error(err)
	}
	m.build(t, o) // now with the lock file
	if again := m.build(t, o); !again.UpToDate || len(m.notices) != 1 {
		t.Errorf("up to date: %t, notices %q", again.UpToDate, m.notices)
	}
}

func TestRustDependencies(t *testing.T) {
	t.Parallel()
	o, m := rustSample(t)
	missing := "\n[dependencies]\nno-such-crate-for-wasmctl = \"1\"\n"
	newer := "\n[dependencies]\nlog = \"0.4\"\n"
	manifest := readFile(t, o.Project.Dir, "Cargo.toml")
	lock := readFile(t, o.Project.Dir, "Cargo.lock")
	cases := []struct {
		name, manifest, lock string
		offline              bool
		text, next           string
	}{
		{name: "lock file of another time", manifest: manifest + newer, lock: lock, text: "Cargo.lock does not fit Cargo.toml", next: "cargo update"},
		{
			name: "not there, offline", manifest: manifest + missing, offline: true, text: "the dependencies cannot be fetched: sample: they are not on this machine",
			next: "without --offline", lock: `version = 3

[[package]]
name = "no-such-crate-for-wasmctl"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "0000000000000000000000000000000000000000000000000000000000000000"

[[package]]
name = "sample"
version = "0.1.0"
dependencies = [
 "no-such-crate-for-wasmctl",
]
`,
		},
	}
	for _, c := range cases {
		testkit.WriteFiles(t, o.Project.Dir, map[string]string{"Cargo.toml": c.manifest, "Cargo.lock": c.lock})
		o.Offline = c.offline
		m.stderr.Reset()
		_, err := build.Build(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), c.text) || !strings.Contains(strings.Join(hint.Of(err), " "), c.next) {
			t.Errorf("%s: error %v, hints %q\n%s", c.name, err, hint.Of(err), &m.stderr)
		}
	}
}

func TestRustNoModule(t *testing.T) {
	t.Parallel()
	o, _ := rustSample(t)
	testkit.WriteFiles(t, o.Project.Dir, map[string]string{"Cargo.toml": "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"})
	_, err := build.Build(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "cdylib") || !strings.Contains(strings.Join(hint.Of(err), " "), "crate-type") {
		t.Errorf("error %v, hints %q", err, hint.Of(err))
	}
}

func TestRustCancelled(t *testing.T) {
	t.Parallel()
	o, m := rustSample(t)
	testkit.WriteFiles(t, o.Project.Dir, map[string]string{
		"build.rs": "fn main() {\n    std::fs::write(\"build/started\", \"\").unwrap();\n    loop {\n        std::thread::park();\n    }\n}\n",
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := build.Build(ctx, o)
		done <- err
	}()
	started := filepath.Join(o.Project.Dir, "build", "started")
	for deadline := time.Now().Add(60 * time.Second); ; runtime.Gosched() {
		if _, err := os.Stat(started); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the build script did not start\n%s", &m.stderr)
		}
	}
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want %v", err, context.Canceled)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the build goes on")
	}
	left, _ := filepath.Glob(filepath.Join(o.Project.Dir, "build", ".build-*"))
	modules, _ := filepath.Glob(filepath.Join(o.Project.Dir, "build", "*.wasm"))
	if len(left)+len(modules) > 0 {
		t.Errorf("left in the build folder: %q %q", left, modules)
	}
}
