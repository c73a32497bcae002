package build_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/testkit"
)

// fakeRust makes a folder with a cargo and a rustc that are shell scripts, and
// returns options with which nothing else is on PATH but the shell's tools.
func fakeRust(t *testing.T, version, sysroot string) build.Options {
	t.Helper()
	bin, dir := t.TempDir(), t.TempDir()
	testkit.FakeProgram(t, bin, "cargo", "echo cargo ran >&2; exit 101")
	testkit.FakeProgram(t, bin, "rustc", `case "$1" in
--version) echo "`+version+`" ;;
--print) echo "`+sysroot+`"; echo "`+sysroot+`/lib/rustlib/wasm32-unknown-unknown/lib" ;;
*) exit 1 ;;
esac`)
	testkit.WriteRustFilter(t, dir)
	return build.Options{
		Project: &project.Project{Dir: dir, Name: "sample", Language: project.Rust}, Toolchain: build.ToolchainHost,
		Env: []string{"PATH=" + bin, "RUSTUP_HOME=" + t.TempDir(), "CARGO_HOME=" + t.TempDir()},
	}
}

// rustSysroot makes the folders of a toolchain, as far as anybody looks.
func rustSysroot(t *testing.T, name string, files ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	for _, file := range append(files, "lib/keep") {
		testkit.WriteFiles(t, dir, map[string]string{file: ""})
	}
	return dir
}

const (
	fakeCore = "lib/rustlib/wasm32-unknown-unknown/lib/libcore-0.rlib"
	fakeLLD  = "lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld"
)

func TestRustToolchain(t *testing.T) {
	t.Parallel()
	const good = "rustc 1.85.1 (4eb161250 2025-03-15) (built from a source tarball)"
	for name, c := range map[string]struct {
		version, sysroot, manifest string
		err                        error
		text, next                 string
	}{
		"too old": {version: "rustc 1.63.0", err: build.ErrToolTooOld, text: "found rustc 1.63.0, sample needs 1.71", next: "rustup update"},
		"too old for the project": {
			version: good, manifest: "[package]\nname = \"x\"\nrust-version = \"1.90\"\n", err: build.ErrToolTooOld,
			text: "found rustc 1.85.1, sample needs 1.90", next: "rustup",
		},
		"a nightly of that version will do": {
			version: "rustc 1.90.0-nightly (abc 2025-01-01)", sysroot: rustSysroot(t, "toolchains/x"),
			manifest: "[package]\nname = \"x\"\nrust-version = \"1.90\"\n", err: build.ErrToolMissing, text: "no standard library",
		},
		"no target, rustup": {
			version: good, sysroot: rustSysroot(t, "toolchains/stable"), err: build.ErrToolMissing,
			text: "rustc 1.85.1 has no standard library for wasm32-unknown-unknown", next: "'rustup target add wasm32-unknown-unknown'",
		},
		"no target, packages": {version: good, sysroot: rustSysroot(t, "usr"), err: build.ErrToolMissing, text: "no standard library", next: "install the standard library for WebAssembly"},
		"no linker":           {version: good, sysroot: rustSysroot(t, "usr", fakeCore), err: build.ErrToolMissing, text: "neither rust-lld nor wasm-ld", next: "lld"},
		"does not answer":     {version: "hello", sysroot: rustSysroot(t, "usr"), err: build.ErrToolMissing, text: `printed "hello"`, next: "rustup"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := fakeRust(t, c.version, c.sysroot)
			if c.manifest != "" {
				testkit.WriteFiles(t, o.Project.Dir, map[string]string{"Cargo.toml": c.manifest})
			}
			_, err := build.Build(t.Context(), o)
			if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.text) || !strings.Contains(strings.Join(hint.Of(err), " "), c.next) {
				t.Errorf("error %v\nhints %q\nwant %v, %q", err, hint.Of(err), c.err, c.text)
			}
		})
	}
}

