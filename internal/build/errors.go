package build

import (
	"errors"
	"fmt"
	"io/fs"
)

// What can be wrong before a compiler starts.
var (
	// ErrToolMissing says that the toolchain of the language is not installed.
	ErrToolMissing = errors.New("toolchain not found")
	// ErrToolTooOld says that the installed toolchain cannot build filters.
	ErrToolTooOld = errors.New("toolchain too old")
	// ErrLanguage says that projects of this language cannot be built.
	ErrLanguage = errors.New("language cannot be built")
)

// errNoModule says that a compiler ended without error and without a module.
var errNoModule = fmt.Errorf("it wrote no file: %w", fs.ErrNotExist)

// CompileError says that the compiler refused the project. Its messages have
// gone to Options.Stderr.
type CompileError struct {
	// Toolchain names the toolchain and its version: "go1.26.8".
	Toolchain string
	// Dir is the folder of the project.
	Dir string
	Err error
}

func (e *CompileError) Error() string {
	return fmt.Sprintf("%s cannot compile %s: %v", e.Toolchain, e.Dir, e.Err)
}

func (e *CompileError) Unwrap() error { return e.Err }
