package build

import (
	"fmt"
	"go/version"
	"path"
	"path/filepath"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// golangRecipe builds in a container as golang does on this machine, with the
// Go of the image.
func golangRecipe(j *job) recipe {
	env := goEnv{job: j, user: readVariables(userEnvFile(j))}
	g := &golang{job: j, env: env, modules: findModules(j.project.Dir, env.get("GOWORK"))}
	flags := g.containerFlags()
	r := recipe{
		name: "go", probe: []string{"go", "version"}, roots: g.modules.roots(), caches: []string{"build", "mod"},
		settings: strings.Join(append(g.arguments(""), flags), "\n"), locks: golangLocks(j.project.Dir, g.modules),
		parseVersion: func(output string) (string, error) { return golangVersionIn(output, g) },
	}
	variables := func(p paths) []string {
		return []string{
			"GOCACHE=" + path.Join(p.cache, "build"), "GOMODCACHE=" + path.Join(p.cache, "mod"), "GOTMPDIR=" + p.temp,
			"GOENV=off", "GOFLAGS=" + flags, "GOTOOLCHAIN=local", "GOTELEMETRY=off",
		}
	}
	r.fetch = func(p paths) step {
		return step{args: []string{"go", "mod", "download"}, env: variables(p)}
	}
	r.compile = func(p paths) step {
		return step{
			args: append([]string{"go"}, g.arguments(p.out)...),
			env:  append(variables(p), "GOOS=wasip1", "GOARCH=wasm", "GOPROXY=off"),
		}
	}
	return r
}

// containerFlags are the caller's GOFLAGS for a container. Those that name files
// of this machine are left out: the files are not there.
func (g *golang) containerFlags() string {
	var kept []string
	for _, flag := range splitFlags(g.env.get("GOFLAGS")) {
		_, value, _ := strings.Cut(flag, "=")
		if filepath.IsAbs(value) {
			continue
		}
		if strings.ContainsAny(flag, " \t") {
			flag = `"` + flag + `"`
		}
		kept = append(kept, flag)
	}
	return strings.Join(kept, " ")
}

// golangLocks are the files that decide which modules are fetched.
func golangLocks(dir string, modules goModules) []string {
	var files []string
	for _, folder := range modules.folders {
		files = append(files, filepath.Join(folder, "go.mod"), filepath.Join(folder, "go.sum"))
	}
	var locks []string
	for _, file := range append(files, modules.files...) {
		if rel, err := filepath.Rel(dir, file); err == nil {
			locks = append(locks, filepath.ToSlash(rel))
		}
	}
	return locks
}

// golangVersionIn takes the version out of "go version go1.24.4 linux/amd64".
// The Go of the container is the one that builds; it fetches no other.
func golangVersionIn(output string, g *golang) (string, error) {
	fields := strings.Fields(output)
	if len(fields) < 3 || fields[0] != "go" {
		return "", fmt.Errorf("%w: 'go version' printed %q", ErrToolMissing, strings.TrimSpace(output))
	}
	found, need := fields[2], minGo
	if version.Compare(g.modules.goVersion, need) > 0 {
		need = g.modules.goVersion
	}
	if version.IsValid(found) && version.Compare(found, need) < 0 {
		return "", hint.Errorf("lower the go line in go.mod, name an image with a later Go with --builder-image, or build with --toolchain host",
			"%w: it has %s, %s needs %s", ErrToolTooOld, found, g.project.Name, need)
	}
	return found, nil
}
