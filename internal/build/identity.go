package build

import (
	"fmt"
	"os"
	"path/filepath"
)

// fileIdentity tells one installed program from another without starting it: by
// where the file is behind all links, its size and the time of its last change.
// It is "" when there is no such file.
func fileIdentity(path string) string {
	if path == "" { // which would be the current folder
		return ""
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	info, err := os.Stat(real)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s %d %d", real, info.Size(), info.ModTime().UnixNano())
}