func TestNoRust(t *testing.T) {
	t.Parallel()
	o := fakeRust(t, "", "")
	bin := t.TempDir()
	o.Env[0] = "PATH=" + bin
	_, err := build.Build(t.Context(), o)
	if !errors.Is(err, build.ErrToolMissing) || !strings.Contains(strings.Join(hint.Of(err), " "), "wasm32-unknown-unknown") {
		t.Errorf("error %v, hints %q", err, hint.Of(err))
	}
	testkit.FakeProgram(t, bin, "cargo", "exit 1")
	testkit.FakeProgram(t, bin, "rustc", "echo 'error: toolchain nightly-2020 is not installed' >&2; exit 1")
	_, err = build.Build(t.Context(), o)
	if !errors.Is(err, build.ErrToolMissing) || !strings.Contains(err.Error(), "toolchain nightly-2020 is not installed") {
		t.Errorf("error %v", err)
	}
}

// Where the compiler brings no linker, that of LLVM is named to cargo, the
// latest of several; unless the user has chosen one.
func TestRustLinker(t *testing.T) {
	t.Parallel()
	const variable = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER"
	for name, c := range map[string]struct {
		files, programs []string
		env, config     string
		want            string
	}{
		"own":                    {files: []string{fakeCore, fakeLLD}, programs: []string{"wasm-ld"}},
		"own on PATH":            {files: []string{fakeCore}, programs: []string{"rust-lld", "wasm-ld"}},
		"that of LLVM":           {files: []string{fakeCore}, programs: []string{"wasm-ld", "wasm-ld-19"}, want: "wasm-ld"},
		"the latest of LLVM":     {files: []string{fakeCore}, programs: []string{"wasm-ld-9", "wasm-ld-19", "wasm-ld-18", "wasm-ld-x"}, want: "wasm-ld-19"},
		"the user's by variable": {files: []string{fakeCore}, programs: []string{"wasm-ld"}, env: variable + "=mine", want: "mine"},
		"the user's by file":     {files: []string{fakeCore}, programs: []string{"wasm-ld"}, config: "[target.wasm32-unknown-unknown]\nlinker = \"mine\"\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := fakeRust(t, "rustc 1.85.1", rustSysroot(t, "usr", c.files...))
			bin := strings.TrimPrefix(o.Env[0], "PATH=")
			testkit.FakeProgram(t, bin, "cargo", `echo "linker ${`+variable+`##*/}" >&2; exit 101`)
			for _, p := range c.programs {
				testkit.FakeProgram(t, bin, p, "exit 1")
			}
			if c.env != "" {
				o.Env = append(o.Env, c.env)
			}
			if c.config != "" {
				testkit.WriteFiles(t, o.Project.Dir, map[string]string{".cargo/config.toml": c.config})
			}
			var messages strings.Builder
			o.Stderr = &messages
			_, err := build.Build(t.Context(), o)
			if got := strings.TrimSpace(messages.String()); got != strings.TrimSpace("linker "+c.want) {
				t.Errorf("%q, error %v; want %q", got, err, c.want)
			}
		})
	}
}

// With rustup, which toolchain runs is a matter of files: none is started to
// find out that nothing has changed.
func TestRustupChoices(t *testing.T) {
	t.Parallel()
	o, m := rustSample(t)
	home := t.TempDir()
	testkit.WriteFiles(t, home, map[string]string{"settings.toml": "default_toolchain = \"stable\"\n", "toolchains/stable/bin/rustc": "one"})
	o.Env = append(o.Env, "RUSTUP_HOME="+home)
	m.build(t, o)
	for name, change := range map[string]func() error{
		"settings": func() error {
			return os.WriteFile(filepath.Join(home, "settings.toml"), []byte("default_toolchain = \"beta\"\n"), 0o600)
		},
		"update": func() error {
			return os.WriteFile(filepath.Join(home, "toolchains/stable/bin/rustc"), []byte("later"), 0o600)
		},
		"file above": func() error {
			return os.WriteFile(filepath.Join(filepath.Dir(o.Project.Dir), "rust-toolchain.toml"), []byte("[toolchain]\nchannel = \"stable\"\n"), 0o600)
		},
	} {
		if !m.build(t, o).UpToDate {
			t.Fatal("nothing has changed")
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if m.build(t, o).UpToDate {
			t.Errorf("%s: the change was not seen", name)
		}
	}
}
