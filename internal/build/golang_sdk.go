package build

import (
	"os"
	"path"
	"strings"

	"golang.org/x/mod/modfile"
)

// golangSDK finds the SDK among the requirements of the project's module:
// "proxy-wasm-go-sdk v0.0.0-20260105142703-44c7d5847745". Forks of the SDK have
// the same last part of the path.
func golangSDK(j *job) string {
	file := findUpwards(j.project.Dir, "go.mod")
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	f, err := modfile.ParseLax(file, b, nil)
	if err != nil {
		return ""
	}
	for _, r := range f.Require {
		if name := path.Base(r.Mod.Path); strings.HasPrefix(name, "proxy-wasm-go-sdk") {
			return name + " " + r.Mod.Version
		}
	}
	return ""
}
