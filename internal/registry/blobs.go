package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"

	"github.com/wasmctl/wasmctl/internal/artifact"
	"github.com/wasmctl/wasmctl/internal/atomicfile"
	"github.com/wasmctl/wasmctl/internal/hint"
)

const (
	// ingestDir is where blobs are written before they are renamed: the place
	// that oras-go uses too.
	ingestDir = "ingest"
	// copySize is how much is read and written at once.
	copySize = 256 << 10
	// abortTime is how long cleaning up may take after a failure.
	abortTime = 5 * time.Second
)

// errVanished says that another process removed a blob between the moment it
// was found in the store and the moment it was to be used.
var errVanished = errors.New("a blob was removed by another process")

// writer adds the blobs of one image to the store. Nothing refers to them
// before commit.
type writer struct {
	store *Store
	mu    sync.Mutex
	fresh []ocispec.Descriptor
	found []ocispec.Descriptor
}

// Push stores a blob, unless it is there and intact: then the error is
// errdef.ErrAlreadyExists. A damaged one is replaced.
func (w *writer) Push(ctx context.Context, desc ocispec.Descriptor, r io.Reader) error {
	if w.has(desc) {
		return fmt.Errorf("%s: %w", desc.Digest, errdef.ErrAlreadyExists)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := w.store.ingest(desc, r); err != nil {
		return w.store.writeError(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fresh = append(w.fresh, desc)
	return nil
}

// ingest writes a blob to a temporary file, checks its size and digest, and
// renames it. commit makes it durable, all blobs at once. oras-go's own storage
// leaves the temporary file behind when the content is wrong or the transfer
// ends early (v2.6.4), and makes nothing durable.
func (s *Store) ingest(desc ocispec.Descriptor, r io.Reader) (err error) {
	path := s.blobPath(desc.Digest)
	for _, dir := range []string{filepath.Dir(path), s.path(ingestDir)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(s.path(ingestDir), desc.Digest.Encoded()+"_*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeFile(f.Name()))
		}
	}()
	verified := content.NewVerifyReader(r, desc)
	_, err = io.CopyBuffer(onlyWriter{f}, verified, make([]byte, copySize))
	if err == nil {
		err = verified.Verify()
	}
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return atomicfile.Rename(f.Name(), path)
}

// onlyWriter hides that a file can read by itself, which it would do in pieces
// of 32 KiB instead of those of the buffer it is given.
type onlyWriter struct{ io.Writer }

// pushBytes is Push for a blob that is in memory and may be there already.
func (w *writer) pushBytes(ctx context.Context, desc ocispec.Descriptor, b []byte) error {
	err := w.Push(ctx, desc, bytes.NewReader(b))
	if errors.Is(err, errdef.ErrAlreadyExists) {
		return nil
	}
	return err
}

// has tells whether the store has the blob, byte for byte, and removes it if it
// is there but damaged.
func (w *writer) has(desc ocispec.Descriptor) bool {
	path := w.store.blobPath(desc.Digest)
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	if info.Size() != desc.Size || !intact(path, desc) {
		// When it cannot be removed, Push reports why.
		_ = os.Remove(path)
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.found = append(w.found, desc)
	return true
}

func intact(path string, desc ocispec.Descriptor) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	r := content.NewVerifyReader(f, desc)
	if _, err := io.Copy(io.Discard, r); err != nil {
		return false
	}
	return r.Verify() == nil
}

// commit makes the blobs durable and then adds the entry to the index, unless a
// blob that it needs is gone.
func (w *writer) commit(ctx context.Context, e entry) error {
	var group errgroup.Group
	group.Go(w.store.create)
	for _, desc := range w.fresh {
		group.Go(func() error { return syncFile(w.store.blobPath(desc.Digest)) })
	}
	if err := group.Wait(); err != nil {
		return w.store.writeError(err)
	}
	return w.store.update(ctx, func(x *index) error {
		for _, desc := range append(w.found, w.fresh...) {
			if _, err := os.Stat(w.store.blobPath(desc.Digest)); err != nil {
				return fmt.Errorf("%s: %w", desc.Digest, errVanished)
			}
		}
		x.set(e)
		return nil
	})
}

// abort removes the blobs that were written, as far as nothing refers to them.
// It works also after the context of the write was cancelled.
func (w *writer) abort(ctx context.Context) {
	if len(w.fresh) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
	defer cancel()
	written := digests{}
	for _, desc := range w.fresh {
		written[desc.Digest] = true
	}
	// What cannot be removed now is unreferenced, and a later rm takes it.
	_ = w.store.locked(ctx, func() error {
		x, err := w.store.readIndex()
		if err != nil {
			return err
		}
		return w.store.removeUnused(ctx, x, written)
	})
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0) // Windows syncs no file opened for reading
	if errors.Is(err, fs.ErrNotExist) {
		return nil // vanished, which is noticed under the lock
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (s *Store) blobPath(d digest.Digest) string {
	return filepath.Join(s.dir, ocispec.ImageBlobsDir, d.Algorithm().String(), d.Encoded())
}

// explain names the file behind an error of package artifact.
func (s *Store) explain(ref Reference, err error) error {
	var blob *artifact.BlobError
	if !errors.As(err, &blob) {
		return s.writeError(err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, artifact.ErrTooLarge) {
		return err
	}
	cause := blob.Err
	if errors.Is(cause, errdef.ErrNotFound) {
		cause = errors.New("the file is missing")
	}
	next := fmt.Sprintf("build it again with 'wasmctl build -t %s', or remove it with 'wasmctl rm %s'", ref, ref)
	if ref.Remote() {
		next = fmt.Sprintf("'wasmctl pull %s' replaces the file; 'wasmctl rm %s' removes the image", ref, ref)
	}
	return hint.Errorf(next, "%s: %w", ref, &DamagedError{File: s.blobPath(blob.Descriptor.Digest), Err: cause})
}

// writeError marks an error of the file system as one of the store.
func (s *Store) writeError(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	if !errors.Is(err, ErrStore) && (errors.As(err, &path) || errors.As(err, &link)) {
		return s.unusable(err)
	}
	return err
}
