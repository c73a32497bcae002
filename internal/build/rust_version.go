package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/semver"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/tool"
)

// minRust is the first version that builds the proxy-wasm crate.
const minRust = "1.71"

// getRust says how Rust is installed. rustup is what works on every release of
// every system; docs/rust.md has the packages of those that bring their own.
func getRust() string {
	const script = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- --target " + rustTarget
	return installHint("Rust with rustup", map[system]string{
		systemDebian: script, systemFedora: script, systemLinux: script, systemDarwin: script,
		systemWindows: "winget install Rustlang.Rustup && rustup target add " + rustTarget,
	})
}

// version asks the compiler for its version, and makes sure that it has the
// standard library for filters and a linker.
func (r *rust) version(ctx context.Context) (string, error) {
	var version, places string
	var versionErr, placesErr error
	var both sync.WaitGroup
	both.Go(func() { version, versionErr = r.ask(ctx, "--version") })
	both.Go(func() {
		places, placesErr = r.ask(ctx, "--print", "sysroot", "--print", "target-libdir", "--target", rustTarget)
	})
	both.Wait()
	if err := errors.Join(versionErr, placesErr); err != nil {
		return "", err
	}
	found, err := rustVersionIn(version, r.packages, r.project.Name)
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.ReplaceAll(places, "\r", ""), "\n")
	if len(lines) < 2 {
		return "", hint.Errorf(getRust(), "%w: %s does not say where it is installed", ErrToolMissing, filepath.ToSlash(r.rustc))
	}
	if !hasCore(lines[1]) {
		return "", r.noStandardLibrary(found, lines[0])
	}
	r.linker, err = r.findLinker(lines[0])
	return found, err
}

// ask calls the compiler in the project's folder: there it may be another one
// than elsewhere, by rustup's choice.
func (r *rust) ask(ctx context.Context, args ...string) (string, error) {
	var out, messages strings.Builder
	env := append([]string{}, r.env...)
	if r.options.Offline {
		env = append(env, "RUSTUP_AUTO_INSTALL=0")
	}
	err := tool.Command{Path: r.rustc, Args: args, Dir: r.project.Dir, Env: env, Stdout: &out, Stderr: &messages}.Run(ctx)
	switch {
	case ctx.Err() != nil:
		return "", err
	case err != nil && messages.Len() > 0:
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(messages.String()))
	}
	if err != nil {
		return "", hint.Errorf(getRust(), "%w: %s cannot be used: %w", ErrToolMissing, filepath.ToSlash(r.rustc), err)
	}
	return strings.TrimSpace(out.String()), nil
}

// rustVersionIn takes the version out of "rustc 1.85.1 (4eb161250 2025-03-15)"
// and compares it with what the project needs. It returns "rustc 1.85.1".
func rustVersionIn(output string, p cargoProject, name string) (string, error) {
	fields := strings.Fields(output)
	if len(fields) < 2 || fields[0] != "rustc" || !semver.IsValid("v"+fields[1]) {
		return "", hint.Errorf(getRust(), "%w: 'rustc --version' printed %q", ErrToolMissing, strings.TrimSpace(output))
	}
	if need := p.needs(); newerRust(need, fields[1]) {
		return "", hint.Errorf("'rustup update' where Rust was installed with rustup; else "+getRust(),
			"%w: found rustc %s, %s needs %s", ErrToolTooOld, fields[1], name, need)
	}
	return "rustc " + fields[1], nil
}

// needs returns the oldest Rust that builds the project.
func (p cargoProject) needs() string {
	if newerRust(p.rustVersion, minRust) {
		return p.rustVersion
	}
	return minRust
}

// newerRust tells whether version a is later than b; "" is before all. What
// follows a hyphen does not count, as in cargo: a nightly compiler of 1.85.0 will
// do for 1.85.
func newerRust(a, b string) bool {
	number := func(v string) string {
		v, _, _ = strings.Cut(v, "-")
		return "v" + v
	}
	return a != "" && semver.Compare(number(a), number(b)) > 0
}

// hasCore tells whether the folder holds a standard library.
func hasCore(folder string) bool {
	found, err := filepath.Glob(filepath.Join(escapeGlob(folder), "libcore-*.rlib"))
	return err == nil && len(found) > 0
}

// noStandardLibrary is the error for a compiler that makes programs for this
// machine only.
func (r *rust) noStandardLibrary(found, sysroot string) error {
	next := "rustup target add " + rustTarget
	if !strings.Contains(filepath.ToSlash(sysroot), "/toolchains/") {
		next = installHint("the standard library for WebAssembly", map[system]string{
			systemDebian:  "apt-get install libstd-rust-dev-wasm32 lld",
			systemFedora:  "dnf install rust-std-static-" + rustTarget + " lld",
			systemLinux:   "rustup target add " + rustTarget,
			systemDarwin:  "brew uninstall rust && brew install rustup && rustup default stable && rustup target add " + rustTarget,
			systemWindows: "rustup target add " + rustTarget,
		}) + ", or take Rust from https://rustup.rs"
	} else {
		next = "in the project's folder: '" + next + "'"
	}
	return hint.Errorf(next, "%w: %s has no standard library for %s, which %s needs", ErrToolMissing, found, rustTarget, r.project.Name)
}

// findLinker returns the linker to name to cargo, "" for the compiler's own. The
// compiler looks for rust-lld, which distributions leave out; the linker of LLVM
// is the same program.
func (r *rust) findLinker(sysroot string) (string, error) {
	if r.config.linker {
		return "", nil
	}
	for _, pattern := range []string{"rust-lld", "rust-lld.exe"} {
		if own, _ := filepath.Glob(filepath.Join(escapeGlob(sysroot), "lib", "rustlib", "*", "bin", pattern)); len(own) > 0 {
			return "", nil
		}
	}
	if _, err := findOnPath(r.job, "rust-lld"); err == nil {
		return "", nil
	}
	if linker := pathLinker(r.job); linker != "" {
		return linker, nil
	}
	return "", hint.Errorf(installHint("LLVM's linker", map[system]string{
		systemDebian: "apt-get install lld", systemFedora: "dnf install lld", systemDarwin: "brew install lld",
	}), "%w: neither rust-lld nor wasm-ld is there to link %s", ErrToolMissing, r.project.Name)
}

// pathLinker returns LLVM's linker for WebAssembly on PATH: wasm-ld, else the
// latest of wasm-ld-19 and the like; "" when there is none.
func pathLinker(j *job) string {
	const name = "wasm-ld"
	if path, err := findOnPath(j, name); err == nil {
		return path
	}
	best, bestVersion := "", 0
	for _, dir := range filepath.SplitList(j.getenv("PATH")) {
		candidates, _ := filepath.Glob(filepath.Join(escapeGlob(dir), name+"-*"))
		for _, file := range candidates {
			v, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(file), name+"-"))
			if info, statErr := os.Stat(file); err == nil && statErr == nil && info.Mode().IsRegular() && v > bestVersion {
				best, bestVersion = file, v
			}
		}
	}
	return best
}
