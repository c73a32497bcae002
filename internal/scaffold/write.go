package scaffold

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
)

const dirMode = fs.FileMode(0o755)

// WriteOptions change how a plan is written.
type WriteOptions struct {
	// Force allows a target folder that is not empty. No file is overwritten even so.
	Force bool
}

// NotEmptyError says that the target folder holds something already.
type NotEmptyError struct{ Dir string }

func (e *NotEmptyError) Error() string { return fmt.Sprintf("the folder %s is not empty", e.Dir) }

// ConflictError says which files would have been overwritten.
type ConflictError struct {
	Dir string
	// Files are relative to Dir, with slashes, and sorted.
	Files []string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("files in %s would be overwritten: %s", e.Dir, strings.Join(e.Files, ", "))
}

// Write writes the plan into the folder dir, which it makes with its parents
// when it does not exist. The errors are *NotEmptyError, *ConflictError, that of
// ctx and those of the file system; after any of them the folder is as it was
// before. Of several writers into one folder, also of other processes, at most
// one succeeds.
//
// Files are not synced to the disk: a new project can be made again.
func (p *Plan) Write(ctx context.Context, dir string, o WriteOptions) error {
	t := &target{dir: dir}
	err := t.write(ctx, p, o)
	if err != nil {
		if left := t.rollBack(); left != nil {
			err = errors.Join(err, fmt.Errorf("remove what was written before that: %w", left))
		}
	}
	return errors.Join(err, t.close())
}

// Missing returns the plan without the files that the folder dir has already, in
// whatever form, and these files.
func (p *Plan) Missing(dir string) (missing *Plan, there []string, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, (&target{dir: dir}).explain(err)
	}
	defer root.Close() //nolint:errcheck // only read
	missing = &Plan{Name: p.Name, Values: p.Values}
	for _, f := range p.Files {
		switch _, err := root.Lstat(filepath.FromSlash(f.Path)); {
		case err == nil:
			there = append(there, f.Path)
		case errors.Is(err, fs.ErrNotExist):
			missing.Files = append(missing.Files, f)
		default:
			return nil, nil, (&target{dir: dir}).explain(err)
		}
	}
	return missing, there, nil
}

// target is a folder that is being written, with all that was made in it so far.
type target struct {
	dir  string
	root *os.Root
	// parents are the folders made down to dir, entries the folders and files
	// made in it, each in the order in which they were made.
	parents, entries []string
}

func (t *target) write(ctx context.Context, p *Plan, o WriteOptions) error {
	if err := t.open(); err != nil {
		return err
	}
	if err := t.checkEmpty(o.Force); err != nil {
		return err
	}
	if err := t.checkConflicts(p.Files); err != nil {
		return err
	}
	for _, f := range claimFirst(p.Files) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := t.create(f); err != nil {
			return err
		}
	}
	return nil
}

// claimFirst puts the project file at the front. Every project has one and no
// file is ever overwritten, so whoever makes it has the folder for himself; and
// as what was made is removed from the end, he has it until the last is gone.
func claimFirst(files []File) []File {
	sorted := slices.Clone(files)
	slices.SortStableFunc(sorted, func(a, b File) int {
		switch project.FileName {
		case a.Path:
			return -1
		case b.Path:
			return 1
		}
		return 0
	})
	return sorted
}

// open makes the folder where it is missing and opens it.
func (t *target) open() error {
	var missing []string
	for at := filepath.Clean(t.dir); ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err == nil && !info.IsDir() {
			return hint.Errorf("name a folder, or a new one", "%s is not a folder", at)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			return t.explain(err)
		}
		missing = append(missing, at)
	}
	for _, at := range slices.Backward(missing) {
		err := os.Mkdir(at, dirMode)
		if err == nil {
			t.parents = append(t.parents, at)
		} else if !errors.Is(err, fs.ErrExist) { // somebody else may have made it just now
			return t.explain(err)
		}
	}
	root, err := os.OpenRoot(t.dir)
	if err != nil {
		return t.explain(err)
	}
	t.root = root
	return nil
}

// explain adds the next step to an error of the file system.
func (t *target) explain(err error) error {
	next := "choose another folder"
	if errors.Is(err, fs.ErrPermission) {
		next = "choose a folder that you may write to"
	}
	return hint.Wrap(fmt.Errorf("write the project to %s: %w", t.dir, err), next)
}

func (t *target) checkEmpty(force bool) error {
	if force {
		return nil
	}
	folder, err := t.root.Open(".")
	if err != nil {
		return t.explain(err)
	}
	defer folder.Close() //nolint:errcheck // only read
	switch _, err := folder.Readdirnames(1); {
	case err == nil:
		return hint.Wrap(&NotEmptyError{Dir: t.dir}, "choose another folder, or add --force, which overwrites no file either")
	case !errors.Is(err, io.EOF):
		return t.explain(err)
	}
	return nil
}

// checkConflicts looks for the files before the first one is written. The
// writing itself overwrites nothing either; this is for an error that names all.
func (t *target) checkConflicts(files []File) error {
	var there []string
	for _, f := range files {
		_, err := t.root.Lstat(filepath.FromSlash(f.Path))
		if err == nil {
			there = append(there, f.Path)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return t.explain(err)
		}
	}
	return t.conflict(there)
}

func (t *target) conflict(files []string) error {
	if len(files) == 0 {
		return nil
	}
	return hint.Wrap(&ConflictError{Dir: t.dir, Files: files}, "move the files away, or choose another folder")
}

// create writes one new file and the folders above it.
func (t *target) create(f File) error {
	if err := t.mkdirs(path.Dir(f.Path)); err != nil {
		return err
	}
	name := filepath.FromSlash(f.Path)
	file, err := t.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.Mode)
	if errors.Is(err, fs.ErrExist) {
		return t.conflict([]string{f.Path})
	}
	if err != nil {
		return t.explain(err)
	}
	t.entries = append(t.entries, name)
	_, err = file.Write(f.Content)
	if err = errors.Join(err, file.Close()); err != nil {
		return t.explain(err)
	}
	return nil
}

// mkdirs makes the folder dir, a path with slashes in the target, and those
// above it where they are missing.
func (t *target) mkdirs(dir string) error {
	if dir == "." {
		return nil
	}
	if err := t.mkdirs(path.Dir(dir)); err != nil {
		return err
	}
	name := filepath.FromSlash(dir)
	err := t.root.Mkdir(name, dirMode)
	if err == nil {
		t.entries = append(t.entries, name)
	} else if !errors.Is(err, fs.ErrExist) {
		return t.explain(err)
	}
	return nil
}

// rollBack removes what was made, the last first. A folder of ours into which
// somebody else has put something meanwhile stays.
func (t *target) rollBack() error {
	var left error
	for _, name := range slices.Backward(t.entries) {
		if err := t.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			left = errors.Join(left, err)
		}
	}
	left = errors.Join(left, t.close())
	for _, name := range slices.Backward(t.parents) {
		if os.Remove(name) != nil {
			break
		}
	}
	return left
}

// close closes the folder; a second call does nothing.
func (t *target) close() error {
	if t.root == nil {
		return nil
	}
	root := t.root
	t.root = nil
	return root.Close()
}
