package scaffold

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// openFolder reads a template from a folder. Nothing outside of it is read,
// wherever links may point.
func openFolder(ctx context.Context, dir string) (*Template, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, hint.Wrap(fmt.Errorf("open the template: %w", err), "name a folder that has a "+ManifestName)
	}
	defer root.Close() //nolint:errcheck // only read
	if _, err := root.Lstat(ManifestName); err != nil {
		return newOwn(dir, Origin{}, nil) // rather than reading all of the wrong folder
	}
	reader := &folderReader{root: root, budget: budget{ctx: ctx}}
	if err := fs.WalkDir(root.FS(), ".", reader.visit); err != nil {
		return nil, fmt.Errorf("read the template %s: %w", dir, err)
	}
	return newOwn(dir, Origin{Dir: dir}, reader.files)
}

// folderReader collects the files of a folder.
type folderReader struct {
	root   *os.Root
	budget budget
	files  []file
}

func (r *folderReader) visit(name string, entry fs.DirEntry, err error) error {
	switch {
	case err != nil:
		return err
	case name == ignored && entry.IsDir():
		return fs.SkipDir
	case name == ignored, name == ".":
		return nil
	case entry.IsDir():
		return r.budget.add(name, 0) // a tree of folders without end is none either
	case !entry.Type().IsRegular():
		return unusual(name, kindOf(entry.Type()))
	}
	f, err := r.read(name)
	r.files = append(r.files, f)
	return err
}

func (r *folderReader) read(name string) (file, error) {
	opened, err := r.root.Open(name)
	if err != nil {
		return file{}, err
	}
	defer opened.Close() //nolint:errcheck // only read
	info, err := opened.Stat()
	if err != nil {
		return file{}, err
	}
	if !info.Mode().IsRegular() { // it was another one a moment ago
		return file{}, unusual(name, kindOf(info.Mode()))
	}
	if err := r.budget.add(name, info.Size()); err != nil {
		return file{}, err
	}
	content, err := io.ReadAll(io.LimitReader(opened, info.Size())) // no more than was counted
	return file{path: name, mode: modeOf(info.Mode()), content: content}, err
}
