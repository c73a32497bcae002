package build_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// assemblyScript is what the tests of AssemblyScript share: packages that were
// installed once, since that is most of the work.
type assemblyScript struct{ modules string }

// installed installs the packages of the templates. What the compiler does not
// use of them is most of it, and removed.
func installed(t *testing.T) assemblyScript {
	t.Helper()
	testkit.Need(t, testkit.Node)
	dir := t.TempDir()
	scaffolded(t, "empty", "sample", dir)
	run(t, dir, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
	a := assemblyScript{filepath.Join(dir, "node_modules")}
	if err := os.RemoveAll(filepath.Join(a.modules, "binaryen", "bin")); err != nil {
		t.Fatal(err)
	}
	return a
}

// scaffolded writes a project of the template.
func scaffolded(t *testing.T, template, name, dir string) {
	t.Helper()
	opened, err := scaffold.Open(t.Context(), "assemblyscript", template)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := opened.Render(t.Context(), name, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Write(t.Context(), dir, scaffold.WriteOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
}

// project writes a project with the packages that were installed.
func (a assemblyScript) project(t *testing.T, template, dir string) (build.Options, *messages) {
	t.Helper()
	scaffolded(t, template, "sample", dir)
	if err := os.Symlink(a.modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return assemblyScriptOptions(dir)
}

func assemblyScriptOptions(dir string) (build.Options, *messages) {
	m := &messages{}
	return build.Options{
		Project: &project.Project{Dir: dir, Name: "sample", Language: project.AssemblyScript}, Toolchain: build.ToolchainHost,
		Stderr: &m.stderr, Notice: func(text string) { m.notices = append(m.notices, text) },
		Env: []string{"npm_config_prefer_offline=true"},
	}, m
}

// run runs a program in the folder.
func run(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
}

func TestAssemblyScript(t *testing.T) {
	t.Parallel()
	a := installed(t)
	for name, test := range map[string]func(*testing.T, assemblyScript){
		"templates": testAssemblyScriptTemplates, "formats": testAssemblyScriptFormats, "ABI layer": testAssemblyScriptABI,
		"reproducible": testAssemblyScriptReproducible, "rebuild": testAssemblyScriptRebuild, "debug": testAssemblyScriptDebug,
		"compile error": testAssemblyScriptError, "other files": testAssemblyScriptFiles, "npm": testAssemblyScriptNpm,
		"agrees with Go": testAssemblyScriptAgrees, "container": testAssemblyScriptContainer,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, a)
		})
	}
}

// The tests of a project pass as it comes out of the template, and the module is
// one that Envoy takes, within its bounds.
func testAssemblyScriptTemplates(t *testing.T, a assemblyScript) {
	for template, most := range map[string]int64{"http-headers": 12_000, "path-rewrite": 20_000, "empty": 6_000} {
		t.Run(template, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			o, m := a.project(t, template, dir)
			r := m.build(t, o)
			if r.Size > most {
				t.Errorf("%d bytes, want %d at most", r.Size, most)
			}
			t.Logf("%d bytes", r.Size)
			if err := wasm.Check(r.Module); err != nil {
				t.Error(err)
			}
			if r.Toolchain != "asc 0.28.20" || r.Record == nil || r.Record.SDK != "wasmctl-assemblyscript 1.0.0" {
				t.Errorf("toolchain %q, record %+v", r.Toolchain, r.Record)
			}
			for _, i := range r.Module.Imports() {
				if i.Module != "env" || !strings.HasPrefix(i.Name, "proxy_") {
					t.Errorf("imports %s.%s", i.Module, i.Name)
				}
			}
			run(t, dir, "npm", "test")
		})
	}
}

// A project is formatted as prettier wants it, whatever it is called.
func testAssemblyScriptFormats(t *testing.T, a assemblyScript) {
	dir := t.TempDir()
	args := []string{filepath.Join(a.modules, "prettier", "bin", "prettier.cjs"), "--check"}
	for _, template := range []string{"http-headers", "path-rewrite", "empty"} {
		for _, name := range []string{"x", strings.Repeat("a", project.MaxNameLength)} {
			folder := template + "-" + name[:1]
			scaffolded(t, template, name, filepath.Join(dir, folder))
			for _, part := range []string{"assembly", "tests", "asconfig.json", "package.json", "tsconfig.json"} {
				args = append(args, filepath.Join(folder, part))
			}
		}
	}
	run(t, dir, "node", args...)
}

// A filter that uses all of the ABI layer does what it should, with the runtime of
// the templates, 100,000 requests long, and with the others.
func testAssemblyScriptABI(t *testing.T, a assemblyScript) {
	dir := t.TempDir()
	a.project(t, "empty", dir)
	for _, name := range []string{"abi.ts", "abi.test.mjs"} {
		b, err := os.ReadFile(filepath.Join("testdata", "assemblyscript", name))
		if err != nil {
			t.Fatal(err)
		}
		testkit.WriteFiles(t, dir, map[string]string{"tests/" + name: string(b)})
	}
	for _, runtime := range []string{"", "incremental", "stub"} {
		cmd := exec.CommandContext(t.Context(), "node", "--test", "tests/abi.test.mjs")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "ABI_RUNTIME="+runtime)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("runtime %s: %v\n%s", runtime, err, out)
		}
	}
}

