package scaffold_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/scaffold"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// A project is clean for the Go tools as it comes out of the template, its
// tests pass, its go.mod and go.sum are complete, and the module that it builds
// is one that Envoy takes. This needs the module proxy, or a full module cache.
func TestGoProjectsAreComplete(t *testing.T) {
	t.Parallel()
	cases := []struct{ template, name string }{
		{"http-headers", "my-2nd-filter"},
		{"path-rewrite", "x"},
		{"empty", "my-2nd-filter"},
		{"http-headers", "type"},
		{"path-rewrite", "main"},
	}
	for _, c := range cases {
		t.Run(c.template+" named "+c.name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && c.template != "empty" {
				t.Skip("the others take the compiler longer")
			}
			dir := t.TempDir()
			p, err := request{language: "go", template: c.template, name: c.name}.render(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Write(t.Context(), dir, scaffold.WriteOptions{}); err != nil {
				t.Fatal(err)
			}
			if unformatted := run(t, dir, nil, "gofmt", "-l", "."); unformatted != "" {
				t.Errorf("not formatted: %s", unformatted)
			}
			run(t, dir, nil, "go", "mod", "tidy", "-diff")
			run(t, dir, nil, "go", "vet", "./...")
			run(t, dir, nil, "go", "test", "-timeout=60s", "./...")
			run(t, dir, []string{"GOOS=wasip1", "GOARCH=wasm"}, "go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o=build/f.wasm", ".")
			checkModule(t, filepath.Join(dir, "build", "f.wasm"))
		})
	}
}

// run runs a program in the folder and returns what it printed.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append([]string{"GOFLAGS=-buildvcs=false", "GOWORK=off", "GOTOOLCHAIN=local"}, env...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// maxModuleSize is more than the modules have with the Go versions so far. A
// package such as fmt or encoding/json that slips in shows here.
const maxModuleSize = 3_300_000

func checkModule(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(content) > maxModuleSize {
		t.Errorf("the module has %d bytes", len(content))
	}
	m, err := wasm.Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	if err := wasm.Check(m); err != nil {
		t.Error(err)
	}
}
