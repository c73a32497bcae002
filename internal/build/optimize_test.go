package build_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

func TestOptimize(t *testing.T) {
	t.Parallel()
	testkit.Need(t, testkit.Binaryen)
	p := commandProject(t, copyModule)
	plain := mustBuild(t, build.Options{Project: p})
	if plain.Record.Optimizer != "" {
		t.Errorf("a command's module was optimised unasked: %+v", plain.Record)
	}
	first := mustBuild(t, build.Options{Project: p, Optimize: build.OptimizeOn})
	if first.UpToDate || !strings.HasPrefix(first.Record.Optimizer, "wasm-opt 1") {
		t.Errorf("record %+v", first.Record)
	}
	producers, err := first.Module.Producers()
	if by := producers.Field(wasm.ProducerProcessedBy); err != nil || len(by) != 2 || by[0].Name != "wasm-opt" {
		t.Errorf("processed by %v, %v", by, err)
	}
	if again := mustBuild(t, build.Options{Project: p, Optimize: build.OptimizeOn}); !again.UpToDate {
		t.Error("the optimised module is not up to date")
	}
	p.Build.Optimize = "on"
	if again := mustBuild(t, build.Options{Project: p}); !again.UpToDate {
		t.Error("what wasmctl.yaml says is something else than the option")
	}
	if off := mustBuild(t, build.Options{Project: p, Optimize: build.OptimizeOff}); off.SHA256 != plain.SHA256 {
		t.Error("the option does not win over wasmctl.yaml")
	}
	if debug := mustBuild(t, build.Options{Project: p, Debug: true}); debug.Record.Optimizer != "" {
		t.Error("a module for debugging was optimised")
	}
	named := mustBuild(t, build.Options{Project: p, Names: true})
	if names, err := named.Module.FunctionNames(); err != nil || len(names) == 0 {
		t.Errorf("names %v, %v", names, err)
	}
}

// fakeOptimizer puts a wasm-opt that is the given shell script on PATH, with
// nothing else there but the shell's tools.
func fakeOptimizer(t *testing.T, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs sh")
	}
	dir := t.TempDir()
	tools := filepath.Join(dir, "tools")
	testkit.WriteFiles(t, dir, map[string]string{"bin/wasm-opt": "#!/bin/sh\n" + script + "\n"})
	if err := os.Chmod(filepath.Join(dir, "bin", "wasm-opt"), 0o755); err != nil {
		t.Fatal(err)
	}
	if script == "" {
		if err := os.Remove(filepath.Join(dir, "bin", "wasm-opt")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(tools, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sh", "cp", "echo"} {
		if err := os.Symlink("/bin/"+name, filepath.Join(tools, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", filepath.Join(dir, "bin")+":"+tools)
}

// These have a language where wasm-opt runs by default.
func TestOptimizerThatIsNoGood(t *testing.T) {
	const version = `test "$1" = --version && echo "wasm-opt version 90 (v90)" && exit; `
	for name, c := range map[string]struct{ script, want, next string }{
		"missing":        {"", "wasm-opt is needed", "install Binaryen"},
		"refuses":        {version + "echo 'Fatal: all used features should be allowed' >&2; exit 1", "wasm-opt 90 failed: ", "later Binaryen"},
		"writes nothing": {version + "exit 0", "wrote no file", "later Binaryen"},
		"writes text":    {version + `while test "$1" != -o; do shift; done; echo text >"$2"`, "not a WebAssembly module", "later Binaryen"},
		"no version":     {"exit 1", "wasm-opt failed: ", "later Binaryen"},
	} {
		t.Run(name, func(t *testing.T) {
			fakeOptimizer(t, c.script)
			p := commandProject(t, copyModule)
			p.Language = project.Rust
			_, err := build.Build(t.Context(), build.Options{Project: p, Optimize: build.OptimizeOn})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(strings.Join(hint.Of(err), ""), c.next) {
				t.Errorf("error %v, want %q; hints %q", err, c.want, hint.Of(err))
			}
			if (name == "missing") != errors.Is(err, build.ErrToolMissing) {
				t.Errorf("error %v", err)
			}
			var notices []string
			o := build.Options{Project: p, Notice: func(s string) { notices = append(notices, s) }}
			r := mustBuild(t, o)
			if r.Record.Optimizer != "" || bytes.Contains(r.Module.Bytes(), []byte("wasm-opt")) {
				t.Errorf("record %+v", r.Record)
			}
			if name == "missing" && notices != nil || name != "missing" && len(notices) != 1 {
				t.Errorf("notices %q", notices)
			}
			if again := mustBuild(t, o); !again.UpToDate {
				t.Error("it is tried again each time")
			}
			fakeOptimizer(t, version+`while test "$1" != -o; do in=$1; shift; done; cp "$in" "$2"`)
			if again := mustBuild(t, o); again.UpToDate || again.Record.Optimizer != "wasm-opt 90" {
				t.Errorf("another wasm-opt was not seen: %+v", again.Record)
			}
		})
	}
}
