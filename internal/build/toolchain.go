package build

import (
	"context"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
)

// toolchain builds the projects of one language. A value serves one build.
type toolchain interface {
	// settings returns everything that decides the result and is no file of the
	// project: which toolchain is installed, its flags, its environment. It
	// starts no program where reading a file will do. The error is ErrToolMissing.
	settings(ctx context.Context) (string, error)
	// roots returns the folders and files whose content decides the result, the
	// project's own folder first.
	roots() []string
	// version makes sure that the toolchain can build the project and returns
	// its name and version. The error is ErrToolTooOld.
	version(ctx context.Context) (string, error)
	// compile writes the module to the file out. The folder temp is for
	// intermediate files; it is removed afterwards, also when the compiler was
	// killed. An error means that the compiler refused the project.
	compile(ctx context.Context, out, temp string) error
}

// toolchainOf returns the toolchain for the project's language.
func toolchainOf(j *job) (toolchain, error) {
	if j.project.Language == project.Go {
		return newGolang(j)
	}
	return nil, hint.Errorf("set 'language: go' in "+project.FileName+", or build it with its own tools and name the .wasm file",
		"%w: projects in %q are not supported by this version", ErrLanguage, j.project.Language)
}
