package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/tool"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// wasmOpt is the program of Binaryen that makes modules smaller.
const wasmOpt = "wasm-opt"

// optimizes tells whether wasm-opt runs over the module. By default that is so
// for Rust and C++, where it gains a fifth: asc has Binaryen's passes in itself,
// and Go modules gain a twentieth for ten seconds of work. A module with debug
// information stays as the compiler wrote it.
func (j *job) optimizes() bool {
	if j.debug {
		return false
	}
	switch j.options.Optimize {
	case OptimizeOn:
		return true
	case OptimizeOff:
		return false
	}
	return j.project.Language == project.Rust || j.project.Language == project.Cpp
}

// wasmOptArgs are the arguments of wasm-opt that read the module in and write
// the module out. The features are those that every host of proxy-wasm filters
// has and compilers use; without naming them old versions of wasm-opt refuse
// modules, and with all features they write modules that hosts refuse.
func wasmOptArgs(j *job, in, out string) []string {
	args := []string{
		"-Oz", "--enable-bulk-memory", "--enable-nontrapping-float-to-int", "--enable-sign-ext", "--enable-mutable-globals",
	}
	if j.options.Names {
		args = append(args, "-g")
	}
	return append(args, in, "-o", out)
}

// finishSettings is what decides the result after the compiler has run: the
// choices, and the wasm-opt of this machine if it is used.
func finishSettings(j *job, tools toolchain) string {
	identity := ""
	if usesHostOptimizer(j, tools) {
		if program, err := tool.Find(wasmOpt); err == nil {
			identity = fileIdentity(program)
		}
	}
	return fmt.Sprintln(j.debug, j.options.Names, j.optimizes(), identity)
}

// usesHostOptimizer tells whether wasm-opt of this machine optimises the module.
// A container brings its own, so that its modules are the same on all machines;
// where its image has none, only an express wish brings in that of the machine.
func usesHostOptimizer(j *job, tools toolchain) bool {
	_, contained := tools.(elsewhere)
	return j.optimizes() && (!contained || j.options.Optimize == OptimizeOn)
}

// checkOptimizer finds out before a long build that wasm-opt is missing. It is
// called once the toolchain has told its version.
func checkOptimizer(j *job, tools toolchain) error {
	if e, ok := tools.(elsewhere); ok && e.optimizer() != "" || !j.optimizes() || j.options.Optimize != OptimizeOn {
		return nil
	}
	_, err := findOptimizer(j)
	return err
}

func findOptimizer(j *job) (string, error) {
	program, err := tool.Find(wasmOpt)
	if err != nil {
		return "", hint.Errorf(installHint("Binaryen, which brings wasm-opt", map[system]string{
			systemDebian: "apt-get install binaryen", systemFedora: "dnf install binaryen", systemDarwin: "brew install binaryen",
			systemLinux: "npm install -g binaryen", systemWindows: "npm install -g binaryen",
		})+", or leave out --optimize on and build.optimize",
			"%w: wasm-opt is needed to optimise %s: %w", ErrToolMissing, j.project.Name, err)
	}
	return program, nil
}

// optimize runs wasm-opt over the module where that is wanted, and returns the
// name and version of what did it; "" when nothing did. Unless optimising was
// asked for, a wasm-opt that is missing is no error, and neither is one that
// cannot read the module: it is as good without, only larger.
func optimize(ctx context.Context, j *job, tools toolchain, m *wasm.Module, temp string) (*wasm.Module, string, error) {
	if e, ok := tools.(elsewhere); ok && e.optimizer() != "" {
		return m, e.optimizer(), nil
	}
	if !usesHostOptimizer(j, tools) {
		return m, "", nil
	}
	program, err := findOptimizer(j)
	if err != nil {
		if j.options.Optimize == OptimizeOn {
			return nil, "", err
		}
		return m, "", nil
	}
	optimized, name, err := runOptimizer(ctx, j, program, m, temp)
	switch {
	case err == nil:
		return optimized, name, nil
	case ctx.Err() != nil:
		return nil, "", err
	case j.options.Optimize == OptimizeOn:
		return nil, "", hint.Wrap(err, "install a later Binaryen, or build with --optimize off")
	}
	j.notice("The module of %s was not optimised: %v.", j.project.Name, err)
	return m, "", nil
}

func runOptimizer(ctx context.Context, j *job, program string, m *wasm.Module, temp string) (*wasm.Module, string, error) {
	name := optimizerVersion(ctx, program)
	in, out := filepath.Join(temp, "compiled.wasm"), filepath.Join(temp, "optimized.wasm")
	if err := os.WriteFile(in, m.Bytes(), 0o600); err != nil {
		return nil, "", err
	}
	messages := &headWriter{left: 4096}
	err := tool.Command{Path: program, Args: wasmOptArgs(j, in, out), Dir: temp, Stdout: messages, Stderr: messages}.Run(ctx)
	if err == nil {
		var optimized *wasm.Module
		if optimized, err = readModule(out); err == nil {
			return optimized, name, nil
		}
	}
	if ctx.Err() != nil {
		return nil, "", context.Cause(ctx)
	}
	if said := messages.firstLine(); said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return nil, "", fmt.Errorf("%s failed: %w", name, err)
}

// optimizerVersion asks wasm-opt for its version: "wasm-opt 120".
func optimizerVersion(ctx context.Context, program string) string {
	said := &headWriter{left: 4096}
	if err := (tool.Command{Path: program, Args: []string{"--version"}, Stdout: said}).Run(ctx); err != nil {
		return wasmOpt
	}
	for _, word := range strings.Fields(said.firstLine()) {
		if word[0] >= '0' && word[0] <= '9' {
			return wasmOpt + " " + word
		}
	}
	return wasmOpt
}

// strip takes out what a release does not want: names of functions unless they
// are asked for, and debug information. Compilers leave most of it out by
// themselves.
func strip(j *job, m *wasm.Module) (*wasm.Module, error) {
	if j.debug {
		return m, nil
	}
	return m.WithoutCustomSectionsFunc(func(name string) bool {
		return strings.HasPrefix(name, ".debug_") || name == "name" && !j.options.Names
	})
}

// headWriter keeps the first bytes of what is written.
type headWriter struct {
	text strings.Builder
	left int
}

func (w *headWriter) Write(b []byte) (int, error) {
	n := min(w.left, len(b))
	w.text.Write(b[:n])
	w.left -= n
	return len(b), nil
}

func (w *headWriter) firstLine() string {
	line, _, _ := strings.Cut(strings.TrimSpace(w.text.String()), "\n")
	return strings.TrimSpace(line)
}
