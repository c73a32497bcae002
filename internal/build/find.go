package build

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/wasmctl/wasmctl/internal/tool"
)

// findOnPath finds a program as the toolchain would: on the PATH of the job.
func findOnPath(j *job, name string) (string, error) {
	if filepath.Base(name) != name || j.getenv("PATH") == os.Getenv("PATH") {
		return tool.Find(name)
	}
	for _, dir := range filepath.SplitList(j.getenv("PATH")) {
		if path, err := tool.Find(filepath.Join(dir, name)); err == nil && filepath.IsAbs(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: %s", tool.ErrMissing, name)
}

// escapeGlob keeps signs in the name of a folder from being taken for a pattern.
func escapeGlob(folder string) string {
	if filepath.Separator == '\\' {
		return folder // nothing can be escaped there
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(folder)
}

// containsAny tells whether a text, such as the messages of a compiler, has one
// of the parts in it.
func containsAny(text string, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
