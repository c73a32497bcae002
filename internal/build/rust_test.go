package build_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/scaffold"
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
	for template, most := range map[string]int{"http-headers": 105_000, "path-rewrite": 175_000, "empty": 75_000} {
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
	t.Logf("%d bytes", r.Size)
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

// The user's flags stay in force wherever they are set, and so do ours.
func TestRustKeepsUserFlags(t *testing.T) {
	t.Parallel()
	const code = "#[cfg(marked)]\npub const VALUE: &str = \"by-flag\";\n#[cfg(not(marked))]\npub const VALUE: &str = \"without\";\n"
	for name, set := range map[string]struct {
		env    string
		config string
	}{
		"variable":          {env: "RUSTFLAGS=--cfg marked"},
		"encoded variable":  {env: "CARGO_ENCODED_RUSTFLAGS=--cfg\x1fmarked"},
		"build variable":    {env: "CARGO_BUILD_RUSTFLAGS=--cfg marked"},
		"target variable":   {env: "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=--cfg marked"},
		"build in a file":   {config: "[build]\nrustflags = [\"--cfg\", \"marked\"]\n"},
		"build text":        {config: "[build]\nrustflags = \"--cfg marked\"\n"},
		"target in a file":  {config: "[target.wasm32-unknown-unknown]\nrustflags = \"--cfg marked\"\n"},
		"pattern in a file": {config: "[build]\nrustflags = \"--cfg other\"\n[target.'cfg(target_arch = \"wasm32\")']\nrustflags = [\"--cfg\", \"marked\"]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, m := rustSample(t)
			files := map[string]string{
				"src/header.rs": code + "pub fn fail(n: usize) -> u8 {\n    [1, 2][n]\n}\n",
				"src/lib.rs":    readFile(t, o.Project.Dir, "src/lib.rs") + "\n#[no_mangle]\npub extern \"C\" fn fail(n: usize) -> u8 {\n    header::fail(n)\n}\n",
			}
			if set.config != "" {
				files[".cargo/config.toml"] = set.config
			}
			testkit.WriteFiles(t, o.Project.Dir, files)
			if set.env != "" {
				o.Env = append(o.Env, set.env)
			}
			r := m.build(t, o)
			if !bytes.Contains(r.Module.Bytes(), []byte("by-flag")) {
				t.Error("the user's flag was lost")
			}
			if bytes.Contains(r.Module.Bytes(), []byte(o.Project.Dir)) {
				t.Error("the module names the project's folder")
			}
		})
	}
}

func readFile(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
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

// A member of a workspace is built with the lock file, the settings and the
// packages of the workspace.
func TestRustWorkspace(t *testing.T) {
	t.Parallel()
	app := rustWorkspace(t)
	dir := filepath.Dir(filepath.Dir(app))
	o, m := rustOptions(t, app)
	first := m.build(t, o)
	if again := m.build(t, o); !again.UpToDate || m.notices != nil {
		t.Errorf("nothing changed, yet it was built again; notices %q", m.notices)
	}
	old := time.Now().Add(-time.Hour)
	testkit.WriteFiles(t, dir, map[string]string{"text/src/lib.rs": "pub const VALUE: &str = \"after!\";\n"})
	if err := os.Chtimes(filepath.Join(dir, "text", "src", "lib.rs"), old, old); err != nil {
		t.Fatal(err)
	}
	if second := m.build(t, o); second.UpToDate || second.SHA256 == first.SHA256 || !bytes.Contains(second.Module.Bytes(), []byte("after!")) {
		t.Error("a change in another package was not seen")
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

// rustWorkspace writes a workspace and returns the folder of the filter in it,
// which is two levels down.
func rustWorkspace(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	app := filepath.Join(dir, "filters", "app")
	testkit.WriteRustFilter(t, app)
	testkit.WriteFiles(t, dir, map[string]string{
		"Cargo.toml": "[workspace]\nmembers = [\"filters/*\", \"text\"]\nresolver = \"2\"\n\n[workspace.package]\nrust-version = \"1.71\"\n\n" +
			"[workspace.dependencies]\ntext = { path = \"text\" }\n\n[profile.release]\nopt-level = \"z\"\n",
		"Cargo.lock":      "version = 3\n\n[[package]]\nname = \"sample\"\nversion = \"0.1.0\"\ndependencies = [\n \"text\",\n]\n\n[[package]]\nname = \"text\"\nversion = \"0.1.0\"\n",
		"text/Cargo.toml": "[package]\nname = \"text\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
		"text/src/lib.rs": "pub const VALUE: &str = \"before\";\n",
		"filters/app/Cargo.toml": "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2021\"\nrust-version.workspace = true\n\n" +
			"[lib]\nname = \"other_name\"\ncrate-type = [\"cdylib\"]\n\n[dependencies]\ntext.workspace = true\n",
		"filters/app/src/header.rs": "pub use text::VALUE;\n",
	})
	if err := os.Remove(filepath.Join(app, "Cargo.lock")); err != nil {
		t.Fatal(err)
	}
	return app
}
