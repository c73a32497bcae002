package build

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// rustLinkerVariable names the linker for filters to cargo.
const rustLinkerVariable = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER"

// cargoConfig is what the user's settings of cargo say: variables and the
// config.toml files of the project, of the folders above it and of CARGO_HOME.
//
// https://doc.rust-lang.org/cargo/reference/config.html
type cargoConfig struct {
	job *job
	// contents are the files as they are.
	contents []string
	// linker tells that the user has chosen one for filters.
	linker bool
	// buildFlags and targetFlags tell where flags for the compiler are set:
	// build.rustflags, and those of a target, in the presence of which the former
	// do not count.
	buildFlags, targetFlags bool
	// buildText is build.rustflags where the nearest file has it as one string.
	buildText string
}

func readCargoConfig(j *job) cargoConfig {
	c := cargoConfig{job: j, linker: j.getenv(rustLinkerVariable) != ""}
	c.targetFlags = j.getenv("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS") != ""
	c.buildFlags = j.getenv("CARGO_BUILD_RUSTFLAGS") != ""
	for _, folder := range cargoConfigFolders(j) {
		c.readFolder(folder)
	}
	return c
}

// cargoConfigFolders are the folders in which cargo looks for a config.toml.
func cargoConfigFolders(j *job) []string {
	var folders []string
	for dir := j.project.Dir; ; dir = filepath.Dir(dir) {
		folders = append(folders, filepath.Join(dir, ".cargo"))
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if home := cargoHome(j); !slices.Contains(folders, home) {
		folders = append(folders, home)
	}
	return folders
}

func (c *cargoConfig) readFolder(folder string) {
	for _, name := range []string{"config", "config.toml"} {
		file := filepath.Join(folder, name)
		b, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		c.contents = append(c.contents, "config.toml "+string(b))
		var v struct {
			Build  map[string]any            `toml:"build"`
			Target map[string]map[string]any `toml:"target"`
		}
		if readTOML(file, &v) != nil {
			continue // cargo explains it better
		}
		if text, ok := v.Build["rustflags"].(string); ok && !c.buildFlags {
			c.buildText = text
		}
		c.buildFlags = c.buildFlags || v.Build["rustflags"] != nil
		c.linker = c.linker || v.Target[rustTarget]["linker"] != nil
		for name, table := range v.Target {
			applies := name == rustTarget || strings.HasPrefix(name, "cfg(")
			c.targetFlags = c.targetFlags || applies && table["rustflags"] != nil
		}
	}
}

// encodedFlags is the variable in which cargo takes flags that hold blanks, with
// separator between them.
const (
	encodedFlags = "CARGO_ENCODED_RUSTFLAGS"
	separator    = "\x1f"
)

// withFlags returns arguments or variables for cargo that give the compiler the
// flags besides those of the user. cargo takes flags from one source only; so
// ours go where the user's are.
//
// https://doc.rust-lang.org/cargo/reference/config.html#buildrustflags
func (c cargoConfig) withFlags(flags []string) (args, env []string) {
	theirs, key := userRustFlags(c.job), ourTarget+".rustflags"
	if c.buildFlags && !c.targetFlags {
		key = "build.rustflags"
		if len(theirs) == 0 {
			theirs = strings.Fields(c.buildText)
		}
	}
	if len(theirs) > 0 {
		return nil, []string{encodedFlags + "=" + strings.Join(append(theirs, flags...), separator)}
	}
	// A list of strings in JSON is one in TOML too.
	list, _ := json.Marshal(flags) //nolint:errchkjson // strings can always be written
	return []string{"--config", key + "=" + string(list)}, nil
}

// ourTarget is a table of a target that nobody else has. cargo adds up the flags
// of all that fit, but not a string and a list in the same one.
const ourTarget = `target.'cfg(all(target_arch = "wasm32"))'`

// userRustFlags are the flags that the user has set by variable.
func userRustFlags(j *job) []string {
	if encoded := j.getenv(encodedFlags); encoded != "" {
		return strings.Split(encoded, separator)
	}
	return strings.Fields(j.getenv("RUSTFLAGS"))
}

// rustVariables are the variables that decide what is built, sorted. Those that
// only say where cargo fetches and caches are left out.
func rustVariables(j *job) []string {
	values := map[string]string{}
	for _, variable := range append(os.Environ(), j.env...) {
		name, value, _ := strings.Cut(variable, "=")
		values[name] = value
	}
	var lines []string
	for name, value := range values {
		if value != "" && decidesRust(name) {
			lines = append(lines, name+"="+value)
		}
	}
	slices.Sort(lines)
	return lines
}

func decidesRust(name string) bool {
	switch name {
	case "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_BUILD_DIR", "CARGO_BUILD_JOBS":
		return false
	case "RUSTFLAGS", encodedFlags, "RUSTUP_TOOLCHAIN":
		return true
	}
	for _, begin := range []string{"RUSTC", "CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_TARGET_", "CARGO_UNSTABLE_"} {
		if strings.HasPrefix(name, begin) {
			return true
		}
	}
	return false
}

// cargoHome is the folder in which cargo keeps what it fetches; "" when it
// cannot be known.
func cargoHome(j *job) string { return homeFolder(j, "CARGO_HOME", ".cargo") }

func homeFolder(j *job, variable, name string) string {
	if dir := j.getenv(variable); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, name)
}

// rustupState is what decides which of several installed toolchains the programs
// of rustup run, and which these are.
//
// https://rust-lang.github.io/rustup/overrides.html
func rustupState(j *job) []string {
	home := homeFolder(j, "RUSTUP_HOME", ".rustup")
	settings, err := os.ReadFile(filepath.Join(home, "settings.toml"))
	if err != nil {
		return nil
	}
	lines := []string{"rustup " + string(settings)}
	for _, name := range []string{"rust-toolchain", "rust-toolchain.toml"} {
		if file := findUpwards(j.project.Dir, name); file != "" {
			b, _ := os.ReadFile(file) // what cannot be read counts as empty
			lines = append(lines, name+" "+string(b))
		}
	}
	compilers, _ := filepath.Glob(filepath.Join(home, "toolchains", "*", "bin", "rustc*")) // the pattern is good
	for _, file := range compilers {
		lines = append(lines, fileIdentity(file))
	}
	return lines
}
