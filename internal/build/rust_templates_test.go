package build_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/scaffold"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// rustProject writes a project of the template.
func rustProject(t *testing.T, template, dir string) {
	t.Helper()
	opened, err := scaffold.Open(t.Context(), "rust", template)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := opened.Render(t.Context(), "sample", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Write(t.Context(), dir, scaffold.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// run runs a program of the Rust toolchain in the folder.
func cargo(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	bin := testkit.Need(t, testkit.Rust)
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, program), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), testkit.RustEnv(t)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
}

// A project is clean for the tools of Rust as it comes out of the template, its
// tests pass, and the module is one that Envoy takes.
func TestRustTemplates(t *testing.T) {
	t.Parallel()
	bin, target := testkit.Need(t, testkit.Rust), t.TempDir()
	// In bytes, without wasm-opt; some more than the sizes in docs/rust.md.
	for template, most := range map[string]int{"http-headers": 105_000, "path-rewrite": 175_000, "empty": 80_000} {
		t.Run(template, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			rustProject(t, template, dir)
			lock, err := os.ReadFile(filepath.Join(dir, "Cargo.lock"))
			if err != nil {
				t.Fatal(err)
			}
			cargo(t, dir, "cargo", "test", "--quiet", "--target-dir", target)
			if after, err := os.ReadFile(filepath.Join(dir, "Cargo.lock")); err != nil || !bytes.Equal(after, lock) {
				t.Errorf("cargo has changed Cargo.lock, %v", err)
			}
			for _, check := range [][]string{
				{"cargo-fmt", "fmt", "--check"},
				{"cargo-clippy", "clippy", "--quiet", "--all-targets", "--target-dir", target, "--", "--deny", "warnings"},
			} {
				if _, err := os.Stat(filepath.Join(bin, check[0])); err == nil {
					cargo(t, dir, check[0], check[1:]...)
				}
			}
			o, m := rustOptions(t, dir)
			o.Optimize = build.OptimizeOff
			r := m.build(t, o)
			checkRustModule(t, r, most)
			if template == "http-headers" {
				sameInOtherFolder(t, dir, r)
			}
		})
	}
}

func checkRustModule(t *testing.T, r *build.Result, most int) {
	t.Helper()
	t.Logf("%s: %d bytes", r.Toolchain, r.Size)
	if strings.HasPrefix(r.Toolchain, "rustc 1.8") {
		most += most / 10 // what older compilers make is larger
	}
	if r.Size > int64(most) {
		t.Errorf("%d bytes, want %d at most", r.Size, most)
	}
	if err := wasm.Check(r.Module); err != nil {
		t.Error(err)
	}
	if r.Record == nil || r.Record.SDK != "proxy-wasm 0.2.5" {
		t.Errorf("record %+v", r.Record)
	}
}

// sameInOtherFolder builds a copy of the project in another folder.
func sameInOtherFolder(t *testing.T, dir string, first *build.Result) {
	t.Helper()
	other := filepath.Join(t.TempDir(), "with a blank & größe")
	if err := os.Mkdir(other, 0o755); err != nil {
		t.Fatal(err)
	}
	rustProject(t, "http-headers", other)
	o, m := rustOptions(t, other)
	o.Optimize = build.OptimizeOff
	if second := m.build(t, o); second.SHA256 != first.SHA256 {
		t.Error("the module of another folder is another one")
	}
	for _, name := range []string{dir, "/.cargo/"} {
		if bytes.Contains(first.Module.Bytes(), []byte(name)) {
			t.Errorf("the module names %s", name)
		}
	}
}

// The lock file fits whatever the project is called, the name of a dependency
// included, and cargo finds nothing to correct in it.
func TestRustLockFitsEveryName(t *testing.T) {
	t.Parallel()
	testkit.Need(t, testkit.Rust)
	for _, template := range []string{"http-headers", "path-rewrite", "empty"} {
		opened, err := scaffold.Open(t.Context(), "rust", template)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "log", "proxy-wasm", "foldhash", "std", "zz"} {
			plan, err := opened.Render(t.Context(), name, nil)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := plan.Write(t.Context(), dir, scaffold.WriteOptions{}); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(filepath.Join(dir, "Cargo.lock"))
			cargo(t, dir, "cargo", "metadata", "--quiet", "--format-version=1")
			if after, err := os.ReadFile(filepath.Join(dir, "Cargo.lock")); err != nil || !bytes.Equal(after, before) {
				t.Errorf("%s, %s: cargo has changed Cargo.lock, %v\n%s", template, name, err, after)
			}
		}
	}
}
