package build

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// rustContainer builds in a container as rust does on this machine. cargo's own
// settings on this machine are left out, but for variables of the profile and
// the compiler's flags; those in the project count.
type rustContainer struct {
	*job
	packages cargoProject
	config   cargoConfig
}

func rustRecipe(j *job) recipe {
	c := rustContainer{job: j, packages: readCargoProject(j.project.Dir)}
	folders := []string{filepath.Join(c.packages.dir, ".cargo"), filepath.Join(c.packages.workspace, ".cargo")}
	c.config = cargoConfig{job: j}
	for _, folder := range slices.Compact(folders) {
		c.config.readFolder(folder)
	}
	return recipe{
		name: "rust", probe: []string{"rustc", "--version"}, parseVersion: c.version, caches: []string{"cargo", "target"},
		roots: c.roots(), settings: c.settings(), locks: c.locks(),
		fetch: c.fetch, compile: c.compile,
	}
}

// roots are folders whole: cargo wants to see all members of a workspace.
func (c rustContainer) roots() []string {
	all := append([]string{c.packages.dir}, c.packages.dependencies...)
	if c.packages.workspace != c.packages.dir {
		all = append(all, c.packages.workspace)
	}
	return all
}

func (c rustContainer) locks() []string {
	var locks []string
	for _, folder := range c.packages.folders() {
		for _, name := range []string{"Cargo.toml", "Cargo.lock"} {
			if rel, err := filepath.Rel(c.packages.dir, filepath.Join(folder, name)); err == nil {
				locks = append(locks, filepath.ToSlash(rel))
			}
		}
	}
	return locks
}

func (c rustContainer) version(output string) (string, error) {
	fields := strings.Fields(output)
	if len(fields) < 2 || fields[0] != "rustc" || !semver.IsValid("v"+fields[1]) {
		return "", fmt.Errorf("%w: 'rustc --version' printed %q", ErrToolMissing, strings.TrimSpace(output))
	}
	if need := c.packages.needs(); newerRust(need, fields[1]) {
		return "", hint.Errorf("lower rust-version in Cargo.toml, name an image with a later Rust with --builder-image, or build with --toolchain host",
			"%w: it has rustc %s, %s needs %s", ErrToolTooOld, fields[1], c.project.Name, need)
	}
	return "rustc " + fields[1], nil
}

// variables are those of the caller that decide what is built, but for flags.
func (c rustContainer) variables() []string {
	all := rustNames(c.job)
	for _, variable := range rustVariables(c.job) {
		if strings.HasPrefix(variable, "CARGO_PROFILE_") && (len(all) == 0 || !strings.HasPrefix(variable, stripVariable)) {
			all = append(all, variable)
		}
	}
	return all
}

func (c rustContainer) settings() string {
	lines := append(rustArguments(c.job, c.packages), c.variables()...)
	return strings.Join(append(lines, userRustFlags(c.job)...), "\n")
}

func (c rustContainer) env(p paths) []string {
	return append(c.variables(), "CARGO_HOME="+c.home(p), "CARGO_TARGET_DIR="+c.target(p))
}

func (rustContainer) home(p paths) string   { return path.Join(p.cache, "cargo") }
func (rustContainer) target(p paths) string { return path.Join(p.cache, "target", p.key) }

// mirrorScript runs cargo in a folder that it may write to, where the project
// has no lock file: sources are mounted read-only. The folder has links to what
// is in the project, and a lock file that is kept from the fetch step on.
const mirrorScript = `if [ ! -e Cargo.lock ]; then
  mkdir -p "$mirror" && find "$mirror" -mindepth 1 ! -name Cargo.lock -exec rm -rf {} + &&
    find "$PWD" -mindepth 1 -maxdepth 1 ! -name build ! -name target -exec ln -s {} "$mirror" \; &&
    cd "$mirror" || exit
fi
`

// script is a step that is a shell script with cargo's arguments. Its variables
// are set in the environment, so that no name needs quoting.
func (c rustContainer) script(p paths, text string, args []string, env ...string) step {
	if !c.packages.locked() && c.packages.workspace == c.packages.dir {
		text = mirrorScript + text
		env = append(env, "mirror="+path.Join(c.target(p), "mirror"))
	}
	return step{name: "cargo", args: append(shell(text), append([]string{"cargo"}, args...)...), env: append(c.env(p), env...)}
}

func (c rustContainer) fetch(p paths) step {
	args := []string{"fetch", "--quiet", "--target", rustTarget}
	if c.packages.locked() {
		args = append(args, "--locked")
	}
	return c.script(p, `exec cargo "$@"`, args)
}

// compileScript lets cargo forget packages that have changed, as forgetChanged
// does, compiles, finds the module by the name that cargo gives it, and optimises
// it where that is wanted and the image can.
const compileScript = `if [ -d "$CARGO_TARGET_DIR" ]; then
  echo "$sources" | while read -r name digest; do
    grep -qxF "$name $digest" "$CARGO_TARGET_DIR` + sourcesSuffix + `" ||
      find "$CARGO_TARGET_DIR" -maxdepth 4 -path "*/.fingerprint/$name-*" -prune -exec rm -rf {} +
  done 2>/dev/null
fi
echo "$sources" >"$CARGO_TARGET_DIR` + sourcesSuffix + `" || exit
rm -f "$module"
cargo "$@" >/dev/null || exit
if [ ! -e "$module" ]; then
  echo 'error: the package makes no module; put into Cargo.toml: [lib] crate-type = ["cdylib"]' >&2
  exit 1
fi
if [ -n "$optimize" ] && command -v wasm-opt >/dev/null; then
  eval "wasm-opt $optimize"
else
  cp "$module" "$out"
fi
`

func (c rustContainer) compile(p paths) step {
	profile := "release"
	if c.debug {
		profile = "debug"
	}
	module := path.Join(c.target(p), rustTarget, profile, c.packages.library+".wasm")
	args := append(rustArguments(c.job, c.packages), "--offline")
	flags, variables := c.config.withFlags(remapFlags(c.remaps(p)))
	// Files that cannot be read have been found by the fingerprint before this.
	sources, _ := c.packages.sources(context.Background(), c.job)
	env := append(variables, "module="+module, "out="+p.out, "sources="+strings.Join(sources, "\n"))
	if c.optimizes() {
		env = append(env, "optimize="+strings.Join(wasmOptArgs(c.job, `"$module"`, `"$out"`), " "))
	}
	return c.script(p, compileScript, append(args, flags...), env...)
}

// remaps are as in rust. Debug information names the files of this machine.
func (c rustContainer) remaps(p paths) []remap {
	if c.debug {
		return []remap{{rootPath, "/"}}
	}
	all := []remap{{c.home(p), "/cargo"}}
	for i, folder := range c.packages.folders() {
		all = append(all, remap{inside(folder), fmt.Sprint("/root", i)})
	}
	return append(all, remap{c.target(p), "/target"})
}
