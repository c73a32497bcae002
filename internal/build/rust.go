package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/tool"
)

// rustTarget is what filters are compiled for. The module imports nothing but
// the functions of proxy-wasm; wasm32-wasip1 would add WASI to them, and code
// around each call.
const rustTarget = "wasm32-unknown-unknown"

// rust builds projects with cargo. What it keeps for the next build goes into
// build/.cargo, so that cargo's own target folder is left alone.
type rust struct {
	*job
	cargo, rustc string // the programs
	packages     cargoProject
	config       cargoConfig
	// linker is the linker to name to cargo, "" when the compiler finds its own.
	// It is known once version has been called.
	linker string
}

func newRust(j *job) (*rust, error) {
	r := &rust{job: j, rustc: j.getenv("RUSTC")}
	for name, program := range map[string]*string{"cargo": &r.cargo, "rustc": &r.rustc} {
		if *program != "" {
			name = *program
		}
		path, err := findOnPath(j, name)
		if err != nil {
			return nil, hint.Errorf(getRust(), "%w: Rust is needed to build %s: %w", ErrToolMissing, j.project.Name, err)
		}
		*program = path
	}
	r.packages = readCargoProject(j.project.Dir)
	r.config = readCargoConfig(j)
	return r, nil
}

func (r *rust) roots() []string { return r.packages.roots() }

// settings names the compiler by its file: to ask it would start it.
func (r *rust) settings(context.Context) (string, error) {
	lines := []string{fileIdentity(r.cargo), fileIdentity(r.rustc), "linker " + fileIdentity(pathLinker(r.job))}
	lines = append(lines, rustArguments(r.job, r.packages)...)
	lines = append(lines, rustVariables(r.job)...)
	lines = append(lines, r.config.contents...)
	return strings.Join(append(lines, rustupState(r.job)...), "\n"), nil
}

// rustArguments is the command line of cargo as far as it is the same for each
// place. Messages about artifacts go to stdout as JSON, those for people to
// stderr as ever.
func rustArguments(j *job, p cargoProject) []string {
	args := []string{"build", "--quiet", "--message-format=json-render-diagnostics", "--target", rustTarget}
	// A build for debugging is cargo's own: nothing is optimised away, integers
	// are checked for overflow, assertions hold.
	if !j.debug {
		args = append(args, "--release")
	}
	if p.locked() {
		args = append(args, "--locked")
	}
	if j.options.Offline {
		args = append(args, "--offline")
	}
	return args
}

// stripVariable says what the linker leaves out, before what a manifest says.
const stripVariable = "CARGO_PROFILE_RELEASE_STRIP="

// rustNames are the variables that keep the names of functions where they are
// wanted, against the template's own profile. DWARF is left out with the rest.
func rustNames(j *job) []string {
	if j.debug || !j.options.Names {
		return nil
	}
	return []string{stripVariable + "debuginfo"}
}

func (r *rust) compile(ctx context.Context, out, temp string) error {
	if !r.packages.locked() {
		r.notice("%s has no Cargo.lock: cargo takes the newest versions and writes one; commit it to build the same everywhere.", r.project.Name)
	}
	target := filepath.Join(r.dir, ".cargo")
	if err := r.packages.forgetChanged(ctx, r.job, target); err != nil {
		return err
	}
	env := append(rustNames(r.job), "CARGO_TARGET_DIR="+target, "TMPDIR="+temp)
	if r.linker != "" {
		env = append(env, rustLinkerVariable+"="+r.linker)
	}
	if r.options.Offline {
		env = append(env, "RUSTUP_AUTO_INSTALL=0")
	}
	args := rustArguments(r.job, r.packages)
	if !r.debug {
		flags, variables := r.config.withFlags(remapFlags(r.remaps(target)))
		args, env = append(args, flags...), append(env, variables...)
	}
	var built cargoArtifacts
	messages := &tailWriter{to: r.stderr}
	err := tool.Command{
		Path: r.cargo, Args: args, Dir: r.project.Dir, Env: append(append([]string{}, r.env...), env...),
		Stdout: &built, Stderr: messages,
	}.Run(ctx)
	if err != nil {
		return explainCargo(r.job, err, messages.String())
	}
	module, err := built.choose(r.packages)
	if err != nil {
		return err
	}
	return copyFile(module, out)
}

// remap is a folder and what it is called in the module instead.
type remap struct{ from, to string }

// remaps are the folders whose names would be in the messages of panics. Without
// them a project gives another module in another folder. Of several that fit,
// the compiler takes the last.
func (r *rust) remaps(target string) []remap {
	var all []remap
	add := func(from, to string) {
		all = append(all, remap{from, to})
		if real, err := filepath.EvalSymlinks(from); err == nil && real != from {
			all = append(all, remap{real, to})
		}
	}
	add(cargoHome(r.job), "/cargo")
	for i, root := range r.packages.folders() {
		add(root, fmt.Sprint("/root", i))
	}
	add(target, "/target")
	return all
}

func remapFlags(remaps []remap) []string {
	var flags []string
	for _, m := range remaps {
		if m.from != "" {
			flags = append(flags, "--remap-path-prefix="+m.from+"="+m.to)
		}
	}
	return flags
}

// copyFile copies a file that may be on another file system.
func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("cargo says that it wrote a module: %w", err)
	}
	return os.WriteFile(to, b, 0o600)
}

// explainCargo adds the next step to the failures that are no fault of the code.
func explainCargo(j *job, err error, messages string) error {
	exit := (*tool.ExitError)(nil)
	if !errors.As(err, &exit) {
		return err
	}
	says := func(parts ...string) bool { return containsAny(messages, parts...) }
	switch {
	case says("because --locked was passed", "but --locked was passed"):
		return hint.Errorf("let cargo bring Cargo.lock up to date: 'cargo update --workspace'", "Cargo.lock does not fit Cargo.toml: %w", err)
	case j.options.Offline && says("--offline", "offline mode"):
		return hint.Errorf("build once without --offline, or 'cargo fetch' where the network is",
			"%w: %s: they are not on this machine, and --offline keeps cargo from the network: %w", ErrFetch, j.project.Name, err)
	case says("failed to download", "failed to fetch", "download of config.json failed", "Unable to update registry"):
		return hint.Errorf("look at the network, and at the proxy and certificates that cargo is set up with", "%w: %s: %w", ErrFetch, j.project.Name, err)
	case says("no targets specified in the manifest", "could not find `Cargo.toml`"):
		return hint.Errorf("'cargo init --lib' makes them; 'wasmctl init --language rust' makes a filter", "there is no Rust package: %w", err)
	}
	return err
}
