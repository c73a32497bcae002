package build_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// cppProject writes a project of the template.
func cppProject(t *testing.T, template, name, dir string) {
	t.Helper()
	opened, err := scaffold.Open(t.Context(), "cpp", template)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := opened.Render(t.Context(), name, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Write(t.Context(), dir, scaffold.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
}

func cppOptions(t *testing.T, dir string) (build.Options, *messages) {
	t.Helper()
	testkit.Need(t, testkit.Cpp)
	m := &messages{}
	return build.Options{
		Project:   &project.Project{Dir: dir, Name: "sample", Language: project.Cpp},
		Toolchain: build.ToolchainHost, Optimize: build.OptimizeOff, Stderr: &m.stderr,
	}, m
}

// runMake runs make in the folder and returns what it printed.
func runMake(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "make", append([]string{"--silent", "-j2", "CXX=" + testkit.Need(t, testkit.Cpp)}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "MAKEFLAGS=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("make %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// A project passes its tests as it comes out of the template, is formatted, and
// makes a small module that imports nothing but functions of proxy-wasm.
func TestCppTemplates(t *testing.T) {
	t.Parallel()
	testkit.Need(t, testkit.Cpp)
	// In bytes, without wasm-opt; some more than the sizes in docs/cpp.md.
	for template, most := range map[string]int64{"http-headers": 30_000, "path-rewrite": 42_000, "empty": 20_000} {
		t.Run(template, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "ein Filter für C++")
			cppProject(t, template, "sample", dir)
			if out := runMake(t, dir, "test"); !strings.Contains(out, " 0 failures") || strings.Contains(out, "warning") {
				t.Errorf("make test: %s", out)
			}
			runMake(t, dir, "check-format")
			o, m := cppOptions(t, dir)
			r := m.build(t, o)
			if m.stderr.Len() > 0 {
				t.Errorf("messages: %s", &m.stderr)
			}
			checkCppModule(t, r, most)
			if template == "http-headers" {
				cppKinds(t, o, r)
				cppElsewhere(t, dir, r)
			}
			if template == "empty" {
				cppAlone(t, dir)
				cppSDK(t, dir)
			}
		})
	}
}

func checkCppModule(t *testing.T, r *build.Result, most int64) {
	t.Helper()
	t.Logf("%d bytes", r.Size)
	if r.Size > most {
		t.Errorf("%d bytes, want %d at most", r.Size, most)
	}
	if err := wasm.Check(r.Module); err != nil {
		t.Error(err)
	}
	if v, err := r.Module.ABI(); v != wasm.ABI021 {
		t.Errorf("ABI %q, %v", v, err)
	}
	for _, i := range r.Module.Imports() {
		if i.Module != "env" || !strings.HasPrefix(i.Name, "proxy_") {
			t.Errorf("import %s.%s", i.Module, i.Name)
		}
	}
	if r.Record == nil || r.Record.SDK != "proxy-wasm-headers 1.0.0" || !strings.HasPrefix(r.Toolchain, "clang ") {
		t.Errorf("toolchain %s, record %+v", r.Toolchain, r.Record)
	}
}

// cppKinds builds with names and for debugging.
func cppKinds(t *testing.T, o build.Options, plain *build.Result) {
	t.Helper()
	m := &messages{}
	o.Names = true
	names := m.build(t, o)
	o.Debug = true
	debug := m.build(t, o)
	for what, c := range map[string]struct {
		r           *build.Result
		names, line bool
	}{"plain": {plain, false, false}, "names": {names, true, false}, "debug": {debug, true, true}} {
		found := customNames(c.r.Module)
		if slices.Contains(found, "name") != c.names || slices.Contains(found, ".debug_line") != c.line {
			t.Errorf("%s: sections %q", what, found)
		}
	}
}

func customNames(m *wasm.Module) []string {
	var names []string
	for _, s := range m.Sections() {
		if s.Name != "" {
			names = append(names, s.Name)
		}
	}
	return names
}

// cppElsewhere builds the project in another folder.
func cppElsewhere(t *testing.T, dir string, first *build.Result) {
	t.Helper()
	other := t.TempDir()
	if err := os.CopyFS(other, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(other, build.FolderName)); err != nil {
		t.Fatal(err)
	}
	o, m := cppOptions(t, other)
	if r := m.build(t, o); r.SHA256 != first.SHA256 {
		t.Errorf("another folder gives %s, not %s", r.SHA256, first.SHA256)
	}
}

// cppAlone builds as a person without wasmctl does.
func cppAlone(t *testing.T, dir string) {
	t.Helper()
	module := filepath.Join(dir, build.FolderName, "sample.wasm")
	if err := os.Remove(module); err != nil {
		t.Fatal(err)
	}
	if out := runMake(t, dir); out != "" {
		t.Errorf("make: %s", out)
	}
	if info, err := os.Stat(module); err != nil || info.Size() == 0 {
		t.Errorf("make: %v", err)
	}
}

// cppSDK runs the tests of the SDK in the host of the template. They take the
// place of the filter's, so that what is compiled already serves again.
func cppSDK(t *testing.T, dir string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, "test", "filter_test.cc")); err != nil {
		t.Fatal(err)
	}
	overlay(t, filepath.Join("testdata", "cpp", "sdk"), dir)
	if out := runMake(t, dir, "test"); !strings.Contains(out, " 0 failures") || strings.Contains(out, "warning") {
		t.Errorf("make test: %s", out)
	}
	runMake(t, dir, "check-format")
}

