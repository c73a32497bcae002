package build_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/testkit"
)

// fakeClang writes a clang++ that prints what the real one does with -###. Its
// libraries are in the folder root as far as they are there.
func fakeClang(t *testing.T, bin, name, version, root string) {
	t.Helper()
	words := func(w ...string) string { return ` "` + strings.Join(w, `" "`) + `"` }
	testkit.FakeProgram(t, bin, name, fmt.Sprintf("cat >&2 <<'END'\n%s\nTarget: wasm32-unknown-wasi\n%s\n%s\nEND",
		version,
		words("/fake/clang", "-cc1", "-internal-isystem", root+"/include/c++/v1", "-x", "c++", "-"),
		words(root+"/wasm-ld", "-m", "wasm32", "-L"+root, root+"/crt1-reactor.o", "-lc++", root+"/libclang_rt.builtins-wasm32.a", "-o", "module.wasm")))
}

// cppRoot makes the libraries that a compiler needs, all or without some.
func cppRoot(t *testing.T, without ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, file := range []string{"include/c++/v1/version", "crt1-reactor.o", "libc++.a", "libclang_rt.builtins-wasm32.a"} {
		if !strings.Contains(strings.Join(without, " "), file) {
			testkit.WriteFiles(t, root, map[string]string{file: ""})
		}
	}
	if !strings.Contains(strings.Join(without, " "), "wasm-ld") {
		testkit.FakeProgram(t, root, "wasm-ld", "exit 0")
	}
	return root
}

// fakeCpp makes options with which nothing is on PATH but a make, which says what
// it was called with, and the shell's tools.
func fakeCpp(t *testing.T) (o build.Options, bin string) {
	t.Helper()
	bin, dir := t.TempDir(), t.TempDir()
	testkit.FakeProgram(t, bin, "make", `for a; do case "$a" in CXX=*|DEBUG=*|NAMES=*) echo "$a"; esac; done; exit 2`)
	for _, tool := range []string{"/bin/cat", "/usr/bin/cat"} {
		if _, err := os.Stat(tool); err == nil {
			if err := os.Symlink(tool, filepath.Join(bin, "cat")); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	testkit.WriteFiles(t, dir, map[string]string{"Makefile": "all:\n"})
	return build.Options{
		Project: &project.Project{Dir: dir, Name: "sample", Language: project.Cpp}, Toolchain: build.ToolchainHost,
		Env: []string{"PATH=" + bin, "CXX=", "WASI_SDK_PATH=", "SYSROOT="},
	}, bin
}

func TestCppToolchain(t *testing.T) {
	t.Parallel()
	const good = "Debian clang version 19.1.7 (3~deb12u1)"
	for name, c := range map[string]struct {
		version    string
		without    []string
		err        error
		text, next string
	}{
		"too old":         {version: "Ubuntu clang version 14.0.0-1ubuntu1.1", err: build.ErrToolTooOld, text: "found clang++-19 14.0.0-1ubuntu1.1, sample needs clang 17", next: "clang-19"},
		"no linker":       {version: good, without: []string{"wasm-ld"}, err: build.ErrToolMissing, text: "clang++-19 19.1.7 cannot build filters without the linker wasm-ld"},
		"no C library":    {version: good, without: []string{"crt1-reactor.o"}, err: build.ErrToolMissing, text: "without wasi-libc"},
		"no C++ headers":  {version: good, without: []string{"include/c++/v1/version"}, err: build.ErrToolMissing, text: "without libc++ for WebAssembly"},
		"no C++ library":  {version: good, without: []string{"libc++.a"}, err: build.ErrToolMissing, text: "without libc++ for WebAssembly"},
		"no runtime":      {version: good, without: []string{"libclang_rt.builtins-wasm32.a"}, err: build.ErrToolMissing, text: "without compiler-rt for WebAssembly"},
		"several missing": {version: good, without: []string{"libc++.a", "wasm-ld"}, err: build.ErrToolMissing, text: "without the linker wasm-ld, libc++ for WebAssembly"},
		"that of Xcode":   {version: "Apple clang version 16.0.0 (clang-1600.0.26.6)", err: build.ErrToolMissing, text: "that of Xcode"},
		"does not answer": {version: "hello", err: build.ErrToolMissing, text: "does not tell its version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, bin := fakeCpp(t)
			fakeClang(t, bin, "clang++-19", c.version, cppRoot(t, c.without...))
			_, err := build.Build(t.Context(), o)
			if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.text) || len(hint.Of(err)) == 0 || !strings.Contains(hint.Of(err)[0], c.next) {
				t.Errorf("error %v\nhints %q", err, hint.Of(err))
			}
		})
	}
}

func TestNoCpp(t *testing.T) {
	t.Parallel()
	o, bin := fakeCpp(t)
	for _, want := range []string{"clang++ is needed to build sample", "make is needed to build sample"} {
		_, err := build.Build(t.Context(), o)
		if !errors.Is(err, build.ErrToolMissing) || !strings.Contains(err.Error(), want) || len(hint.Of(err)) == 0 {
			t.Errorf("error %v, hints %q; want %q", err, hint.Of(err), want)
		}
		if err := os.RemoveAll(filepath.Join(bin, "make")); err != nil {
			t.Fatal(err)
		}
	}
}

// The highest version that can compile for WASI is taken, unless the user names
// one; make is told of it, and of the kind of build.
func TestCppCompilerChoice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		good, bad []string // with their libraries, and without
		env       func(sdk string) string
		names     bool
		want      string
	}{
		"highest":        {good: []string{"clang++-9", "clang++-18", "clang++-20", "clang++", "clang++-x"}, want: "CXX=clang++-20"},
		"highest useful": {good: []string{"clang++-18"}, bad: []string{"clang++-20", "clang++"}, want: "CXX=clang++-18"},
		"without number": {good: []string{"clang++"}, bad: []string{"clang++-20"}, want: "CXX=clang++"},
		"named":          {good: []string{"clang++-18", "clang++-20"}, env: func(string) string { return "CXX=clang++-18" }, want: "CXX=clang++-18"},
		"named g++":      {good: []string{"clang++-20"}, env: func(string) string { return "CXX=g++" }, want: "CXX=clang++-20"},
		"SDK":            {good: []string{"clang++-20"}, env: func(sdk string) string { return "WASI_SDK_PATH=" + sdk }, want: "/bin/clang++"},
		"names":          {good: []string{"clang++-20"}, names: true, want: "NAMES=1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, bin := fakeCpp(t)
			complete, bare := cppRoot(t), t.TempDir()
			for _, compiler := range c.good {
				fakeClang(t, bin, compiler, "clang version 20.1.0", complete)
			}
			for _, compiler := range c.bad {
				fakeClang(t, bin, compiler, "clang version 20.1.0", bare)
			}
			if c.env != nil {
				sdk := t.TempDir()
				fakeClang(t, filepath.Join(sdk, "bin"), "clang++", "clang version 20.1.8-wasi-sdk", complete)
				o.Env = append(o.Env, c.env(sdk))
			}
			o.Names = c.names
			var stderr strings.Builder
			o.Stderr = &stderr
			_, err := build.Build(t.Context(), o)
			compile := (*build.CompileError)(nil)
			if !errors.As(err, &compile) || !strings.Contains(stderr.String()+"\n", c.want+"\n") || !strings.Contains(stderr.String(), "DEBUG=\n") {
				t.Errorf("%v, make was told %q, want %q", err, stderr.String(), c.want)
			}
		})
	}
}
