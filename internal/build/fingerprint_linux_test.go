package build

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/wasmctl/wasmctl/internal/project"
)

func TestSourceDigestOfWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "secret", "x")
	write(t, dir, "folder/a", "x")
	for _, name := range []string{"secret", "folder"} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "folder"), 0o755) })
	if os.Geteuid() == 0 {
		asNobody(t, dir)
	}
	if _, err := os.ReadFile(filepath.Join(dir, "secret")); !os.IsPermission(err) {
		t.Fatalf("the file can be read: %v", err)
	}
	if _, err := sourceDigest(t.Context(), newJob(Options{Project: &project.Project{Dir: dir}})); err != nil {
		t.Error(err)
	}
}

// asNobody lets the rest of the test read files as a user without rights: root
// reads everything. It holds for this thread, which the test keeps.
func asNobody(t *testing.T, dir string) {
	t.Helper()
	for _, folder := range []string{dir, filepath.Dir(dir)} { // closed to others
		if err := os.Chmod(folder, 0o755); err != nil { //nolint:gosec // that is what it is for
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
}
