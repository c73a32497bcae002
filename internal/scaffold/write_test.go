package scaffold_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/scaffold"
)

func plan(t testing.TB, template, name string) *scaffold.Plan {
	t.Helper()
	p, err := request{language: "go", template: template, name: name}.render(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tree lists what is in a folder: files with their content, folders with a slash.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if entry.IsDir() {
			list = append(list, name+"/")
			return nil
		}
		content, err := os.ReadFile(path)
		list = append(list, name+"="+string(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWrite(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	empty := filepath.Join(base, "empty")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{empty, filepath.Join(base, "new"), filepath.Join(base, "new", "with", "parents"), filepath.Join(base, "größe, with blanks") + "/"} {
		if strings.HasSuffix(dir, "parents") {
			dir = filepath.Join(base, "a", "b", "c")
		}
		p := plan(t, "http-headers", "my-filter")
		if err := p.Write(t.Context(), dir, scaffold.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		loaded, err := project.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if loaded.Name != "my-filter" || loaded.Language != project.Go {
			t.Errorf("project %+v", loaded)
		}
		for _, path := range []string{loaded.ConfigPath(), loaded.SchemaPath()} {
			if _, err := os.Stat(path); err != nil {
				t.Error(err)
			}
		}
		for _, f := range p.Files {
			info, err := os.Stat(filepath.Join(dir, f.Path))
			if err != nil {
				t.Fatal(err)
			}
			if info.Size() != int64(len(f.Content)) || (runtime.GOOS != "windows" && info.Mode().Perm()&^0o022 != f.Mode&^0o022) {
				t.Errorf("%s: %v, %d bytes", f.Path, info.Mode(), info.Size())
			}
		}
	}
}

func TestWriteRefusesWhatIsThere(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		files []string
		force bool
		want  []string // conflicts
	}{
		{"not empty", []string{"notes.txt"}, false, nil},
		{"hidden file", []string{".hidden"}, false, nil},
		{"conflicts", []string{"README.md", "notes.txt", ".github/workflows/ci.yaml"}, true, []string{".github/workflows/ci.yaml", "README.md"}},
		{"a project", []string{"wasmctl.yaml"}, true, []string{"wasmctl.yaml"}},
		{"a folder in the place of a file", []string{"main.go/x"}, true, []string{"main.go"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			fill(t, dir, c.files)
			before := tree(t, dir)
			err := plan(t, "http-headers", "x").Write(t.Context(), dir, scaffold.WriteOptions{Force: c.force})
			conflict, notEmpty := (*scaffold.ConflictError)(nil), (*scaffold.NotEmptyError)(nil)
			switch {
			case c.want == nil && !errors.As(err, &notEmpty):
				t.Errorf("error %v, want a *NotEmptyError", err)
			case c.want != nil && (!errors.As(err, &conflict) || !slices.Equal(conflict.Files, c.want)):
				t.Errorf("error %v, want conflicts %q", err, c.want)
			}
			if len(hint.Of(err)) == 0 {
				t.Error("no next step")
			}
			if after := tree(t, dir); !slices.Equal(before, after) {
				t.Errorf("changed to %q", after)
			}
		})
	}
}

func fill(t *testing.T, dir string, files []string) {
	t.Helper()
	for _, f := range files {
		path := filepath.Join(dir, f)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestForceAddsToAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fill(t, dir, []string{"notes.txt", ".github/workflows/other.yaml"})
	p := plan(t, "path-rewrite", "x")
	if err := p.Write(t.Context(), dir, scaffold.WriteOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	files := tree(t, dir)
	if !slices.Contains(files, "notes.txt=mine") || !slices.Contains(files, ".github/workflows/other.yaml=mine") {
		t.Errorf("files that were there are gone: %q", files)
	}
	if err := p.Write(t.Context(), dir, scaffold.WriteOptions{Force: true}); err == nil {
		t.Error("a second time")
	}
}

// failing is a context that is cancelled once it was asked often enough.
type failing struct {
	context.Context
	left int
}

func (f *failing) Err() error {
	if f.left--; f.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestFailedWriteLeavesNothing(t *testing.T) {
	t.Parallel()
	files := plan(t, "http-headers", "x").Files
	with := func(f ...scaffold.File) []scaffold.File { return append(slices.Clone(files), f...) }
	cases := []struct {
		name  string
		ctx   context.Context
		files []scaffold.File
	}{
		{"cancelled at once", &failing{t.Context(), 0}, files},
		{"cancelled in between", &failing{t.Context(), 5}, files},
		{"cancelled before the last", &failing{t.Context(), len(files) - 1}, files},
		{"file below a file", t.Context(), with(scaffold.File{Path: "main.go/x", Mode: 0o644})},
		{"name too long", t.Context(), with(scaffold.File{Path: "z/" + strings.Repeat("z", 300), Mode: 0o644})},
		{"outside of the folder", t.Context(), with(scaffold.File{Path: "../outside", Mode: 0o644})},
		{"same file twice", t.Context(), with(scaffold.File{Path: "README.md", Mode: 0o644})},
	}
	for _, c := range cases {
		for _, where := range []string{"", "new", "new/with/parents"} {
			t.Run(c.name+" in "+where, func(t *testing.T) {
				t.Parallel()
				base := t.TempDir()
				ctx := c.ctx
				if f, ok := ctx.(*failing); ok {
					ctx = &failing{f.Context, f.left}
				}
				p := &scaffold.Plan{Files: c.files}
				err := p.Write(ctx, filepath.Join(base, where), scaffold.WriteOptions{})
				if err == nil {
					t.Fatal("written")
				}
				if strings.Contains(err.Error(), "remove what was written") {
					t.Errorf("roll back: %v", err)
				}
				if left := tree(t, base); len(left) > 0 {
					t.Errorf("left: %q (%v)", left, err)
				}
			})
		}
	}
}

func TestWriteToWhatIsNoFolder(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	fill(t, base, []string{"file"})
	if err := os.Symlink("nowhere", filepath.Join(base, "dangling")); err != nil {
		t.Skip(err)
	}
	before := tree2(t, base)
	for _, dir := range []string{"file", "file/below", "dangling"} {
		err := plan(t, "http-headers", "x").Write(t.Context(), filepath.Join(base, dir), scaffold.WriteOptions{Force: true})
		if err == nil || len(hint.Of(err)) == 0 {
			t.Errorf("%s: error %v, next step %q", dir, err, hint.Of(err))
		}
		if after := tree2(t, base); after != before {
			t.Errorf("%s: %s", dir, after)
		}
	}
}

// tree2 lists the names in a folder.
func tree2(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(entries)
}

func TestWriteToAReadOnlyFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		asNobody(t)
		return
	}
	if runtime.GOOS == "windows" {
		t.Skip("a folder is not read-only there")
	}
	base := t.TempDir()
	if err := os.Chmod(base, 0o555); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{base, filepath.Join(base, "new")} {
		err := plan(t, "http-headers", "x").Write(t.Context(), dir, scaffold.WriteOptions{})
		if !errors.Is(err, fs.ErrPermission) || len(hint.Of(err)) == 0 {
			t.Errorf("error %v", err)
		}
	}
}

// asNobody runs the test again as a user whom permissions bind: a copy of the
// test's binary, since the folder that it is in may be closed to others.
func asNobody(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "nobody")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := errors.Join(os.Chmod(dir, 0o777), os.WriteFile(filepath.Join(dir, "test"), program, 0o755)); err != nil { //nolint:gosec // for another user
		t.Fatal(err)
	}
	cmd := exec.Command("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--",
		filepath.Join(dir, "test"), "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}

func TestSymlinksDoNotLeadOut(t *testing.T) {
	t.Parallel()
	base, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(base, ".github")); err != nil {
		t.Skip(err)
	}
	if err := plan(t, "http-headers", "x").Write(t.Context(), base, scaffold.WriteOptions{Force: true}); err == nil {
		t.Error("written")
	}
	if left := tree(t, outside); len(left) > 0 {
		t.Errorf("written outside: %q", left)
	}
	if left := tree2(t, base); strings.Count(left, "\n") > 0 || strings.Contains(left, "main.go") {
		t.Errorf("left: %s", left)
	}
}

func TestParallelWritersDoNotMix(t *testing.T) {
	t.Parallel()
	for round := range 20 {
		dir := filepath.Join(t.TempDir(), "a", "b")
		const writers = 8
		plans := make([]*scaffold.Plan, writers)
		errs := make([]error, writers)
		for i := range plans {
			plans[i] = plan(t, []string{"http-headers", "path-rewrite"}[i%2], fmt.Sprintf("filter-%d", i))
		}
		var group sync.WaitGroup
		for i, p := range plans {
			group.Go(func() { errs[i] = p.Write(t.Context(), dir, scaffold.WriteOptions{Force: round%2 == 0}) })
		}
		group.Wait()
		winner := -1
		for i, err := range errs {
			if err != nil {
				continue
			}
			if winner >= 0 {
				t.Fatalf("%d and %d both wrote", winner, i)
			}
			winner = i
		}
		if winner < 0 {
			t.Fatalf("nobody wrote: %v", errs)
		}
		var want []string
		for _, f := range plans[winner].Files {
			want = append(want, f.Path+"="+string(f.Content))
		}
		got := slices.DeleteFunc(tree(t, dir), func(e string) bool { return strings.HasSuffix(e, "/") })
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("the folder is not that of writer %d", winner)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	base := b.TempDir()
	for i := 0; b.Loop(); i++ {
		if err := plan(b, "http-headers", "x").Write(b.Context(), filepath.Join(base, fmt.Sprint(i)), scaffold.WriteOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
