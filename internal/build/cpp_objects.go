package build

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/wasmctl/wasmctl/internal/atomicfile"
)

// objects guards the objects that make keeps. make compares times, and wasmctl
// contents: a file that was put back from a backup, say, has changed and is older
// than its object, which make would then use again. Where that has happened, the
// objects get another ID, which is what the Makefile compiles everything anew for.
type objects struct {
	// ID is passed to make.
	ID string `json:"id"`
	// Kept is when the objects were made.
	Kept time.Time `json:"kept"`
	// Files are the digests of the project's files at that time, by path.
	Files map[string]string `json:"files"`

	path string
}

// trackObjects compares the project's files with those of the build before.
// The name is that of the folder with the objects.
func trackObjects(ctx context.Context, j *job, name string) (*objects, error) {
	o := &objects{path: filepath.Join(j.dir, ".cpp", name+".json")}
	if b, err := os.ReadFile(o.path); err != nil || json.Unmarshal(b, o) != nil {
		o.ID, o.Files = "", nil // unknown: whatever objects there are, they are not used
	}
	before := o.Files
	o.Files = map[string]string{}
	stale := o.ID == ""
	err := filepath.WalkDir(j.project.Dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case path != j.project.Dir && (ignored(path) || d.IsDir() && isCache(path)):
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		info, err := os.Stat(path) // of what a link leads to
		if err != nil || !info.Mode().IsRegular() {
			return nil //nolint:nilerr // the compiler has the better message
		}
		if o.Files[path], err = digestOf(path); err != nil {
			return err
		}
		stale = stale || before[path] != o.Files[path] && !info.ModTime().After(o.Kept)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the sources of %s: %w", j.project.Name, err)
	}
	if stale {
		o.ID = rand.Text()
	}
	return o, nil
}

// digestOf returns the SHA-256 digest of a file in hexadecimal.
func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// keep notes that the objects are those of the files, or older and to be made
// anew, which make sees by their times.
func (o *objects) keep() error {
	o.Kept = time.Now()
	b, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("note what was compiled: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(o.path), 0o755); err != nil {
		return fmt.Errorf("note what was compiled: %w", err)
	}
	if err := atomicfile.Write(o.path, b, 0o644); err != nil {
		return fmt.Errorf("note what was compiled: %w", err)
	}
	return nil
}
