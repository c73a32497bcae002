package build

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wasmctl/wasmctl/internal/project"
)

func TestLineWriter(t *testing.T) {
	t.Parallel()
	const text = "/wasmctl/root/a/b.go:1: no\nsee /wasmctl/root/c and /wasmctl/root/d\nend /wasmctl/root/e"
	for size := 1; size < 40; size++ {
		var out bytes.Buffer
		w := &lineWriter{to: &out, from: rootPath}
		for part := range slices.Chunk([]byte(text), size) {
			if n, err := w.Write(part); n != len(part) || err != nil {
				t.Fatal(n, err)
			}
		}
		w.flush()
		if want := "/a/b.go:1: no\nsee /c and /d\nend /e"; out.String() != want {
			t.Errorf("in pieces of %d: %q", size, &out)
		}
	}
	var out bytes.Buffer
	w := &lineWriter{to: &out, from: rootPath}
	if _, err := w.Write(bytes.Repeat([]byte("x"), maxLine+1)); err != nil || out.Len() != maxLine+1 {
		t.Errorf("%d bytes of an endless line, %v", out.Len(), err)
	}
	if _, err := (&lineWriter{}).Write([]byte("x\n")); err != nil {
		t.Error(err)
	}
}

func FuzzLineWriter(f *testing.F) {
	f.Add("/wasmctl/root/a\nb", 3)
	f.Fuzz(func(t *testing.T, text string, size int) {
		var out bytes.Buffer
		w := &lineWriter{to: &out, from: rootPath}
		for part := range slices.Chunk([]byte(text), max(1, size)) {
			_, _ = w.Write(part) // a buffer takes everything
		}
		w.flush()
		if len(text) < maxLine && out.String() != strings.ReplaceAll(text, rootPath, "") {
			t.Errorf("%q became %q", text, &out)
		}
	})
}

func TestGolangVersionIn(t *testing.T) {
	t.Parallel()
	cases := []struct {
		output, goVersion, want string
		err                     error
	}{
		{"go version go1.24.4 linux/amd64\n", "go1.24", "go1.24.4", nil},
		{"go version go1.24.4 linux/amd64\n", "go1.26", "", ErrToolTooOld},
		{"go version go1.22.1 linux/amd64\n", "", "", ErrToolTooOld},
		{"go version devel go1.27-abc linux/amd64\n", "go1.24", "devel", nil},
		{"sh: go: not found", "", "", ErrToolMissing},
		{"", "", "", ErrToolMissing},
	}
	for _, c := range cases {
		g := &golang{job: &job{project: &project.Project{Name: "x"}}, modules: goModules{goVersion: c.goVersion}}
		if got, err := golangVersionIn(c.output, g); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%q for %s: %q, %v", c.output, c.goVersion, got, err)
		}
	}
}

func TestOptimizerName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"wasm-opt version 120 (version_120)\n": "wasm-opt 120", "warning\nwasm-opt version 108\n": "wasm-opt 108",
		"": "", "wasm-opt version \n": "", "something else\n": "",
	} {
		if got := optimizerName(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestOutermost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a/b/c", "ab", "d"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	at := func(names ...string) []string {
		for i := range names {
			names[i] = filepath.Join(dir, names[i])
		}
		return names
	}
	got := outermost(at("d", "a/b", "a", "a/b/c", "ab", "a", "none"))
	if want := at("a", "ab", "d"); !cmp.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// plan looks where links lead. Absolute ones are looked up by their own path in
// a container, relative ones below the prefix.
func TestPlan(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need a right there")
	}
	outside, dir := t.TempDir(), t.TempDir()
	write(t, outside, "lib/x.go", "package lib")
	write(t, outside, "file", "text")
	write(t, dir, "main.go", "package main")
	link := func(target, name string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	relative, err := filepath.Rel(dir, filepath.Join(outside, "file"))
	if err != nil {
		t.Fatal(err)
	}
	link(relative, "relative")
	link(filepath.Join(outside, "lib"), "absolute")
	link("main.go", "inside")
	link(".", "loop")
	link("/no/such/file", "broken")
	real, err := filepath.EvalSymlinks(outside)
	if err != nil {
		t.Fatal(err)
	}
	b := &builder{job: &job{project: &project.Project{Name: "x", Dir: dir}, env: []string{"SSL_CERT_FILE=/no/such/file"}}, recipe: recipe{roots: []string{dir}}}
	p, err := b.plan(t.Context())
	if err != nil || b.copies {
		t.Fatalf("%t, %v", b.copies, err)
	}
	want := []place{
		{dir, inside(dir)},
		{filepath.Join(real, "lib"), filepath.Join(outside, "lib")},
		{filepath.Join(real, "file"), inside(filepath.Join(outside, "file"))},
	}
	if diff := cmp.Diff(want, p.mounts, cmp.AllowUnexported(place{})); diff != "" {
		t.Error(diff)
	}
	names := archived(t, p)
	for _, name := range []string{"relative", "absolute/x.go", "inside", "main.go"} {
		if !slices.Contains(names, strings.TrimPrefix(dir, "/")+"/"+name) {
			t.Errorf("%s is not copied: %q", name, names)
		}
	}
	link("/etc", "system")
	if _, err := b.plan(t.Context()); err != nil || !b.copies {
		t.Errorf("mounts over the system: %t, %v", b.copies, err)
	}
}

// archived returns the names of the files in the plan's archive.
func archived(t *testing.T, p plan) []string {
	t.Helper()
	var b bytes.Buffer
	if err := p.archive.write(&b); err != nil {
		t.Fatal(err)
	}
	var names []string
	for r := tar.NewReader(&b); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Mode&0o222 != 0 && h.Typeflag == tar.TypeReg {
			t.Errorf("%+v", h)
		}
		if h.Typeflag == tar.TypeReg {
			names = append(names, h.Name)
		}
	}
}

func TestSystemPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/": true, "/usr": true, "/usr/share/x": true, "/etc/passwd": true, "/home": true, "/tmp": true, "/wasmctl/root": true,
		"/home/me": false, "/tmp/x": false, "/srv/a/b": false,
	} {
		if systemPath(path) != want {
			t.Errorf("%s: %t", path, !want)
		}
	}
}

func TestBuilderEnvironment(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ca.pem")
	write(t, filepath.Dir(file), "ca.pem", "x")
	b := &builder{job: &job{env: []string{
		"HTTPS_PROXY=http://p:1", "no_proxy=a,b", "GOPROXY=http://g", "CARGO_REGISTRIES_MINE_INDEX=i", "SSL_CERT_FILE=" + file,
	}}}
	env := strings.Join(append(b.networkEnv(), b.caEnv()...), "\n")
	for _, want := range []string{
		"HTTPS_PROXY=http://p:1", "https_proxy=http://p:1", "NO_PROXY=a,b", "GOPROXY=http://g", "CARGO_REGISTRIES_MINE_INDEX=i",
		"SSL_CERT_FILE=" + caPath, "CARGO_HTTP_CAINFO=" + caPath, "NODE_EXTRA_CA_CERTS=" + caPath,
	} {
		if !strings.Contains(env, want) {
			t.Errorf("%s is not in\n%s", want, env)
		}
	}
	b.job.options.Container.CAFile = filepath.Join(filepath.Dir(file), "none.pem")
	if _, err := b.caFile(); err == nil || !strings.Contains(err.Error(), "none.pem") {
		t.Error(err)
	}
}

func TestGibibytes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{4 << 30: "4 GiB", 1536 << 20: "1536 MiB"} {
		if got := gibibytes(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
