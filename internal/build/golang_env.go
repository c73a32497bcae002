package build

import (
	"os"
	"path/filepath"
	"strings"
)

// goVariables are the variables that decide what Go builds. Those that only say
// where it fetches and caches are left out.
func goVariables() []string {
	return []string{
		"GOFLAGS", "GOTOOLCHAIN", "GOWORK", "GOROOT", "GOEXPERIMENT", "GOWASM", "GOFIPS140", "GO111MODULE", "GODEBUG",
	}
}

// goEnv is the configuration of Go as the go command will see it: the
// environment, then the file that 'go env -w' writes, then that of the Go root.
type goEnv struct {
	job *job
	// installed is the version in the VERSION file: "go1.26.8"; "" is unknown.
	installed string
	// user and root are the two files, as variables.
	user, root map[string]string
}

func readGoEnv(j *job, program string) goEnv {
	e := goEnv{job: j, user: readVariables(userEnvFile(j))}
	if real, err := filepath.EvalSymlinks(program); err == nil {
		goRoot := filepath.Dir(filepath.Dir(real))
		e.root = readVariables(filepath.Join(goRoot, "go.env"))
		b, _ := os.ReadFile(filepath.Join(goRoot, "VERSION"))
		line, _, _ := strings.Cut(string(b), "\n")
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "go") {
			e.installed = line
		}
	}
	return e
}

// userEnvFile is the file that 'go env -w' writes; "" when it is turned off.
func userEnvFile(j *job) string {
	switch path := j.getenv("GOENV"); path {
	case "off":
		return ""
	case "":
		dir, err := os.UserConfigDir()
		if err != nil {
			return ""
		}
		return filepath.Join(dir, "go", "env")
	default:
		return path
	}
}

// readVariables reads lines NAME=value. A missing file has none.
func readVariables(path string) map[string]string {
	variables := map[string]string{}
	if path == "" {
		return variables
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return variables
	}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			variables[name] = value
		}
	}
	return variables
}

// get returns the value of a variable; an empty one counts as not set, as in Go.
func (e goEnv) get(name string) string {
	for _, value := range []string{e.job.getenv(name), e.user[name], e.root[name]} {
		if value != "" {
			return value
		}
	}
	return ""
}

// linkerFlags returns the user's own -ldflags in GOFLAGS.
func (e goEnv) linkerFlags() string {
	var all []string
	for _, flag := range splitFlags(e.get("GOFLAGS")) {
		name, value, _ := strings.Cut(strings.TrimPrefix(flag, "-"), "=")
		if strings.TrimPrefix(name, "-") == "ldflags" {
			all = append(all, value)
		}
	}
	return strings.Join(all, " ")
}

// files returns the files that GOFLAGS names, as in -modfile=F and -overlay=F.
func (e goEnv) files() []string {
	var files []string
	for _, flag := range splitFlags(e.get("GOFLAGS")) {
		_, value, _ := strings.Cut(flag, "=")
		if value == "" {
			continue
		}
		if !filepath.IsAbs(value) {
			value = filepath.Join(e.job.project.Dir, value)
		}
		if info, err := os.Stat(value); err == nil && info.Mode().IsRegular() {
			files = append(files, value)
		}
	}
	return files
}

// splitFlags splits GOFLAGS as the go command does: at white space, where a
// whole flag may stand in single or double quotes.
func splitFlags(s string) []string {
	const space = " \t\r\n"
	var flags []string
	for s = strings.Trim(s, space); s != ""; s = strings.Trim(s, space) {
		end := strings.IndexAny(s, space)
		if quote := s[:1]; quote == "'" || quote == `"` {
			s = s[1:]
			end = strings.Index(s, quote)
		}
		if end < 0 {
			return append(flags, s)
		}
		flags, s = append(flags, s[:end]), s[end+1:]
	}
	return flags
}
