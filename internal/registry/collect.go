package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/wasmctl/wasmctl/internal/artifact"
)

// abandoned is the age from which a file that nothing refers to counts as left
// behind by a process that was killed. Should it be part of a slow write after
// all, that write notices and starts again.
const abandoned = time.Hour

// digests are blobs by digest.
type digests map[digest.Digest]bool

// removeUnused removes those of the candidates that nothing in the index refers
// to. The store must be locked.
func (s *Store) removeUnused(ctx context.Context, x *index, candidates digests) error {
	used := digests{}
	for _, e := range x.entries {
		if err := s.mark(ctx, used, e.desc); err != nil {
			// What a damaged image needs is not known, so nothing is removed.
			return ctx.Err()
		}
	}
	var err error
	for d := range candidates {
		if !used[d] {
			err = errors.Join(err, removeFile(s.blobPath(d)))
		}
	}
	return err
}

// mark adds a manifest and all that it refers to. On an error it has added what
// could be found out.
func (s *Store) mark(ctx context.Context, used digests, desc ocispec.Descriptor) error {
	if used[desc.Digest] {
		return nil
	}
	used[desc.Digest] = true
	if err := ctx.Err(); err != nil {
		return err
	}
	if !strings.HasSuffix(desc.MediaType, "+json") {
		return fmt.Errorf("%s: unknown media type %q of a manifest", desc.Digest, desc.MediaType)
	}
	return s.markSuccessors(ctx, used, desc)
}

func (s *Store) markSuccessors(ctx context.Context, used digests, desc ocispec.Descriptor) error {
	next, err := content.Successors(ctx, limited{s.blobs}, desc)
	if err != nil {
		return err
	}
	for _, n := range next {
		used[n.Digest] = true
		if err := s.markSuccessors(ctx, used, n); err != nil {
			return err
		}
	}
	return nil
}

// limited fetches manifests as far as they have a sensible size.
type limited struct{ content.Fetcher }

func (l limited) Fetch(ctx context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	if desc.Size > artifact.MaxManifest {
		return nil, artifact.ErrTooLarge
	}
	return l.Fetcher.Fetch(ctx, desc)
}

// addAbandoned adds the blobs that are old enough to be left behind. Those that
// are in use are sorted out later.
func (s *Store) addAbandoned(candidates digests) {
	for _, path := range s.oldFiles(filepath.Join(ocispec.ImageBlobsDir, "*", "*")) {
		algorithm := digest.Algorithm(filepath.Base(filepath.Dir(path)))
		d := digest.NewDigestFromEncoded(algorithm, filepath.Base(path))
		if d.Validate() == nil {
			candidates[d] = true
		}
	}
}

// removeTemporary removes the temporary files of processes that were killed.
func (s *Store) removeTemporary() error {
	old := append(s.oldFiles(filepath.Join(ingestDir, "*")), s.oldFiles(tempPattern)...)
	var err error
	for _, path := range old {
		err = errors.Join(err, removeFile(path))
	}
	return err
}

func (s *Store) oldFiles(pattern string) []string {
	// The patterns of this file are well formed.
	paths, _ := fs.Glob(os.DirFS(s.dir), filepath.ToSlash(pattern))
	var old []string
	for _, p := range paths {
		path := s.path(filepath.FromSlash(p))
		info, err := os.Lstat(path)
		if err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > abandoned {
			old = append(old, path)
		}
	}
	return old
}

func removeFile(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
