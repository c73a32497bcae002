package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/wasmctl/wasmctl/internal/atomicfile"
	"github.com/wasmctl/wasmctl/internal/hint"
)

const (
	// lockFile serialises changes of index.json and the removal of blobs. It is
	// held for milliseconds and never while something is transferred. Reading
	// needs no lock, because index.json is replaced as a whole.
	lockFile = ".wasmctl.lock"
	// tempPattern names the temporary files beside index.json.
	tempPattern = ".wasmctl-*.tmp"
	// maxIndex bounds index.json: room for some 100,000 images.
	maxIndex = 32 << 20
	lockPoll = 2 * time.Millisecond
)

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

// checkLayout returns an error when the folder is there and is no image layout.
func (s *Store) checkLayout() error {
	b, err := os.ReadFile(s.path(ocispec.ImageLayoutFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s.checkEmpty()
	}
	if err != nil {
		return s.unusable(err)
	}
	var layout ocispec.ImageLayout
	if err := json.Unmarshal(b, &layout); err != nil {
		return s.damaged(ocispec.ImageLayoutFile, err)
	}
	if layout.Version != ocispec.ImageLayoutVersion {
		return hint.Errorf("use another folder as the store",
			"%w: %s is an image layout of version %q, not %s", ErrStore, s.dir, layout.Version, ocispec.ImageLayoutVersion)
	}
	return nil
}

// checkEmpty returns an error when the folder without the file oci-layout has
// other files: what is in it would be mixed with blobs.
func (s *Store) checkEmpty() error {
	files, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return s.unusable(err)
	}
	for _, f := range files {
		// A process that is killed in its first write leaves these.
		ours := []string{lockFile, ingestDir, ocispec.ImageBlobsDir}
		if ok, _ := filepath.Match(tempPattern, f.Name()); !ok && !slices.Contains(ours, f.Name()) {
			return hint.Errorf("use another folder as the store, or empty this one",
				"%w: the folder %s holds %q and is not an OCI image layout", ErrStore, s.dir, f.Name())
		}
	}
	return nil
}

func (s *Store) unusable(err error) error {
	return hint.Errorf("use another folder as the store, or give yourself the right to read and write it",
		"%w: %s: %w", ErrStore, s.dir, err)
}

// damaged is the error for a file of the layout itself.
func (s *Store) damaged(name string, err error) error {
	return hint.Wrap(&DamagedError{File: s.path(name), Err: err},
		"delete the folder "+s.dir+", then build or pull the filters again")
}

// create makes the folder and the file oci-layout, which marks it as a layout.
func (s *Store) create() error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return s.unusable(err)
	}
	if _, err := os.Stat(s.path(ocispec.ImageLayoutFile)); err == nil {
		return nil
	}
	return s.replace(ocispec.ImageLayoutFile, ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion})
}

// readIndex reads index.json. A store without one is empty.
func (s *Store) readIndex() (*index, error) {
	f, err := os.Open(s.path(ocispec.ImageIndexFile))
	if errors.Is(err, fs.ErrNotExist) {
		return &index{}, nil
	}
	if err != nil {
		return nil, s.unusable(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxIndex+1))
	if err != nil {
		return nil, s.unusable(err)
	}
	if len(b) > maxIndex {
		return nil, s.damaged(ocispec.ImageIndexFile, fmt.Errorf("more than %d bytes", maxIndex))
	}
	x := &index{}
	if err := json.Unmarshal(b, &x.raw); err != nil {
		return nil, s.damaged(ocispec.ImageIndexFile, err)
	}
	for _, desc := range x.raw.Manifests {
		if err := desc.Digest.Validate(); err != nil {
			return nil, s.damaged(ocispec.ImageIndexFile, fmt.Errorf("digest %q: %w", desc.Digest, err))
		}
		x.entries = append(x.entries, readEntry(desc))
	}
	return x, nil
}

// update changes index.json while no other process does.
func (s *Store) update(ctx context.Context, change func(*index) error) error {
	return s.locked(ctx, func() error {
		x, err := s.readIndex()
		if err != nil {
			return err
		}
		if err := change(x); err != nil {
			return err
		}
		return s.replace(ocispec.ImageIndexFile, x.encoded())
	})
}

// locked runs f while no other process changes the store.
func (s *Store) locked(ctx context.Context, f func() error) error {
	if err := s.create(); err != nil {
		return err
	}
	lock := flock.New(s.path(lockFile))
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("wait for another process to finish with the store %s: %w", s.dir, ctx.Err())
		}
		return s.unusable(err)
	}
	return errors.Join(f(), lock.Close())
}

// replace writes a JSON file beside its place and then renames it, so that a
// reader sees the old file or the new one.
func (s *Store) replace(name string, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	f, err := os.CreateTemp(s.dir, tempPattern)
	if err != nil {
		return s.unusable(err)
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = atomicfile.Rename(f.Name(), s.path(name))
	}
	if err != nil {
		return errors.Join(s.unusable(err), os.Remove(f.Name()))
	}
	return nil
}
