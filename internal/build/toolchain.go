package build

import (
	"context"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
)

// ToolchainChoice says where the compiler of a build comes from.
type ToolchainChoice string

// The choices for Options.Toolchain.
const (
	// ToolchainAuto takes the tools of this machine, and a builder container
	// where they are missing or too old.
	ToolchainAuto ToolchainChoice = "auto"
	// ToolchainHost takes the tools of this machine.
	ToolchainHost ToolchainChoice = "host"
	// ToolchainContainer takes a builder container.
	ToolchainContainer ToolchainChoice = "container"
)

// Optimize says whether wasm-opt runs over a module that has been compiled.
type Optimize string

// The choices for Options.Optimize.
const (
	// OptimizeAuto runs wasm-opt for languages where it gains, if it is there.
	OptimizeAuto Optimize = "auto"
	// OptimizeOn always runs it; that it is missing is an error.
	OptimizeOn Optimize = "on"
	// OptimizeOff never runs it.
	OptimizeOff Optimize = "off"
)

// toolchain builds the projects of one language in one place: with the tools of
// this machine or in a builder container. A value serves one build.
type toolchain interface {
	// settings returns everything that decides the result and is no file of the
	// project: which toolchain is installed, its flags, its environment. It
	// starts no program where reading a file will do: it is part of the build
	// that finds nothing to do, which takes 30 ms at most. The error is
	// ErrToolMissing.
	settings(ctx context.Context) (string, error)
	// roots returns the folders and files whose content decides the result, the
	// project's own folder first.
	roots() []string
	// version makes sure that the toolchain can build the project and returns
	// its name and version: "go1.26.8", "rustc 1.85.1", "clang 19.1.7", "asc
	// 0.28.20". The error is ErrToolMissing or ErrToolTooOld.
	version(ctx context.Context) (string, error)
	// compile writes the module to the file out. The folder temp is for
	// intermediate files; it is removed afterwards, also when the compiler was
	// killed. Dependencies that are missing are fetched first. An error means
	// that the compiler refused the project.
	compile(ctx context.Context, out, temp string) error
}

// elsewhere is what a toolchain has besides when it does not run on this
// machine. The answers go into the record in the module.
type elsewhere interface {
	// image is the builder image: its name and tag.
	image() string
	// optimizer names the program that optimised the module in the same run,
	// "wasm-opt 120"; "" when none did. It is asked after compile.
	optimizer() string
}

// hostToolchain returns the toolchain of this machine for the project's
// language. The error is ErrToolMissing or ErrLanguage; it costs no time to
// speak of, since auto asks it for every build.
func hostToolchain(j *job) (toolchain, error) {
	if !j.project.Build.Command.IsZero() {
		return newCommand(j)
	}
	switch j.project.Language {
	case project.Go:
		return newGolang(j)
	case project.Rust:
		return newRust(j)
	case project.Cpp:
		return newCpp(j)
	case project.AssemblyScript:
		return newAssemblyScript(j)
	}
	return nil, unknownLanguage(j)
}

// recipeOf returns how the project's language is built in a builder container.
// The error is ErrLanguage.
func recipeOf(j *job) (recipe, error) {
	if !j.project.Build.Command.IsZero() {
		return commandRecipe(j)
	}
	switch j.project.Language {
	case project.Go:
		return golangRecipe(j), nil
	case project.Rust:
		return rustRecipe(j), nil
	case project.Cpp:
		return cppRecipe(j), nil
	case project.AssemblyScript:
		return assemblyScriptRecipe(j), nil
	}
	return recipe{}, unknownLanguage(j)
}

func unknownLanguage(j *job) error {
	return hint.Errorf("build it with its own tools and name the .wasm file, or set build.command in "+project.FileName,
		"%w: projects in %q are not supported by this version", ErrLanguage, j.project.Language)
}
