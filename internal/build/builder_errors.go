package build

import (
	"errors"
	"fmt"
	"path"

	"github.com/wasmctl/wasmctl/internal/container"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/tool"
)

// ContainerError says that a builder container, its image or the container
// engine failed, and not the compiler with the project.
type ContainerError struct{ Err error }

func (e *ContainerError) Error() string { return e.Err.Error() }
func (e *ContainerError) Unwrap() error { return e.Err }

// ErrFetch says that the dependencies of a project could not be fetched.
var ErrFetch = errors.New("the dependencies cannot be fetched")

// fetchError explains why dependencies could not be fetched.
func (b *builder) fetchError(err error) error {
	var exit *container.ExitError
	if !errors.As(err, &exit) || exit.OutOfMemory || exit.DiskFull || exit.Stopped {
		return b.stepError(b.recipe.name, err)
	}
	next := "check the network; behind a proxy set https_proxy, and name its certificates with --ca-file"
	if b.options.Offline {
		next = "build once without --offline, which fetches them and keeps them"
	}
	return &ContainerError{hint.Errorf(next, "%w: %s: %w", ErrFetch, b.project.Name, err)}
}

// stepError tells a compiler that refuses the project from everything else.
func (b *builder) stepError(program string, err error) error {
	var exit *container.ExitError
	if !errors.As(err, &exit) {
		return &ContainerError{err}
	}
	switch {
	case exit.OutOfMemory:
		return &ContainerError{hint.Errorf("raise it with --memory", "%s was killed by the memory limit of %s",
			path.Base(program), gibibytes(b.memory()))}
	case exit.DiskFull:
		return &ContainerError{hint.Errorf(
			"make room on the disk of the project and on that of the container engine ('wasmctl prune --builders', 'docker system prune'); "+
				"temporary files of the build are in memory, half of --memory",
			"the disk is full: %s ended with code %d", path.Base(program), exit.Code)}
	case exit.Stopped:
		return &ContainerError{hint.Errorf("build again", "the builder container was stopped from outside while %s ran", path.Base(program))}
	}
	return &tool.ExitError{Program: path.Base(program), Code: exit.Code}
}

// gibibytes formats a limit as people give it.
func gibibytes(n int64) string {
	if n%(1<<30) == 0 {
		return fmt.Sprintf("%d GiB", n>>30)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
