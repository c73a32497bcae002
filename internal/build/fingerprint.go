package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wasmctl/wasmctl/internal/version"
)

// fingerprintVersion changes when builds of the same inputs give other results,
// or when the fingerprint is made in another way.
const fingerprintVersion = "wasmctl build 2"

// fingerprint returns a digest of everything that decides the result of a
// build: the toolchain and its settings, and the content of every file. Times
// do not count, and neither does the place of the project.
func fingerprint(ctx context.Context, j *job, tools toolchain) (string, error) {
	settings, err := tools.settings(ctx)
	if err != nil {
		return "", err
	}
	h := newHasher(j)
	h.field(fingerprintVersion)
	h.field(version.Get().Version)
	h.field(settings)
	h.field(finishSettings(j, tools))
	for i, root := range tools.roots() {
		h.field(fmt.Sprint("root ", i))
		if err := h.tree(ctx, root); err != nil {
			return "", fmt.Errorf("read the sources of %s: %w", j.project.Name, err)
		}
	}
	return hex.EncodeToString(h.hash.Sum(nil)), nil
}

// sourceDigest returns a digest of the files of the project alone, which is the
// same on every machine: "sha256:...".
func sourceDigest(ctx context.Context, j *job) (string, error) {
	h := newHasher(j)
	if err := h.tree(ctx, j.project.Dir); err != nil {
		return "", fmt.Errorf("read the sources of %s: %w", j.project.Name, err)
	}
	return "sha256:" + hex.EncodeToString(h.hash.Sum(nil)), nil
}

// hasher hashes names and contents of files.
type hasher struct {
	hash   hash.Hash
	buffer []byte
	// skip are files and folders that are no sources, by wasmctl.yaml.
	skip map[string]bool
	// seen are the folders behind links that have been hashed.
	seen map[string]bool
}

func newHasher(j *job) *hasher {
	h := &hasher{hash: sha256.New(), buffer: make([]byte, 64<<10), skip: map[string]bool{}, seen: map[string]bool{}}
	for _, name := range append(slices.Clone(j.project.Build.Ignore), j.project.Build.Output) {
		if name != "" {
			h.skip[filepath.Join(j.project.Dir, filepath.FromSlash(name))] = true
		}
	}
	return h
}

// field writes a string so that no two lists of strings look the same.
func (h *hasher) field(s string) { fmt.Fprintf(h.hash, "%d:%s", len(s), s) }

// tree hashes what is below root, which may also be a file. What is not there
// hashes as missing: the toolchain has the better message for it.
func (h *hasher) tree(ctx context.Context, root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		rel, relErr := filepath.Rel(root, path)
		if relErr != nil {
			return relErr
		}
		rel = filepath.ToSlash(rel)
		switch {
		case os.IsNotExist(err):
			h.field("missing " + rel)
			return nil
		case os.IsPermission(err): // nor can the compiler read it
			h.field("unreadable " + rel)
			return nil
		case err != nil:
			return err
		case path != root && (ignored(path) || h.skip[path]):
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case d.IsDir():
			if path != root && isCache(path) {
				return filepath.SkipDir
			}
			return nil
		case d.Type() == fs.ModeSymlink:
			return h.link(ctx, path, rel)
		}
		return h.file(path, rel, d.Type())
	})
}

// ignored tells what is no source: version control, packages of node, and what
// wasmctl itself puts into a build folder.
func ignored(path string) bool {
	name := filepath.Base(path)
	switch name {
	case ".git", ".hg", ".svn", "node_modules":
		return true
	}
	if filepath.Base(filepath.Dir(path)) != FolderName {
		return false
	}
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".wasm") || strings.HasSuffix(name, ".wasm.stamp")
}

// isCache tells whether a program has marked the folder as one whose content it
// can make again, as cargo does with its target folder.
//
// https://bford.info/cachedir/
func isCache(dir string) bool {
	const signature = "Signature: 8a477f597d28d172789f06886806bc55"
	f, err := os.Open(filepath.Join(dir, "CACHEDIR.TAG"))
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // only read
	begin := make([]byte, len(signature))
	_, err = io.ReadFull(f, begin)
	return err == nil && string(begin) == signature
}

// link hashes what a symbolic link leads to, each folder once.
func (h *hasher) link(ctx context.Context, path, rel string) error {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		h.field("broken link " + rel)
		return nil
	}
	info, err := os.Stat(target)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return h.file(target, rel, info.Mode().Type())
	}
	h.field("link " + rel)
	if h.seen[target] {
		return nil
	}
	h.seen[target] = true
	return h.tree(ctx, target)
}

// file hashes one file by its name and content; a pipe or a device by its name
// alone.
func (h *hasher) file(path, rel string, mode fs.FileMode) error {
	if !mode.IsRegular() {
		h.field("other " + rel)
		return nil
	}
	f, err := os.Open(path)
	if os.IsPermission(err) {
		h.field("unreadable " + rel)
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	h.field("file " + rel)
	content := sha256.New()
	// The wrapper keeps CopyBuffer from bypassing the buffer.
	if _, err := io.CopyBuffer(content, struct{ io.Reader }{f}, h.buffer); err != nil {
		return err
	}
	h.hash.Write(content.Sum(nil))
	return nil
}