// overlay copies the files of a folder over those of another one.
func overlay(t *testing.T, from, to string) {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		files[rel] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	testkit.WriteFiles(t, to, files)
}

// A change compiles what depends on it, and nothing is compiled from a file that
// is older than its object and yet another one.
func TestCppRebuild(t *testing.T) {
	t.Parallel()
	testkit.Need(t, testkit.Cpp)
	dir := t.TempDir()
	cppProject(t, "http-headers", "sample", dir)
	o, m := cppOptions(t, dir)
	first := m.build(t, o)
	object := func(name string) time.Time {
		t.Helper()
		info, err := os.Stat(filepath.Join(dir, "build", ".cpp", "wasmctl-release", "src", name))
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime()
	}
	config, json := object("config.o"), object("json.o")
	file := filepath.Join(dir, "src", "config.cc")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.ReplaceAll(string(before), "unknown member", "unheard-of")
	testkit.WriteFiles(t, dir, map[string]string{"src/config.cc": changed})
	second := m.build(t, o)
	if second.UpToDate || second.SHA256 == first.SHA256 || !object("config.o").After(config) || !object("json.o").Equal(json) {
		t.Errorf("one source has changed: %+v, objects of %s and %s", second, object("config.o"), object("json.o"))
	}
	// Put back as it was, time and all.
	testkit.WriteFiles(t, dir, map[string]string{"src/config.cc": string(before)})
	if err := os.Chtimes(file, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if third := m.build(t, o); third.UpToDate || third.SHA256 != first.SHA256 {
		t.Errorf("an older file was not compiled: %+v", third)
	}
	if fourth := m.build(t, o); !fourth.UpToDate {
		t.Error("nothing has changed")
	}
	json = object("json.o")
	testkit.WriteFiles(t, dir, map[string]string{"src/json.h": "// changed\n" + mustRead(t, filepath.Join(dir, "src", "json.h"))})
	m.build(t, o)
	if !object("json.o").After(json) {
		t.Error("a header has changed, and its object has not")
	}
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCppFaults(t *testing.T) {
	t.Parallel()
	testkit.Need(t, testkit.Cpp)
	for name, c := range map[string]struct {
		files               map[string]string
		message, text, next string
	}{
		"compile error": {
			files:   map[string]string{"src/filter.cc": "int f() { return nothing; }\n"},
			message: "src/filter.cc:1:18: error: use of undeclared identifier 'nothing'", text: "cannot compile", next: "correct what",
		},
		"warning and linker": {
			files:   map[string]string{"src/filter.cc": "int g(); int f(int x) { return g(); }\nint (*keep)(int) __attribute__((used)) = f;\n"},
			message: "undefined symbol: g()", text: "cannot compile", next: "correct what",
		},
		"no Makefile": {files: map[string]string{"Makefile": ""}, text: "no Makefile", next: "init --language cpp"},
		"no module":   {files: map[string]string{"Makefile": "all:\n\t@echo nothing to do\n"}, message: "nothing to do", text: "wrote no module", next: "variable OUT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cppProject(t, "empty", "sample", dir)
			testkit.WriteFiles(t, dir, c.files)
			if err := os.RemoveAll(filepath.Join(dir, "sdk")); err != nil { // it only takes time
				t.Fatal(err)
			}
			if c.files["Makefile"] == "" && name == "no Makefile" {
				if err := os.Remove(filepath.Join(dir, "Makefile")); err != nil {
					t.Fatal(err)
				}
			}
			o, m := cppOptions(t, dir)
			_, err := build.Build(t.Context(), o)
			compile := (*build.CompileError)(nil)
			if !errors.As(err, &compile) || !strings.Contains(err.Error(), c.text) || !strings.Contains(strings.Join(hint.Of(err), " "), c.next) {
				t.Errorf("error %v\nhints %q", err, hint.Of(err))
			}
			if !strings.Contains(m.stderr.String(), c.message) || strings.Contains(m.stderr.String(), dir) {
				t.Errorf("messages %q, want %q", &m.stderr, c.message)
			}
		})
	}
}

// A filter that was written for the upstream SDK builds unchanged.
func TestCppUpstreamFilter(t *testing.T) {
	t.Parallel()
	testkit.Need(t, testkit.Cpp)
	r := upstreamFilter(t)
	if err := wasm.Check(r.Module); err != nil {
		t.Error(err)
	}
	t.Logf("%d bytes, %d imports", r.Size, len(r.Module.Imports()))
}

func upstreamFilter(t *testing.T) *build.Result {
	t.Helper()
	dir := t.TempDir()
	cppProject(t, "empty", "sample", dir)
	overlay(t, filepath.Join("testdata", "cpp", "upstream"), dir)
	o, m := cppOptions(t, dir)
	r := m.build(t, o)
	if m.stderr.Len() > 0 {
		t.Errorf("messages: %s", &m.stderr)
	}
	return r
}
