package build_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/testkit"
)

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