// The same sources give the same module in two folders.
func testAssemblyScriptReproducible(t *testing.T, a assemblyScript) {
	var modules [][]byte
	for _, name := range []string{"one", "a blank and ä"} {
		dir := filepath.Join(t.TempDir(), name)
		o, m := a.project(t, "empty", dir)
		modules = append(modules, m.build(t, o).Module.Bytes())
	}
	if !bytes.Equal(modules[0], modules[1]) {
		t.Error("the modules differ")
	}
}

func testAssemblyScriptRebuild(t *testing.T, a assemblyScript) {
	dir := t.TempDir()
	o, m := a.project(t, "http-headers", dir)
	first := m.build(t, o)
	begin := time.Now()
	if again := m.build(t, o); !again.UpToDate || again.SHA256 != first.SHA256 {
		t.Errorf("second build: %+v", again)
	}
	t.Logf("finds nothing to do in %v", time.Since(begin))
	if names := leftovers(t, o.Project); names != nil {
		t.Errorf("left in the build folder: %q", names)
	}
	change(t, filepath.Join(dir, "assembly", "config.ts"), "a header needs", "a headline needs")
	if third := m.build(t, o); third.UpToDate || third.SHA256 == first.SHA256 {
		t.Error("a changed file was not seen")
	}
	change(t, filepath.Join(dir, "asconfig.json"), `"shrinkLevel": 2`, `"shrinkLevel": 0`)
	if fourth := m.build(t, o); fourth.UpToDate || fourth.Size <= first.Size {
		t.Error("changed options of the compiler were not seen")
	}
}

// change replaces a piece of a file.
func change(t *testing.T, path, before, after string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte(before)) {
		t.Fatalf("%s does not contain %q", path, before)
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(b, []byte(before), []byte(after)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Builds for debugging have the names of functions; others do where that is
// asked for, with the same code.
func testAssemblyScriptDebug(t *testing.T, a assemblyScript) {
	o, m := a.project(t, "empty", t.TempDir())
	normal := m.build(t, o)
	if names, err := normal.Module.FunctionNames(); err != nil || len(names) != 0 {
		t.Errorf("a release has %d names of functions, %v", len(names), err)
	}
	o.Debug = true
	debug := m.build(t, o)
	if names, err := debug.Module.FunctionNames(); err != nil || len(names) == 0 || debug.Path == normal.Path {
		t.Errorf("%d names of functions, %v, in %s", len(names), err, debug.Path)
	}
	o.Debug, o.Names = false, true
	named := m.build(t, o)
	if names, err := named.Module.FunctionNames(); err != nil || len(names) == 0 {
		t.Errorf("%d names of functions, %v", len(names), err)
	}
	if !bytes.Equal(code(t, named), code(t, normal)) {
		t.Error("with names the code is another")
	}
}

// code returns the sections of a module but for the custom ones.
func code(t *testing.T, r *build.Result) []byte {
	t.Helper()
	var all []byte
	for _, s := range r.Module.Sections() {
		if s.ID != wasm.SectionCustom {
			all = append(append(all, byte(s.ID)), s.Content...)
		}
	}
	return all
}

func testAssemblyScriptError(t *testing.T, a assemblyScript) {
	dir := t.TempDir()
	o, m := a.project(t, "empty", dir)
	good := m.build(t, o)
	change(t, filepath.Join(dir, "assembly", "index.ts"), "HeadersStatus.Continue", "HeadersStatus.Contine")
	_, err := build.Build(t.Context(), o)
	compile := (*build.CompileError)(nil)
	if !errors.As(err, &compile) || compile.Dir != dir || len(hint.Of(err)) == 0 {
		t.Fatalf("error %v, want *CompileError with a next step", err)
	}
	text := m.stderr.String()
	if !regexp.MustCompile(`in assembly/index\.ts\(\d+,\d+\)`).MatchString(text) || strings.Contains(text, "\x1b") {
		t.Errorf("messages %q", text)
	}
	if b, _ := os.ReadFile(good.Path); !bytes.Equal(b, good.Module.Bytes()) {
		t.Error("the module of the earlier build is gone")
	}
}

// What is missing in a project is said in its own words.
func testAssemblyScriptFiles(t *testing.T, a assemblyScript) {
	for name, c := range map[string]struct {
		prepare    func(dir string) error
		text, next string
	}{
		"no asconfig.json": {func(dir string) error { return os.Remove(filepath.Join(dir, "asconfig.json")) }, "no asconfig.json", "wasmctl init"},
		"no entry": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "asconfig.json"), []byte("{}"), 0o600)
		}, "nothing to compile", "entries"},
		"yarn": {func(dir string) error {
			err := os.Remove(filepath.Join(dir, "node_modules"))
			return errors.Join(err, os.Rename(filepath.Join(dir, "package-lock.json"), filepath.Join(dir, "yarn.lock")))
		}, "yarn.lock says that yarn", "yarn install"},
		"no package.json": {func(dir string) error {
			err := os.Remove(filepath.Join(dir, "node_modules"))
			return errors.Join(err, os.Remove(filepath.Join(dir, "package-lock.json")), os.Remove(filepath.Join(dir, "package.json")))
		}, "no package.json", "wasmctl init"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			o, _ := a.project(t, "empty", dir)
			if err := c.prepare(dir); err != nil {
				t.Fatal(err)
			}
			_, err := build.Build(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), c.text) || !strings.Contains(strings.Join(hint.Of(err), " "), c.next) {
				t.Errorf("error %v, hints %q", err, hint.Of(err))
			}
		})
	}
}

