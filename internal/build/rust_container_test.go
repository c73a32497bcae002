package build_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

func TestRustContainer(t *testing.T) {
	t.Parallel()
	var sums []string
	for _, name := range []string{"plain", "with a blank & größe"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		rustProject(t, "http-headers", dir)
		o, m := contained(t, &project.Project{Dir: dir, Name: "sample", Language: project.Rust})
		begin := time.Now()
		r := m.build(t, o)
		t.Logf("%s: %d bytes in %v", r.Toolchain, r.Size, time.Since(begin))
		if again := m.build(t, o); !again.UpToDate {
			t.Error("nothing changed, yet it was built again")
		}
		if err := wasm.Check(r.Module); err != nil {
			t.Error(err)
		}
		if text := m.stderr.String(); text != "" {
			t.Errorf("messages %q", text)
		}
		if r.Record == nil || !strings.HasPrefix(r.Record.Optimizer, "wasm-opt ") || r.Record.SDK != "proxy-wasm 0.2.5" {
			t.Errorf("record %+v", r.Record)
		}
		for _, folder := range []string{dir, "/wasmctl/"} {
			if bytes.Contains(r.Module.Bytes(), []byte(folder)) {
				t.Errorf("the module names %s", folder)
			}
		}
		sums = append(sums, r.SHA256)
	}
	if sums[0] != sums[1] {
		t.Errorf("the modules of two folders differ: %q", sums)
	}
}

func TestRustContainerChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	testkit.WriteRustFilter(t, dir)
	o, m := contained(t, &project.Project{Dir: dir, Name: "sample", Language: project.Rust})
	o.Optimize = build.OptimizeOff
	m.build(t, o)
	old := time.Now().Add(-time.Hour)
	testkit.WriteFiles(t, dir, map[string]string{"src/header.rs": "pub const VALUE: &str = \"two\";\n"})
	if err := os.Chtimes(filepath.Join(dir, "src", "header.rs"), old, old); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if r := m.build(t, o); !bytes.Contains(r.Module.Bytes(), []byte("two")) || r.Record.Optimizer != "" {
		t.Errorf("a changed file was not seen: %+v", r.Record)
	}
	t.Logf("rebuilds in %v", time.Since(begin))

	testkit.WriteFiles(t, dir, map[string]string{"src/header.rs": "\npub const VALUE: &str = 5;\n"})
	var failed *build.CompileError
	_, err := build.Build(t.Context(), o)
	if text := m.stderr.String(); !errors.As(err, &failed) || !strings.Contains(text, "src/header.rs:2:") || strings.Contains(text, "/wasmctl/") {
		t.Errorf("%v\n%s", err, text)
	}

	testkit.WriteFiles(t, dir, map[string]string{"src/header.rs": "pub const VALUE: &str = \"three\";\n"})
	o.Debug = true
	if debug := m.build(t, o); sectionSize(debug.Module, ".debug_line") == 0 || !bytes.Contains(debug.Module.Bytes(), []byte(dir)) {
		t.Error("the debug build has no DWARF with the user's own paths")
	}
	o.Debug, o.Names = false, true
	if names, err := m.build(t, o).Module.FunctionNames(); err != nil || len(names) == 0 {
		t.Errorf("%d names, %v", len(names), err)
	}

	testkit.WriteFiles(t, dir, map[string]string{"Cargo.toml": "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"})
	m.stderr.Reset()
	if _, err = build.Build(t.Context(), o); err == nil || !strings.Contains(m.stderr.String(), "cdylib") {
		t.Errorf("%v\n%s", err, &m.stderr)
	}
}

// Sources are mounted read-only, and yet a project without a lock file builds,
// as does a member of a workspace.
func TestRustContainerLayouts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	testkit.WriteRustFilter(t, dir)
	testkit.WriteFiles(t, dir, map[string]string{"Cargo.toml": readFile(t, dir, "Cargo.toml") + "\n[dependencies]\nlog = \"0.4\"\n"})
	if err := os.Remove(filepath.Join(dir, "Cargo.lock")); err != nil {
		t.Fatal(err)
	}
	o, m := contained(t, &project.Project{Dir: dir, Name: "sample", Language: project.Rust})
	m.build(t, o)
	if _, err := os.Stat(filepath.Join(dir, "Cargo.lock")); err == nil {
		t.Error("the container has written into the sources")
	}
	testkit.WriteFiles(t, dir, map[string]string{"src/header.rs": "pub const VALUE: &str = \"two\";\n"})
	if r := m.build(t, o); !bytes.Contains(r.Module.Bytes(), []byte("two")) {
		t.Error("a changed file was not seen")
	}

	app := rustWorkspace(t)
	o, m = contained(t, &project.Project{Dir: app, Name: "sample", Language: project.Rust})
	first := m.build(t, o)
	testkit.WriteFiles(t, filepath.Dir(filepath.Dir(app)), map[string]string{"text/src/lib.rs": "pub const VALUE: &str = \"after!\";\n"})
	if second := m.build(t, o); second.SHA256 == first.SHA256 || !bytes.Contains(second.Module.Bytes(), []byte("after!")) {
		t.Error("a change in another package was not seen")
	}
}
