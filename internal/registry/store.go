package registry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content/oci"

	"github.com/wasmctl/wasmctl/internal/artifact"
	"github.com/wasmctl/wasmctl/internal/hint"
)

// Store is a folder with images, in the form of an OCI image layout, so that
// any OCI tool can read it. Any number of processes may use it at once.
//
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
type Store struct {
	dir   string
	blobs *oci.ReadOnlyStorage
}

// attempts is how often a write starts again because another process removed
// blobs that it had found in the store.
const attempts = 3

// OpenStore returns the store in the folder. The folder is made when something
// is first written to it. The error is ErrStore when it is something else.
func OpenStore(dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	s := &Store{dir: dir, blobs: oci.NewStorageFromFS(os.DirFS(dir))}
	return s, s.checkLayout()
}

// Dir returns the store's folder.
func (s *Store) Dir() string { return s.dir }

// Put packs an artifact and stores it under the reference, which it takes from
// the image that had it. The reference must not have a digest.
func (s *Store) Put(ctx context.Context, a artifact.Artifact, ref Reference) (Image, error) {
	if err := ref.taggable(); err != nil {
		return Image{}, err
	}
	return s.write(ctx, ref, func(w *writer) (ocispec.Descriptor, error) {
		return artifact.Pack(ctx, w, a)
	})
}

// write runs fill, which pushes blobs and returns their manifest, and then
// stores that under the reference. When anything fails the blobs are removed.
func (s *Store) write(ctx context.Context, ref Reference, fill func(*writer) (ocispec.Descriptor, error)) (Image, error) {
	for attempt := 1; ; attempt++ {
		image, err := s.writeOnce(ctx, ref, fill)
		if err == nil || attempt == attempts || !errors.Is(err, errVanished) {
			return image, err
		}
	}
}

func (s *Store) writeOnce(ctx context.Context, ref Reference, fill func(*writer) (ocispec.Descriptor, error)) (_ Image, err error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return Image{}, s.unusable(err)
	}
	w := &writer{store: s}
	defer func() {
		if err != nil {
			w.abort(ctx)
		}
	}()
	desc, err := fill(w)
	if err != nil {
		return Image{}, s.explain(ref, err)
	}
	e := newEntry(ref, desc)
	if err := w.commit(ctx, e); err != nil {
		return Image{}, err
	}
	image, err := s.describe(ctx, e)
	if err == nil && image.ModuleSHA256 == "" {
		_, image, err = s.load(ctx, e)
	}
	return image, err
}

// Get returns the artifact, every digest verified. The error is ErrNotStored
// or *DamagedError.
func (s *Store) Get(ctx context.Context, ref Reference) (*artifact.Artifact, Image, error) {
	e, err := s.find(ref)
	if err != nil {
		return nil, Image{}, err
	}
	a, image, err := s.load(ctx, e)
	if err != nil {
		// It may have been removed while it was read.
		if _, gone := s.find(ref); errors.Is(gone, ErrNotStored) {
			return nil, Image{}, gone
		}
	}
	return a, image, err
}

func (s *Store) load(ctx context.Context, e entry) (*artifact.Artifact, Image, error) {
	opened, err := artifact.Open(ctx, s.blobs, e.desc)
	if err != nil {
		return nil, Image{}, s.explain(e.ref, err)
	}
	a, err := opened.Unpack(ctx, s.blobs)
	if err != nil {
		return nil, Image{}, s.explain(e.ref, err)
	}
	image := e.image(opened)
	if image.ModuleSHA256 == "" {
		image.ModuleSHA256 = a.Module.SHA256()
	}
	return a, image, nil
}

// Resolve returns the image that the reference names: by its digest if it has
// one, else by its name. The error is ErrNotStored.
func (s *Store) Resolve(ctx context.Context, ref Reference) (Image, error) {
	e, err := s.find(ref)
	if err != nil {
		return Image{}, err
	}
	return s.describe(ctx, e)
}

// Tag stores the image that src names under dst too.
func (s *Store) Tag(ctx context.Context, src, dst Reference) (Image, error) {
	if err := dst.taggable(); err != nil {
		return Image{}, err
	}
	var tagged entry
	err := s.update(ctx, func(x *index) error {
		e, ok := x.find(src)
		if !ok {
			return notStored(src)
		}
		tagged = newEntry(dst, e.desc)
		x.set(tagged)
		return nil
	})
	if err != nil {
		return Image{}, err
	}
	return s.describe(ctx, tagged)
}

// List returns all images, by reference. An image with two references is
// there twice, and a damaged one is there with its problem.
func (s *Store) List(ctx context.Context) ([]Image, error) {
	x, err := s.readIndex()
	if err != nil {
		return nil, err
	}
	images := make([]Image, 0, len(x.entries))
	for _, e := range x.entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		images = append(images, s.describeAnyway(ctx, e))
	}
	slices.SortFunc(images, func(a, b Image) int { return strings.Compare(a.Ref, b.Ref) })
	return images, nil
}

// Remove removes the reference, and then the blobs that no other image needs.
// With a digest it removes all references to that manifest, of one repository
// if the reference names one. It returns what it removed. The error is
// ErrNotStored.
func (s *Store) Remove(ctx context.Context, ref Reference) ([]Image, error) {
	var removed []Image
	err := s.locked(ctx, func() error {
		x, err := s.readIndex()
		if err != nil {
			return err
		}
		gone := x.remove(ref)
		if len(gone) == 0 {
			return notStored(ref)
		}
		candidates := digests{}
		for _, e := range gone {
			removed = append(removed, s.describeAnyway(ctx, e))
			// Of a damaged image the blobs that are not found stay until they are old.
			_ = s.mark(ctx, candidates, e.desc)
		}
		if err := s.replace(ocispec.ImageIndexFile, x.encoded()); err != nil {
			return err
		}
		s.addAbandoned(candidates)
		return errors.Join(s.removeUnused(ctx, x, candidates), s.removeTemporary())
	})
	if err != nil {
		return nil, err
	}
	return removed, nil
}

// describe reads the manifest of an entry.
func (s *Store) describe(ctx context.Context, e entry) (Image, error) {
	opened, err := artifact.Open(ctx, s.blobs, e.desc)
	if err != nil {
		return Image{}, s.explain(e.ref, err)
	}
	return e.image(opened), nil
}

// describeAnyway describes a damaged image as such.
func (s *Store) describeAnyway(ctx context.Context, e entry) Image {
	image, err := s.describe(ctx, e)
	if err != nil {
		image = e.image(nil)
		image.Problem = err.Error()
	}
	return image
}

func (s *Store) find(ref Reference) (entry, error) {
	x, err := s.readIndex()
	if err != nil {
		return entry{}, err
	}
	e, ok := x.find(ref)
	if !ok {
		return entry{}, notStored(ref)
	}
	return e, nil
}

func notStored(ref Reference) error {
	next := "'wasmctl list' shows what is stored"
	if ref.Remote() {
		next = fmt.Sprintf("'wasmctl pull %s' fetches it, and 'wasmctl list' shows what is stored", ref)
	}
	return hint.Errorf(next, "%s: %w", ref, ErrNotStored)
}

// taggable returns the error for a reference that cannot be given to an image.
func (r Reference) taggable() error {
	if r.Digest == "" {
		return nil
	}
	return hint.Errorf("give it a tag, for example "+max(r.Repository, "filter")+":v1",
		"%w %q: a digest cannot be given to an image", ErrReference, r)
}
