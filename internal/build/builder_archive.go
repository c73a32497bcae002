package build

import (
	"archive/tar"
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
)

// maxCopy bounds the sources that are copied into a container, in bytes.
const maxCopy = 1 << 30

// archive writes sources for a container as a tar archive, relative to rootPath.
// They belong to root there and are for all to read, whoever they belong to
// here. What a symbolic link leads to stands in its place. What is no source by
// the fingerprint is left out.
type archive struct {
	ctx    context.Context
	places []place
	skip   map[string]bool
}

func (a archive) write(to io.Writer) error {
	w := archiveWriter{archive: a, tar: tar.NewWriter(to), folders: map[string]bool{}, left: maxCopy}
	for _, p := range a.places {
		name := strings.TrimPrefix(strings.TrimPrefix(p.to, rootPath), "/")
		if err := w.parents(name); err != nil {
			return err
		}
		if err := w.add(p.from, name, nil); err != nil {
			return err
		}
	}
	return w.tar.Close()
}

type archiveWriter struct {
	archive
	tar *tar.Writer
	// folders are those that have been written.
	folders map[string]bool
	// left is how many bytes may still be written.
	left int64
}

func (w *archiveWriter) parents(name string) error {
	dir := path.Dir(name)
	if dir == "." || dir == "/" || w.folders[dir] {
		return nil
	}
	if err := w.parents(dir); err != nil {
		return err
	}
	return w.folder(dir)
}

func (w *archiveWriter) folder(name string) error {
	if w.folders[name] {
		return nil
	}
	w.folders[name] = true
	return w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755})
}

// add writes a file or a folder under that name. chain are the folders around it
// behind all links: a link to one of them has no end.
func (w *archiveWriter) add(from, name string, chain []string) error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	real, err := filepath.EvalSymlinks(from)
	if err != nil {
		return nil //nolint:nilerr // a broken link is as good as none
	}
	info, err := os.Stat(real)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return nil // nor can the compiler read it
	case err != nil:
		return err
	case info.IsDir():
		return w.tree(from, real, name, chain)
	case info.Mode().IsRegular():
		return w.file(real, name, info)
	}
	return nil
}

func (w *archiveWriter) tree(from, real, name string, chain []string) error {
	if slices.Contains(chain, real) {
		return nil
	}
	if err := w.folder(name); err != nil {
		return err
	}
	entries, err := os.ReadDir(real)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		child := filepath.Join(from, e.Name())
		if ignored(child) || w.skip[child] || e.IsDir() && isCache(child) {
			continue
		}
		if err := w.add(child, path.Join(name, e.Name()), append(chain, real)); err != nil {
			return err
		}
	}
	return nil
}

func (w *archiveWriter) file(from, name string, info fs.FileInfo) error {
	f, err := os.Open(from)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	if w.left -= info.Size(); w.left < 0 {
		return hint.Errorf("leave out what is no source with build.ignore in wasmctl.yaml", "the sources have more than %d GiB", maxCopy>>30)
	}
	mode := int64(0o444)
	if info.Mode()&0o111 != 0 {
		mode = 0o555
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: info.Size(), ModTime: info.ModTime()}
	if err := w.tar.WriteHeader(header); err != nil {
		return err
	}
	// A file that grows meanwhile is cut, one that shrinks is an error.
	if _, err := io.CopyN(w.tar, f, info.Size()); err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return nil
}