// npm runs when the packages are missing or others than those of the lock file,
// and only then.
func testAssemblyScriptNpm(t *testing.T, a assemblyScript) {
	dir := t.TempDir()
	scaffolded(t, "empty", "sample", dir)
	o, m := assemblyScriptOptions(dir)
	first := m.build(t, o)
	hidden := filepath.Join(dir, "node_modules", ".package-lock.json")
	if _, err := os.Stat(hidden); err != nil {
		t.Fatal(err)
	}
	mark := filepath.Join(dir, "node_modules", "mark")
	source := filepath.Join(dir, "assembly", "index.ts")
	for _, step := range []struct {
		name   string
		change func()
		runs   bool
	}{
		{"same packages", func() { change(t, source, "The filter.", "The one filter.") }, false},
		{"another version", func() {
			change(t, hidden, `"version": "0.28.20"`, `"version": "0.28.19"`)
			change(t, source, "The one filter.", "The filter.")
		}, true},
	} {
		if err := os.WriteFile(mark, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		step.change()
		r := m.build(t, o)
		if _, err := os.Stat(mark); (err != nil) != step.runs {
			t.Errorf("%s: that npm ran is %t", step.name, err != nil)
		}
		if !bytes.Equal(code(t, r), code(t, first)) {
			t.Errorf("%s: another module", step.name)
		}
	}
	if len(m.notices) != 0 {
		t.Errorf("notices %q", m.notices)
	}

	if err := os.RemoveAll(filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	if again := m.build(t, o); !again.UpToDate {
		t.Error("without packages a module that is good was built again")
	}
	o.Debug, o.Offline = true, true
	o.Env = []string{"npm_config_cache=" + t.TempDir()}
	_, err := build.Build(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "not in npm's cache") || len(hint.Of(err)) == 0 {
		t.Errorf("error %v, hints %q", err, hint.Of(err))
	}
}

func TestAssemblyScriptNode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		want   error
		text   string
	}{
		"missing": {"", build.ErrToolMissing, "Node.js is needed"},
		"too old": {"echo v16.20.2", build.ErrToolTooOld, "found Node.js 16.20.2, sample needs 18.0.0"},
		"broken":  {"echo 'no such library' >&2; exit 127", build.ErrToolMissing, "no such library"},
		"no node": {"echo hello", build.ErrToolMissing, `printed "hello"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, bin := t.TempDir(), t.TempDir()
			scaffolded(t, "empty", "sample", dir)
			if c.script != "" {
				testkit.FakeProgram(t, bin, "node", c.script)
			}
			o, _ := assemblyScriptOptions(dir)
			o.Env = []string{"PATH=" + bin}
			_, err := build.Build(t.Context(), o)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) || !strings.Contains(strings.Join(hint.Of(err), ""), "nodejs") {
				t.Errorf("error %v, hints %q", err, hint.Of(err))
			}
		})
	}
}

// A container gives the same code as this machine, for a project that has none of
// the packages, and whatever packages it has.
func testAssemblyScriptContainer(t *testing.T, a assemblyScript) {
	dir := t.TempDir()
	o, m := a.project(t, "empty", dir)
	host := m.build(t, o)
	contained, m := contained(t, o.Project)
	first := m.build(t, contained)
	if first.UpToDate || first.Toolchain != "asc 0.28.20" || !bytes.Equal(code(t, first), code(t, host)) {
		t.Errorf("%+v is not what this machine builds", first)
	}
	if err := os.Remove(filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	testkit.WriteFiles(t, dir, map[string]string{"node_modules/assemblyscript/package.json": "{}"})
	source := filepath.Join(dir, "assembly", "index.ts")
	change(t, source, "The filter.", "The one filter.")
	contained.Offline = true // the packages are in the cache
	if second := m.build(t, contained); second.UpToDate || !bytes.Equal(code(t, second), code(t, host)) {
		t.Errorf("second build: %+v", second)
	}
	change(t, source, "HeadersStatus.Continue", "HeadersStatus.Contine")
	_, err := build.Build(t.Context(), contained)
	if compile := (*build.CompileError)(nil); !errors.As(err, &compile) || !strings.Contains(m.stderr.String(), "in assembly/index.ts(") {
		t.Errorf("error %v, messages %q", err, &m.stderr)
	}
}
