package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/progress"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// FolderName is the folder in a project that receives what is built.
const FolderName = "build"

// job is one build: what is built and where it goes.
type job struct {
	project *project.Project
	debug   bool
	// options are those of the build; what other fields hold is in them too.
	options Options
	stderr  io.Writer
	env     []string
	// dir is the build folder, module the file in it that receives the module.
	dir, module string
	progress    progress.Func
}

// newJob fills in what the options leave to wasmctl.yaml.
func newJob(o Options) *job {
	if o.Optimize == "" {
		o.Optimize = Optimize(o.Project.Build.Optimize)
	}
	o.Names = o.Names || o.Project.Build.Names
	if o.Container.Image == "" {
		o.Container.Image = o.Project.Build.Image
	}
	dir := filepath.Join(o.Project.Dir, FolderName)
	name := o.Project.Name + ".wasm"
	if o.Debug {
		name = o.Project.Name + ".debug.wasm"
	}
	return &job{
		project: o.Project, debug: o.Debug, options: o, stderr: o.Stderr, env: o.Env,
		dir: dir, module: filepath.Join(dir, name), progress: o.Progress,
	}
}

// getenv looks a variable up as the toolchain will see it.
func (j *job) getenv(name string) string {
	for i := len(j.env) - 1; i >= 0; i-- {
		if key, value, ok := strings.Cut(j.env[i], "="); ok && key == name {
			return value
		}
	}
	return os.Getenv(name)
}

// notice tells the user something that is no error.
func (j *job) notice(format string, args ...any) {
	if j.options.Notice != nil {
		j.options.Notice(fmt.Sprintf(format, args...))
	}
}

// maxWarnings is how many remarks on a module a build shows.
const maxWarnings = 4

// warn tells what the author of a module should know that Envoy loads.
func (j *job) warn(warnings []wasm.Problem) {
	for i, w := range warnings {
		if i == maxWarnings {
			j.notice("And %d more warnings: 'wasmctl check' shows them.", len(warnings)-i)
			return
		}
		j.notice("Warning: %s (%s).", w.Reason, w.Hint)
	}
}

// lockPoll is how often a build looks whether the one before it has ended.
const lockPoll = 20 * time.Millisecond

// lock makes the build folder and waits until no other build of the project is
// at work. The lock ends with the process that holds it, however it ends.
func (j *job) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(j.dir, 0o755); err != nil {
		return nil, notWritable(err, j.dir)
	}
	l := flock.New(filepath.Join(j.dir, ".lock"))
	if _, err := l.TryLockContext(ctx, lockPoll); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, notWritable(err, j.dir)
	}
	return func() { _ = l.Close() }, nil
}

// install puts the module into its place in the build folder, as a whole. It is
// not synced to the disk: should a power cut damage it, its stamp tells, and it
// is built again.
func (j *job) install(m *wasm.Module, temp string) error {
	file := filepath.Join(temp, "installed.wasm")
	if err := os.WriteFile(file, m.Bytes(), 0o644); err != nil { //nolint:gosec // for all to read, as compilers write
		return fmt.Errorf("write %s: %w", j.module, err)
	}
	if err := os.Chmod(file, 0o644); err != nil { // whatever the umask is
		return fmt.Errorf("write %s: %w", j.module, err)
	}
	if err := os.Rename(file, j.module); err != nil {
		return notWritable(err, j.dir)
	}
	return nil
}

func (j *job) result(m *wasm.Module, s stamp) *Result {
	return &Result{
		Path: j.module, Module: m, Size: int64(len(m.Bytes())), SHA256: s.Module,
		Debug: j.debug, Toolchain: s.Toolchain, Record: recordOf(m),
	}
}

// notWritable adds what to do when the build folder cannot be written to.
func notWritable(err error, dir string) error {
	switch {
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS):
		return hint.Errorf("make the project's folder writable, or build a copy of it in another place",
			"cannot write to %s: %w", dir, err)
	case errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrExist):
		return hint.Errorf("move the file away: the project's modules go into that folder",
			"cannot make the folder %s: %w", dir, err)
	}
	return fmt.Errorf("cannot write to %s: %w", dir, err)
}
