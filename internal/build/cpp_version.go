package build

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// minClang is the first version that the template was tried with.
const minClang = 17

// suggestedClang is the version that hints name where none is there.
const suggestedClang = 19

// getCpp says how all that is needed is installed.
func getCpp() string { return cppInstallHint("clang for WebAssembly", cppPackages(suggestedClang)) }

// cppPackages are the packages of Debian and Ubuntu for a version of clang.
func cppPackages(version int) []string {
	return []string{
		fmt.Sprint("clang-", version), fmt.Sprint("lld-", version), "wasi-libc",
		fmt.Sprintf("libc++-%d-dev-wasm32", version), fmt.Sprintf("libclang-rt-%d-dev-wasm32", version), "make",
	}
}

// cppInstallHint says how packages are installed. Where a system has no packages
// of the libraries for WebAssembly, there is the WASI SDK, which holds everything
// but make.
func cppInstallHint(what string, packages []string) string {
	const sdk = "unpack a release of https://github.com/WebAssembly/wasi-sdk, and set WASI_SDK_PATH to its folder"
	return installHint(what, map[system]string{
		systemDebian:  "sudo apt-get install " + strings.Join(packages, " "),
		systemFedora:  "sudo dnf install make; " + sdk,
		systemLinux:   "install make; " + sdk,
		systemDarwin:  "xcode-select --install; " + sdk,
		systemWindows: "wsl --install -d Debian, and build in it; or use --toolchain container",
	})
}

// version chooses the first compiler that can compile for WASI. When none can,
// the error is about the one that comes nearest.
func (c *cpp) version(ctx context.Context) (string, error) {
	var first error
	for _, compiler := range c.compilers {
		version, err := c.try(ctx, compiler)
		switch {
		case err == nil:
			c.chosen = compiler
			return version, nil
		case ctx.Err() != nil:
			return "", err
		case first == nil || errors.Is(first, ErrToolTooOld) && !errors.Is(err, ErrToolTooOld):
			first = err
		}
	}
	return "", first
}

// try returns "clang 19.1.7" for a compiler that can build filters.
func (c *cpp) try(ctx context.Context, compiler cppCompiler) (string, error) {
	parts, err := compiler.ask(ctx, c.job)
	switch {
	case ctx.Err() != nil:
		return "", err
	case err != nil:
		return "", hint.Errorf(getCpp(), "%w: %w", ErrToolMissing, err)
	case parts.apple:
		return "", hint.Errorf(getCpp(), "%w: %s is that of Xcode, which cannot compile WebAssembly", ErrToolMissing, compiler.name)
	}
	if err := checkClangVersion(parts.version, compiler.name, c.project.Name); err != nil {
		return "", err
	}
	if len(parts.missing) > 0 {
		return "", missingParts(compiler, parts)
	}
	return "clang " + parts.version, nil
}

// checkClangVersion refuses versions that are too old, and those that cannot be
// read as one.
func checkClangVersion(version, compiler, project string) error {
	if number := clangNumber(version); number < minClang {
		return hint.Errorf(getCpp(), "%w: found %s %s, %s needs clang %d", ErrToolTooOld, compiler, version, project, minClang)
	}
	return nil
}

// clangNumber is the first number of a version, 0 when there is none.
func clangNumber(version string) int {
	text, _, _ := strings.Cut(version, ".")
	number, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return number
}

// missingParts says what to install besides the compiler.
func missingParts(compiler cppCompiler, parts cppParts) error {
	version := clangNumber(parts.version)
	packages := map[string]string{
		partLinker: fmt.Sprint("lld-", version), partLibc: "wasi-libc",
		partLibcxx: fmt.Sprintf("libc++-%d-dev-wasm32", version), partRuntime: fmt.Sprintf("libclang-rt-%d-dev-wasm32", version),
	}
	var names []string
	for _, part := range parts.missing {
		names = append(names, packages[part])
	}
	return hint.Errorf(cppInstallHint("what is missing", names), "%w: %s %s cannot build filters without %s",
		ErrToolMissing, compiler.name, parts.version, strings.Join(parts.missing, ", "))
}
