// Package build turns a project into a module: it runs the toolchain of the
// project's language, checks what comes out and keeps it in the project's build
// folder. A build whose result would be the same is recognised by content and
// starts no program.
package build

import (
	"context"
	"io"
	"time"

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
	// Output is the further file that was written, if one was asked for.
	Output string `json:"output,omitempty"`
	// UpToDate is set when an earlier build was still good.
	UpToDate bool `json:"upToDate"`
	Debug    bool `json:"debug,omitempty"`
	// Toolchain names the toolchain and its version: "go1.26.8".
	Toolchain string        `json:"toolchain"`
	Duration  time.Duration `json:"durationNs"`
}

// Build builds the project unless the module of an earlier build is still good.
// The errors are *CompileError, ErrToolMissing, ErrToolTooOld, ErrLanguage,
// *wasm.CheckError for a module that no host would load, and those of writing
// files. After an error the result of an earlier build is still there.
func Build(ctx context.Context, o Options) (*Result, error) { panic("todo") }
