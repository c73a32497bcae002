//go:build unix

package build

import (
	"io/fs"
	"syscall"
)

// readable tells whether a user without further groups and capabilities may read
// the file, or look into the folder.
func readable(info fs.FileInfo, uid, gid int) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return true
	}
	need := fs.FileMode(0o4)
	if info.IsDir() {
		need = 0o5
	}
	switch {
	case int(st.Uid) == uid:
		need <<= 6
	case int(st.Gid) == gid:
		need <<= 3
	}
	return info.Mode()&need == need
}
