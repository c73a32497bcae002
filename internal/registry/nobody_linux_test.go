package registry

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// asNobody makes a folder one that the rest of the test cannot write to. Root,
// to whom permissions mean nothing, becomes nobody for files, on this thread.
func asNobody(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() == 0 {
		// The folders of a test are closed to others.
		for parent := filepath.Dir(dir); parent != filepath.Dir(os.TempDir()) && parent != os.TempDir(); parent = filepath.Dir(parent) {
			if err := os.Chmod(parent, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		runtime.LockOSThread()
		t.Cleanup(func() {
			_ = syscall.Setfsuid(0)
			runtime.UnlockOSThread()
		})
		const nobody = 65534
		if err := syscall.Setfsuid(nobody); err != nil {
			t.Fatal(err)
		}
		return
	}
	makeReadOnly(t, dir)
}
