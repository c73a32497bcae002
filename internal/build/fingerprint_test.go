package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/project"
)

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSourceDigest(t *testing.T) {
	t.Parallel()
	const tag = "Signature: 8a477f597d28d172789f06886806bc55\n"
	digest := func(t *testing.T, dir string) string {
		t.Helper()
		p := &project.Project{Dir: dir, Name: "x", Build: project.Build{Ignore: []string{"skipped"}, Output: "out/x.wasm"}}
		d, err := sourceDigest(t.Context(), newJob(Options{Project: p}))
		if err != nil || !strings.HasPrefix(d, "sha256:") {
			t.Fatal(d, err)
		}
		return d
	}
	for _, c := range []struct {
		name    string
		files   map[string]string
		changes bool
	}{
		{"a source", map[string]string{"src/a": "2"}, true},
		{"another source", map[string]string{"src/b": ""}, true},
		{"a dot file", map[string]string{".config": "x"}, true},
		{"version control", map[string]string{".git/index": "x"}, false},
		{"packages", map[string]string{"node_modules/a/b": "x"}, false},
		{"a build folder", map[string]string{"build/.cargo/x": "x", "build/x.wasm": "x", "build/x.wasm.stamp": "x"}, false},
		{"sources in a folder called build", map[string]string{"build/rules.mk": "x"}, true},
		{"a cache", map[string]string{"target/CACHEDIR.TAG": tag, "target/x": "x"}, false},
		{"what only looks like a cache", map[string]string{"target/CACHEDIR.TAG": "Signature: no"}, true},
		{"the project as a cache", map[string]string{"CACHEDIR.TAG": tag}, true},
		{"what is ignored", map[string]string{"skipped/x": "x", "out/x.wasm": "x"}, false},
		{"what is beside it", map[string]string{"out/y.wasm": "x"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before, after := t.TempDir(), t.TempDir()
			write(t, before, "src/a", "1")
			write(t, after, "src/a", "1")
			first := digest(t, before)
			if digest(t, after) != first {
				t.Fatal("the digest depends on the folder")
			}
			for name, content := range c.files {
				write(t, after, name, content)
			}
			if changed := digest(t, after) != first; changed != c.changes {
				t.Errorf("changed: %v, want %v", changed, c.changes)
			}
		})
	}
}
