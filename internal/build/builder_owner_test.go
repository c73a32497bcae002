//go:build linux

package build_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/container"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/testkit"
)

// otherUser is a user id that nobody has.
const otherUser = 23456

// needRoot skips a test that has to act as several users.
func needRoot(t *testing.T) {
	t.Helper()
	testkit.Need(t, testkit.Docker)
	if os.Getuid() != 0 {
		t.Skip("needs root, to act as another user")
	}
}

// ownedVariable names the folder of TestContainerOwner's build as another user.
const ownedVariable = "WASMCTL_BUILD_TEST_OWNED"

// What a container writes belongs to the user who builds, and is the same as
// what another user gets in another folder.
func TestContainerOwner(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv(ownedVariable); dir != "" {
		p := &project.Project{Dir: dir, Name: "sample", Language: project.Go}
		o, m := contained(t, p)
		t.Log(m.build(t, o).SHA256)
		return
	}
	needRoot(t)
	mine := sample(t)
	o, m := contained(t, mine)
	first := m.build(t, o)

	dir := foreignFolder(t)
	testkit.WriteGoFilter(t, dir)
	chown(t, dir, otherUser)
	out, err := asOtherUser(t, "TestContainerOwner", ownedVariable+"="+dir)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(out, first.SHA256) {
		t.Errorf("%s is not in:\n%s", first.SHA256, out)
	}
	for _, name := range []string{"sample.wasm", "sample.wasm.stamp"} {
		info, err := os.Stat(filepath.Join(dir, "build", name))
		if err != nil {
			t.Fatal(err)
		}
		if st, ok := info.Sys().(*syscall.Stat_t); !ok || st.Uid != otherUser || st.Gid != otherUser {
			t.Errorf("%s belongs to %+v", name, info.Sys())
		}
	}
}

// foreignFolder is a folder that other users can reach.
func foreignFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "wasmctl-owner")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func chown(t *testing.T, dir string, user int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, user, user)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// asOtherUser runs one test as another user, who may talk to Docker.
func asOtherUser(t *testing.T, test, variable string) (string, error) {
	t.Helper()
	home := foreignFolder(t)
	program := filepath.Join(home, "test")
	copyFile(t, os.Args[0], program)
	chown(t, home, otherUser)
	info, err := os.Stat("/var/run/docker.sock")
	if err != nil {
		t.Skip("Docker is elsewhere: ", err)
	}
	group := info.Sys().(*syscall.Stat_t).Gid //nolint:forcetypeassert // on Unix it is
	cmd := exec.Command(program, "-test.run=^"+test+"$", "-test.v")
	cmd.Dir = home
	cmd.Env = append(os.Environ(), variable, "HOME="+home, "XDG_CACHE_HOME=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{
		Uid: otherUser, Gid: otherUser, Groups: []uint32{group},
	}}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// Root may read what is another user's; root in a container without capabilities
// may not. Such sources are copied.
func TestContainerForeignFiles(t *testing.T) {
	t.Parallel()
	needRoot(t)
	p := sample(t)
	if err := os.Chmod(filepath.Join(p.Dir, "header.go"), 0o600); err != nil {
		t.Fatal(err)
	}
	chown(t, p.Dir, otherUser)
	o, m := contained(t, p)
	m.build(t, o)
	if len(m.notices) == 0 || !strings.Contains(m.notices[len(m.notices)-1], "belongs to another user") {
		t.Errorf("%q", m.notices)
	}
}

func TestContainerReadOnlyProject(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv(readOnlyVariable); dir != "" {
		p := &project.Project{Dir: dir, Name: "sample", Language: project.Go}
		o, _ := contained(t, p)
		_, err := build.Build(t.Context(), o)
		t.Log(err)
		return
	}
	needRoot(t)
	dir := foreignFolder(t) // root's
	testkit.WriteGoFilter(t, dir)
	out, err := asOtherUser(t, "TestContainerReadOnlyProject", readOnlyVariable+"="+dir)
	if err != nil || !strings.Contains(out, "cannot write to "+filepath.Join(dir, "build")) &&
		!strings.Contains(out, "cannot make the folder") {
		t.Errorf("%v\n%s", err, out)
	}
}

// readOnlyVariable names the folder of TestContainerReadOnlyProject.
const readOnlyVariable = "WASMCTL_BUILD_TEST_READ_ONLY"

// A volume is root's when it is new, and an image of the user's own does not
// change that. The caches can be written to nevertheless.
func TestContainerCachesOfOtherImages(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv(cachesVariable); dir != "" {
		p := &project.Project{Dir: dir, Name: "own", Build: project.Build{
			Command: project.Command{Shell: `touch "$WASMCTL_BUILD_DIR/kept" && cp module.wasm "$WASMCTL_OUT"`}, Image: commandImage,
		}}
		o, m := contained(t, p)
		m.build(t, o)
		return
	}
	needRoot(t)
	c := engine(t)
	volume := container.Object{Kind: container.KindVolume, ID: "wasmctl-cache-command-command-" + strconv.Itoa(otherUser)}
	if err := c.RemoveObject(t.Context(), volume); err != nil {
		t.Fatal(err)
	}
	dir := foreignFolder(t)
	testkit.WriteFiles(t, dir, map[string]string{"module.wasm": string(testkit.Filter().Bytes())})
	chown(t, dir, otherUser)
	if out, err := asOtherUser(t, "TestContainerCachesOfOtherImages", cachesVariable+"="+dir); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// cachesVariable names the folder of TestContainerCachesOfOtherImages.
const cachesVariable = "WASMCTL_BUILD_TEST_CACHES"

// A daemon that does not see this machine's folders, though it is reached over a
// socket of this machine, gets copies.
func TestContainerDaemonElsewhere(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv(elsewhereVariable); dir != "" {
		// Only this process and its children see what is mounted here.
		if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			t.Skip(err)
		}
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, ""); err != nil {
			t.Skip(err)
		}
		testkit.WriteGoFilter(t, dir)
		o, m := contained(t, &project.Project{Dir: dir, Name: "sample", Language: project.Go})
		m.build(t, o)
		t.Log(m.notices)
		return
	}
	needRoot(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestContainerDaemonElsewhere$", "-test.v")
	cmd.Env = append(os.Environ(), elsewhereVariable+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "copying the sources") {
		t.Errorf("%v\n%s", err, out)
	}
}

// elsewhereVariable names the folder of TestContainerDaemonElsewhere.
const elsewhereVariable = "WASMCTL_BUILD_TEST_ELSEWHERE"

func TestContainerDiskFull(t *testing.T) {
	t.Parallel()
	needRoot(t)
	p := sample(t)
	small := filepath.Join(p.Dir, "build")
	if err := os.MkdirAll(small, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=256k"); err != nil {
		t.Skip("cannot make a small disk: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(small, 0) })
	o, m := contained(t, p)
	_, err := build.Build(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("%v\n%s", err, &m.stderr)
	}
}
