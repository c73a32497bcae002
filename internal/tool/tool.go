// Package tool finds and runs the external programs that wasmctl drives:
// compilers, Envoy. It knows how to start, stop and report on a program, and
// nothing about any one of them.
package tool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// ErrMissing says that a program is not installed or not on PATH.
var ErrMissing = errors.New("program not found")

// Find returns the absolute path of the named program on PATH, or the given
// path itself when name contains a separator. The error is ErrMissing.
func Find(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w: %s", ErrMissing, name)
	}
	return path, nil
}

// Command is one call of a program.
type Command struct {
	// Path is the program, as Find returned it.
	Path string
	Args []string
	// Dir is the working directory. Empty means the caller's.
	Dir string
	// Env is added to the caller's environment; later entries win.
	Env []string
	// Stdin is what the program reads, in Run. Nil is nothing.
	Stdin io.Reader
	// Stdout and Stderr receive the output as it comes. Nil discards it.
	Stdout, Stderr io.Writer
}

// killDelay is how long a program may take to end after it was asked to.
const killDelay = 5 * time.Second

// Run runs the program to its end. When ctx is cancelled, the program and all
// it started are asked to end, then killed, and the error is that of ctx.
// A program that ends with another code than 0 gives *ExitError.
func (c Command) Run(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Dir = c.Dir
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
	cmd.WaitDelay = killDelay
	ownGroup(cmd)
	cmd.Cancel = func() error { return interruptGroup(cmd) }

	err := cmd.Run()
	if ctx.Err() != nil {
		if cmd.Process != nil {
			_ = killGroup(cmd.Process.Pid) // what of it did not end when it was asked to
		}
		return context.Cause(ctx)
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return &ExitError{Program: c.Path, Code: exit.ExitCode()}
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", c.Path, err)
	}
	return nil
}

// ExitError is a program's own verdict: it ran and ended with a code other than 0.
type ExitError struct {
	Program string
	// Code is the exit code, or -1 when a signal ended the program.
	Code int
}

func (e *ExitError) Error() string {
	if e.Code < 0 {
		return fmt.Sprintf("%s was ended by a signal", e.Program)
	}
	return fmt.Sprintf("%s ended with code %d", e.Program, e.Code)
}
