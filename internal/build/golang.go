package build

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/tool"
)

// golang builds projects with the standard Go toolchain: a reactor for WASI
// preview 1, which exports what the SDK marks with go:wasmexport.
type golang struct {
	*job
	program string // the go command
	env     goEnv
	modules goModules
}

const getGo = "install Go 1.24 or later (https://go.dev/dl/) and put its bin folder on PATH"

func newGolang(j *job) (*golang, error) {
	program, err := tool.Find("go")
	if err != nil {
		return nil, hint.Errorf(getGo, "%w: Go is needed to build %s: %w", ErrToolMissing, j.project.Name, err)
	}
	env := readGoEnv(j, program)
	return &golang{job: j, program: program, env: env, modules: findModules(j.project.Dir, env.get("GOWORK"))}, nil
}

func (g *golang) roots() []string { return append(g.modules.roots(), g.env.files()...) }

// settings takes the installed version from the VERSION file of the Go root. It
// asks the go command only where there is none: a wrapper script on PATH, or a
// Go built from a working copy.
func (g *golang) settings(ctx context.Context) (string, error) {
	if g.env.installed == "" {
		version, err := g.ask(ctx)
		if err != nil {
			return "", err
		}
		g.env.installed = version
	}
	lines := append([]string{g.env.installed}, g.arguments("")...)
	for _, name := range goVariables() {
		lines = append(lines, name+"="+g.env.get(name))
	}
	return strings.Join(lines, "\n"), nil
}

// arguments is the command line that writes the module to out. The user's own
// GOFLAGS stay in force; only what the result depends on is said again here, and
// -ldflags of the user are kept in front of ours, as the last one wins.
func (g *golang) arguments(out string) []string {
	args := []string{"build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-o", out}
	if strip := g.stripFlags(); strip != "" {
		args = append(args, "-ldflags="+strings.TrimSpace(g.env.linkerFlags()+" "+strip))
	}
	return append(args, ".")
}

// stripFlags keeps names, debug information or neither. The linker of Go writes
// names into the module unless -s is there, and debug information unless -w is.
func (g *golang) stripFlags() string {
	switch {
	case g.debug:
		return ""
	case g.options.Names:
		return "-w"
	}
	return "-s -w"
}

func (g *golang) compile(ctx context.Context, out, temp string) error {
	return tool.Command{
		Path: g.program, Args: g.arguments(out), Dir: g.project.Dir, Stderr: g.stderr, Stdout: g.stderr,
		Env: append(g.environment(), "GOOS=wasip1", "GOARCH=wasm", "GOTMPDIR="+temp),
	}.Run(ctx)
}

// environment is what every call of the go command gets. With PWD the go command
// names files as the project's folder is named, also behind a symbolic link.
func (g *golang) environment() []string {
	env := append(append([]string{}, g.job.env...), "PWD="+g.project.Dir)
	if g.options.Offline {
		env = append(env, "GOPROXY=off")
	}
	return env
}

// ask asks the go command for its version, in the project's folder: there it may
// be a later one than the installed, by go.mod and GOTOOLCHAIN.
func (g *golang) ask(ctx context.Context) (string, error) {
	var out, messages strings.Builder
	err := tool.Command{
		Path: g.program, Args: []string{"env", "GOVERSION"}, Dir: g.project.Dir, Env: g.environment(),
		Stdout: &out, Stderr: &messages,
	}.Run(ctx)
	version := strings.TrimSpace(out.String())
	switch {
	case ctx.Err() != nil:
		return "", err
	case err != nil && messages.Len() > 0:
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(messages.String()))
	case err == nil && !strings.HasPrefix(version, "go") && !strings.HasPrefix(version, "devel"):
		err = errors.New("it does not tell its version")
	}
	if err != nil {
		return "", hint.Errorf(getGo, "%w: %s cannot be used: %w", ErrToolMissing, filepath.ToSlash(g.program), err)
	}
	return version, nil
}
