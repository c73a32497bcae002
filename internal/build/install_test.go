package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmctl/wasmctl/internal/project"
)

func TestSystemOf(t *testing.T) {
	t.Parallel()
	cases := []struct {
		goos, release string
		want          system
	}{
		{"linux", "NAME=\"Debian\"\nID=debian\n", systemDebian},
		{"linux", "ID=ubuntu\nID_LIKE=debian\n", systemDebian},
		{"linux", "ID=linuxmint\r\nID_LIKE=\"ubuntu debian\"\r\n", systemDebian},
		{"linux", "ID='fedora'\n", systemFedora},
		{"linux", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", systemFedora},
		{"linux", "ID=arch\n", systemLinux},
		{"linux", "", systemLinux},
		{"linux", "NAME=debian\nVARIANT_ID=debian\n", systemLinux},
		{"darwin", "ID=debian\n", systemDarwin},
		{"windows", "", systemWindows},
	}
	for _, c := range cases {
		if got := systemOf(c.goos, c.release); got != c.want {
			t.Errorf("%s %q is %s, want %s", c.goos, c.release, got, c.want)
		}
	}
}

func TestInstallHint(t *testing.T) {
	t.Parallel()
	commands := map[system]string{systemDebian: "apt-get install x", systemDarwin: "brew install x"}
	for s, want := range map[system]string{
		systemDebian: "install X: 'apt-get install x'",
		systemDarwin: "install X: 'brew install x'",
		systemFedora: "install X (Debian and Ubuntu: 'apt-get install x'; macOS: 'brew install x')",
		"plan9":      "install X (Debian and Ubuntu: 'apt-get install x'; macOS: 'brew install x')",
	} {
		if got := installHintOn(s, "X", commands); got != want {
			t.Errorf("on %s %q, want %q", s, got, want)
		}
	}
	if got := installHint("X", commands); !strings.HasPrefix(got, "install X") {
		t.Errorf("here %q", got)
	}
}

func TestFileIdentity(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if fileIdentity(file) != "" || fileIdentity("") != "" {
		t.Error("a file that is not there has an identity")
	}
	if err := os.WriteFile(file, []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	first := fileIdentity(file)
	if first == "" || fileIdentity(link) != first {
		t.Errorf("file %q, link %q", first, fileIdentity(link))
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(file, later, later); err != nil {
		t.Fatal(err)
	}
	if fileIdentity(file) == first {
		t.Error("a file that was written again has the same identity")
	}
}

func TestOptimizes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		language project.Language
		optimize Optimize
		debug    bool
		want     bool
	}{
		{project.Go, "", false, false},
		{project.Go, OptimizeOn, false, true},
		{project.Rust, "", false, true},
		{project.Rust, OptimizeOff, false, false},
		{project.Rust, OptimizeAuto, true, false},
		{project.Cpp, OptimizeAuto, false, true},
		{project.AssemblyScript, OptimizeAuto, false, false},
		{project.AssemblyScript, OptimizeOn, true, false},
		{"zig", "", false, false},
	} {
		j := newJob(Options{Project: &project.Project{Language: c.language}, Optimize: c.optimize, Debug: c.debug})
		if got := j.optimizes(); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestProgramOf(t *testing.T) {
	t.Parallel()
	for shell, want := range map[string]string{
		"make":                     "make",
		"  zig build-exe\n":        "zig",
		"./tools/build.sh a b":     "./tools/build.sh",
		"g++-13 x":                 "g++-13",
		"größe":                    "größe",
		"cd sub && make":           "",
		". ./env; make":            "",
		"CC=clang make":            "",
		"$CC x":                    "",
		"(make)":                   "",
		"\"my tool\" x":            "",
		"make;make":                "",
		"export A=b\nmake":         "",
		"if test -e x; then y; fi": "",
	} {
		if got := programOf(project.Command{Shell: shell}); got != want {
			t.Errorf("%q starts %q, want %q", shell, got, want)
		}
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	text := project.Command{Shell: "make a\nmake b"}
	program, args, err := commandLine("linux", text, "")
	if got := program + "|" + strings.Join(args, "|"); got != "sh|-e|-c|make a\nmake b" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	program, args, err = commandLine("windows", project.Command{Args: []string{"a", "b c"}}, "")
	if got := program + "|" + strings.Join(args, "|"); got != "a|b c" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	temp := t.TempDir()
	program, args, err = commandLine("windows", text, temp)
	if program != "cmd" || len(args) != 3 || err != nil {
		t.Fatalf("%q %q, %v", program, args, err)
	}
	b, err := os.ReadFile(args[2])
	if want := "@echo off\r\nmake a\r\nif errorlevel 1 exit /b\r\nmake b\r\n"; string(b) != want || err != nil {
		t.Errorf("%q, %v, want %q", b, err, want)
	}
}

func TestCommandRecipe(t *testing.T) {
	t.Parallel()
	p := &project.Project{Dir: "/p", Name: "own"}
	p.Build = project.Build{Command: project.Command{Args: []string{"cc", "it's"}}, Fetch: project.Command{Shell: "get"}, Output: "a/b.wasm"}
	if _, err := recipeOf(newJob(Options{Project: p})); err == nil {
		t.Error("a recipe without an image")
	}
	p.Build.Image = "me/cc:1"
	r, err := recipeOf(newJob(Options{Project: p, Debug: true}))
	if err != nil {
		t.Fatal(err)
	}
	at := paths{project: "/src", out: "/out/own.wasm", temp: "/temp", cache: "/cache", key: "k"}
	compile := r.compile(at)
	for _, want := range []string{"cd '/src'\n", "cd '/temp/project'\nrm -f 'a/b.wasm'\n'cc' 'it'\\''s'\ncp 'a/b.wasm' '/out/own.wasm'"} {
		if script := compile.args[len(compile.args)-1]; !strings.Contains(script, want) {
			t.Errorf("script %q, want %q", script, want)
		}
	}
	env := strings.Join(compile.env, " ")
	want := "WASMCTL_OUT=/out/own.wasm WASMCTL_NAME=own WASMCTL_BUILD_DIR=/cache/command/k WASMCTL_DEBUG=1 HOME=/cache/command/k"
	if env != want {
		t.Errorf("environment %q, want %q", env, want)
	}
	if fetch := r.fetch(at); !strings.HasSuffix(fetch.args[len(fetch.args)-1], "\n(get\n)") {
		t.Errorf("fetch %q", fetch.args)
	}
	if version, err := r.parseVersion(""); version != "cc" || err != nil {
		t.Errorf("version %q, %v", version, err)
	}
}
