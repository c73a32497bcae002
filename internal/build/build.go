// Package build turns a project into a module: it runs the toolchain of the
// project's language, checks what comes out and keeps it in the project's build
// folder. A build whose result would be the same is recognised by content and
// starts no program.
package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/progress"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// Options says what to build and where messages go.
type Options struct {
	Project *project.Project
	// Output is a further file that receives the module; "" writes none. The
	// module is always in the project's build folder.
	Output string
	// Debug keeps symbols and names in the module. Its result is kept apart from
	// that of a normal build.
	Debug bool
	// Names keeps the names of functions in a build that is not for debugging.
	Names bool
	// Optimize says whether wasm-opt runs over the module; "" is what wasmctl.yaml
	// says, else OptimizeAuto.
	Optimize Optimize
	// Toolchain says where the compiler comes from; "" is ToolchainAuto.
	Toolchain ToolchainChoice
	// Offline keeps the build from the network, also while it fetches dependencies.
	Offline bool
	// Container is used when the build runs in a builder container.
	Container ContainerOptions
	// Notice receives sentences for the user, such as why a container is used.
	// Nil discards them.
	Notice func(string)
	// Stderr receives the messages of the compiler as they are. Nil discards them.
	Stderr io.Writer
	// Env is added to the environment of the toolchain; later entries win.
	Env      []string
	Progress progress.Func
}

// Result is a finished build.
type Result struct {
	// Path is the module in the project's build folder.
	Path   string       `json:"path"`
	Module *wasm.Module `json:"-"`
	// Size is the size of the module in bytes, SHA256 its digest in hexadecimal.
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	// Output is the further file that was asked for.
	Output string `json:"output,omitempty"`
	// UpToDate is set when the module of an earlier build was still good.
	UpToDate bool `json:"upToDate"`
	Debug    bool `json:"debug,omitempty"`
	// Toolchain names the toolchain and its version: "go1.26.8".
	Toolchain string `json:"toolchain"`
	// Record is the record in the module.
	Record   *Record       `json:"record,omitempty"`
	Duration time.Duration `json:"durationNs"`
}

// Build builds the project unless the module of an earlier build is still good.
// Several builds of one project may run at once, in one process or in several:
// one of them works, the others wait and take its result.
//
// The errors are *CompileError, *ContainerError, ErrToolMissing, ErrToolTooOld, ErrLanguage,
// *wasm.CheckError for a module that no host would load, that of ctx, and those
// of writing files. After an error the module of an earlier build is unchanged.
func Build(ctx context.Context, o Options) (*Result, error) {
	begin := time.Now()
	j := newJob(o)
	if err := checkOutput(o.Output); err != nil {
		return nil, err
	}
	tools, err := chooseToolchain(ctx, j)
	if err != nil {
		return nil, err
	}
	inputs, err := fingerprint(ctx, j, tools)
	if err != nil {
		return nil, err
	}
	r, ok := j.upToDate(inputs)
	if !ok {
		if r, err = buildLocked(ctx, j, tools, inputs); err != nil {
			return nil, err
		}
	}
	if err := writeOutput(o.Output, r); err != nil {
		return nil, err
	}
	r.Duration = time.Since(begin)
	return r, nil
}

// buildLocked builds when no other build of the project is at work. The one it
// waited for may have done what this one wants.
func buildLocked(ctx context.Context, j *job, tools toolchain, inputs string) (_ *Result, err error) {
	unlock, err := j.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if r, ok := j.upToDate(inputs); ok {
		return r, nil
	}
	end := j.progress.Start("build "+j.project.Name, 0)
	defer func() { end(err) }()
	s := stamp{Inputs: inputs}
	if tools, err = versionOrInstead(ctx, j, tools, &s); err != nil {
		return nil, err
	}
	if err := checkOptimizer(j, tools); err != nil {
		return nil, err
	}
	return produce(ctx, j, tools, s)
}

// produce makes the module in a temporary folder and puts it in its place once
// it is known to be good.
func produce(ctx context.Context, j *job, tools toolchain, s stamp) (*Result, error) {
	temp, err := os.MkdirTemp(j.dir, ".build-")
	if err != nil {
		return nil, notWritable(err, j.dir)
	}
	defer removeAll(temp)
	sources, err := sourceDigest(ctx, j)
	if err != nil {
		return nil, err
	}
	m, err := compile(ctx, j, tools, s, temp)
	if err != nil {
		return nil, err
	}
	if m, err = finish(ctx, j, tools, m, temp, newRecord(j, tools, s.Toolchain, sources)); err != nil {
		return nil, err
	}
	if err := wasm.Check(m); err != nil {
		return nil, fmt.Errorf("%s compiles, but %w", j.project.Dir, err)
	}
	j.warn(wasm.Warnings(m))
	if err := j.install(m, temp); err != nil {
		return nil, err
	}
	s.Module = m.SHA256()
	// What changed while the compiler ran may or may not be in the module.
	if after, err := fingerprint(ctx, j, tools); err == nil && after == s.Inputs {
		if err := j.writeStamp(s); err != nil {
			return nil, err
		}
	}
	return j.result(m, s), nil
}

// compile runs the compiler and reads what it wrote.
func compile(ctx context.Context, j *job, tools toolchain, s stamp, temp string) (*wasm.Module, error) {
	out := filepath.Join(temp, filepath.Base(j.module))
	if err := tools.compile(ctx, out, temp); err != nil {
		if engine := (*ContainerError)(nil); ctx.Err() != nil || errors.As(err, &engine) || errors.Is(err, ErrFetch) {
			return nil, err
		}
		refused := &CompileError{Toolchain: s.Toolchain, Dir: j.project.Dir, Err: err}
		if len(hint.Of(err)) > 0 {
			return nil, refused
		}
		return nil, hint.Wrap(refused, "correct what the messages of the compiler name")
	}
	m, err := readModule(out)
	if err != nil {
		return nil, noModule(j, s.Toolchain, err)
	}
	return m, nil
}

// finish makes of what the compiler wrote the module that is kept: without the
// names that are not wanted, optimised, with the record.
func finish(ctx context.Context, j *job, tools toolchain, m *wasm.Module, temp string, r Record) (*wasm.Module, error) {
	m, err := strip(j, m)
	if err != nil {
		return nil, err
	}
	if m, r.Optimizer, err = optimize(ctx, j, tools, m, temp); err != nil {
		return nil, err
	}
	return r.addTo(m)
}

// noModule is the error for a compiler that ended well and left no module.
func noModule(j *job, toolchain string, err error) error {
	err = fmt.Errorf("%s built no module from %s: %w", toolchain, j.project.Dir, err)
	switch b := j.project.Build; {
	case b.Command.IsZero():
		return err
	case b.Output == "":
		return hint.Wrap(err, "let build.command write the module to the file in the variable "+variableOut+
			", or name the file that it writes in build.output")
	default:
		return hint.Wrap(err, "let build.command write the module to "+b.Output+", as build.output says")
	}
}
