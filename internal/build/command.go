package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/tool"
)

// command builds projects with the command of their wasmctl.yaml, for languages
// that wasmctl does not know and for layouts that it would not guess.
type command struct {
	*job
	// program is what the command starts as far as can be told, and where it is:
	// "" when only the shell can tell.
	program, file string
}

// The variables that a command is given.
const (
	// variableOut is the file that receives the module.
	variableOut = "WASMCTL_OUT"
	// variableName is the name of the project.
	variableName = "WASMCTL_NAME"
	// variableDebug is 1 in a build for debugging, and not set in others.
	variableDebug = "WASMCTL_DEBUG"
	// variableBuildDir is a folder for what the next build can use again.
	variableBuildDir = "WASMCTL_BUILD_DIR"
)

func newCommand(j *job) (*command, error) {
	c := &command{job: j, program: programOf(j.project.Build.Command)}
	if c.program == "" {
		return c, nil
	}
	file, err := findProgram(c.program, j.project.Dir)
	if err != nil {
		return nil, hint.Errorf("install it and put it on PATH, or correct build.command in "+project.FileName,
			"%w: %s is needed to build %s: %w", ErrToolMissing, c.program, j.project.Name, err)
	}
	c.file = file
	return c, nil
}

// programOf is the program that a command starts; "" when its first word is the
// shell's own, or means more to it than a name.
func programOf(c project.Command) string {
	if len(c.Args) > 0 {
		return c.Args[0]
	}
	words := strings.Fields(c.Shell)
	if len(words) == 0 || slices.Contains(shellWords(), words[0]) || strings.ContainsFunc(words[0], isSpecial) {
		return ""
	}
	return words[0]
}

// shellWords are those of sh and of cmd that no program has.
func shellWords() []string {
	return strings.Fields(". alias case cd command eval exec exit export for if read set source trap type ulimit umask unset until " +
		"wait while call copy del md mkdir move popd pushd rem ren rd start")
}

func isSpecial(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("./_+-", r) && r <= '~'
}

// findProgram finds a program on PATH, or by a path from the project's folder.
func findProgram(name, dir string) (string, error) {
	if strings.ContainsRune(name, '/') && !filepath.IsAbs(name) {
		name = filepath.Join(dir, filepath.FromSlash(name))
	}
	return tool.Find(name)
}

func (c *command) roots() []string { return []string{c.project.Dir} }

// settings do not hold the environment: which variables the command looks at is
// its own matter.
func (c *command) settings(context.Context) (string, error) {
	b := c.project.Build
	return fmt.Sprintf("command %q %q %q %s", b.Command, b.Fetch, b.Output, fileIdentity(c.file)), nil
}

func (c *command) version(context.Context) (string, error) {
	return commandVersion(c.project.Build.Command), nil
}

// commandVersion names the program. Nothing is known of how to ask it for its
// version.
func commandVersion(c project.Command) string {
	program := programOf(c)
	if program == "" {
		return "build.command"
	}
	return strings.TrimSuffix(path.Base(filepath.ToSlash(program)), ".exe")
}

func (c *command) compile(ctx context.Context, out, temp string) error {
	keep := filepath.Join(c.dir, ".command")
	if err := os.MkdirAll(keep, 0o755); err != nil { //nolint:gosec // as the build folder itself
		return notWritable(err, c.dir)
	}
	env := append(append([]string{}, c.env...), c.variables(out, keep)...)
	if !c.project.Build.Fetch.IsZero() && !c.options.Offline {
		if err := c.run(ctx, c.project.Build.Fetch, env, temp); err != nil {
			return fmt.Errorf("build.fetch: %w", err)
		}
	}
	if c.project.Build.Output == "" {
		return c.run(ctx, c.project.Build.Command, env, temp)
	}
	return c.compileTo(ctx, env, out, temp)
}

// variables are what the command is given, on the host and in a container.
func (j *job) variables(out, keep string) []string {
	env := []string{variableOut + "=" + out, variableName + "=" + j.project.Name, variableBuildDir + "=" + keep}
	if j.debug {
		return append(env, variableDebug+"=1")
	}
	return env
}

// compileTo runs a command that writes the module to a file of its own. The file
// of an earlier build is out of the way meanwhile: what is there afterwards is
// new, whatever its time says. It comes back when the command writes none.
func (c *command) compileTo(ctx context.Context, env []string, out, temp string) error {
	output := filepath.Join(c.project.Dir, filepath.FromSlash(c.project.Build.Output))
	before := filepath.Join(temp, "before")
	moved := os.Rename(output, before) == nil
	err := c.run(ctx, c.project.Build.Command, env, temp)
	if _, missing := os.Lstat(output); missing != nil {
		if moved {
			_ = os.Rename(before, output) // as it was
		}
		return err
	}
	if err != nil {
		return err
	}
	return copyModule(output, out)
}

// copyModule copies a regular file of a size that a module can have; what is none
// is for readModule to explain.
func copyModule(from, to string) error {
	info, err := os.Stat(from)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return hint.Errorf("name the file in build.output of "+project.FileName, "%s is no file", from)
	case info.Size() > maxModule:
		return os.Symlink(from, to)
	}
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}

// run runs a command in the project's folder, with all that it prints among the
// messages.
func (c *command) run(ctx context.Context, what project.Command, env []string, temp string) error {
	program, args, err := commandLine(runtime.GOOS, what, temp)
	if err != nil {
		return err
	}
	file, err := findProgram(program, c.project.Dir)
	if err != nil {
		return hint.Wrap(fmt.Errorf("%w: %w", ErrToolMissing, err), "install it and put it on PATH")
	}
	err = tool.Command{
		Path: file, Args: args, Dir: c.project.Dir, Env: append(env, "PWD="+c.project.Dir), Stdout: c.stderr, Stderr: c.stderr,
	}.Run(ctx)
	if exit := (*tool.ExitError)(nil); errors.As(err, &exit) {
		return fmt.Errorf("%q: %w", commandTitle(what), &tool.ExitError{Program: filepath.Base(exit.Program), Code: exit.Code})
	}
	return err
}

// commandTitle is a command for messages: its first line.
func commandTitle(c project.Command) string {
	if len(c.Args) > 0 {
		return strings.Join(c.Args, " ")
	}
	line, rest, _ := strings.Cut(c.Shell, "\n")
	if rest != "" {
		line += " ..."
	}
	return line
}

// commandLine returns the program and the arguments that run a command. The
// shell is that of the system, as in scripts of npm: sh, which stops at the
// first line that fails, and cmd on Windows, which reads a file since it has
// its own idea of quotes on a command line.
func commandLine(goos string, c project.Command, temp string) (program string, args []string, err error) {
	switch {
	case len(c.Args) > 0:
		return c.Args[0], c.Args[1:], nil
	case goos != "windows":
		return "sh", []string{"-e", "-c", c.Shell}, nil
	}
	batch := filepath.Join(temp, "command.cmd")
	text := "@echo off\r\n" + strings.ReplaceAll(c.Shell, "\n", "\r\nif errorlevel 1 exit /b\r\n") + "\r\n"
	return "cmd", []string{"/d", "/c", batch}, os.WriteFile(batch, []byte(text), 0o600)
}
