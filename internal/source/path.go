package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// abs makes a path absolute, seen from the resolver's folder.
func (r *Resolver) abs(path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.Dir, path)
	}
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil || errors.Is(err, os.ErrPermission)
}

// path reads the file, or builds the project in the folder, that s names.
func (r *Resolver) path(ctx context.Context, s, file string) (*Source, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, hint.Wrap(err, "make the file readable")
	}
	if info.IsDir() {
		return r.folder(ctx, s, file)
	}
	m, err := readFile(file)
	if err != nil {
		return nil, err
	}
	return &Source{
		Kind: KindFile, Name: moduleName(filepath.Base(file)), Module: m,
		Ref: file, Digest: "sha256:" + m.SHA256(),
	}, nil
}

func (r *Resolver) folder(ctx context.Context, s, dir string) (*Source, error) {
	find := project.Load
	if s == "." {
		find = project.Find
	}
	p, err := find(dir)
	if errors.Is(err, project.ErrNotFound) {
		return nil, hint.Errorf(noProjectHint(s, dir), "the folder %s is no project: %w", dir, project.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	if r.Build == nil {
		return nil, hint.Errorf("name a module instead", "the project %s cannot be built here", dir)
	}
	m, err := r.Build(ctx, p)
	if err != nil {
		return nil, err
	}
	return &Source{Kind: KindProject, Name: p.Name, Module: m, Project: p, Ref: p.Dir, Digest: "sha256:" + m.SHA256()}, nil
}

// noProjectHint looks for what the user may have meant with a folder that is no
// project.
func noProjectHint(s, dir string) string {
	if modules, _ := filepath.Glob(filepath.Join(dir, "*.wasm")); len(modules) > 0 {
		return "name the module itself: " + modules[0]
	}
	if around, err := project.Find(dir); err == nil {
		return "the project is in " + around.Dir
	}
	next := "make a project of it with 'wasmctl init " + s + "'"
	if !onlyPath(s) {
		next += "; a tag of that name is reached as oci://" + s
	}
	return next
}

// readFile reads a module of at most maxModule bytes.
func readFile(path string) (*wasm.Module, error) {
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, os.ErrPermission) {
			return nil, hint.Wrap(err, "make the file readable")
		}
		return nil, err
	}
	defer f.Close()
	size := int64(0)
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	b, err := readAll(f, size)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	m, err := wasm.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// readAll reads r to its end but not beyond maxModule bytes. The size is what to
// expect; what comes may be more or less.
func readAll(r io.Reader, size int64) ([]byte, error) {
	if size > maxModule {
		return nil, tooLarge()
	}
	var buffer bytes.Buffer
	buffer.Grow(int(size) + bytes.MinRead) // so that the end is found without growing
	n, err := buffer.ReadFrom(io.LimitReader(r, maxModule+1))
	if err != nil {
		return nil, err
	}
	if n > maxModule {
		return nil, tooLarge()
	}
	return buffer.Bytes(), nil
}

func tooLarge() error {
	return hint.Wrap(ErrTooLarge, "no gateway takes such a module: strip it, or check that it is the right file")
}

// moduleName makes a name of a file name.
func moduleName(file string) string {
	if name := strings.TrimSuffix(file, ".wasm"); name != "" {
		return name
	}
	return "filter"
}
