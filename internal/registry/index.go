package registry

import (
	"maps"
	"slices"
	"strings"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/wasmctl/wasmctl/internal/artifact"
)

// index is what index.json says.
type index struct {
	entries []entry
	// raw is the file as it was read, with what is kept though not understood.
	raw ocispec.Index
}

// entry is one descriptor of index.json.
type entry struct {
	desc ocispec.Descriptor
	// name is the annotation org.opencontainers.image.ref.name, "" when it has
	// none, which makes it reachable by digest only.
	name string
	// ref is the name as a reference; a digest alone when that is impossible.
	ref Reference
}

// newEntry returns the entry for a manifest stored now.
func newEntry(ref Reference, desc ocispec.Descriptor) entry {
	desc = ocispec.Descriptor{
		MediaType: desc.MediaType,
		Digest:    desc.Digest,
		Size:      desc.Size,
		Annotations: map[string]string{
			ocispec.AnnotationRefName: ref.String(),
			ocispec.AnnotationCreated: time.Now().UTC().Format(time.RFC3339),
		},
	}
	return entry{desc: desc, name: ref.String(), ref: ref}
}

// readEntry understands a descriptor that wasmctl or another tool wrote.
func readEntry(desc ocispec.Descriptor) entry {
	e := entry{desc: desc, name: desc.Annotations[ocispec.AnnotationRefName]}
	ref, err := ParseReference(e.name)
	if err != nil {
		ref = Reference{Digest: Digest(desc.Digest)}
	}
	e.ref = ref
	return e
}

// has tells whether the entry is for a manifest of the digest. One that was
// pulled by the digest of an index is for that digest too.
func (e entry) has(d Digest) bool {
	return Digest(e.desc.Digest) == d || e.ref.Digest == d
}

// image describes the entry; opened is nil when its manifest cannot be read.
func (e entry) image(opened *artifact.Image) Image {
	created, _ := time.Parse(time.RFC3339, e.desc.Annotations[ocispec.AnnotationCreated])
	image := Image{Ref: e.ref.String(), Digest: Digest(e.desc.Digest), Created: created}
	if opened == nil {
		return image
	}
	image.Digest = Digest(opened.Descriptor.Digest)
	image.Size = opened.Size()
	image.Title = opened.Annotations[ocispec.AnnotationTitle]
	image.ABI = opened.Annotations[artifact.AnnotationABI]
	image.ModuleSHA256 = opened.ModuleSHA256()
	image.Layout = opened.Layout
	return image
}

// find returns the entry that a reference names: by digest if it has one.
func (x *index) find(ref Reference) (entry, bool) {
	name := ref.String()
	for _, e := range x.entries {
		if e.name == name || e.ref.String() == name {
			return e, true
		}
	}
	if ref.Digest == "" {
		return entry{}, false
	}
	i := slices.IndexFunc(x.entries, func(e entry) bool { return e.has(ref.Digest) })
	if i < 0 {
		return entry{}, false
	}
	return x.entries[i], true
}

// set adds an entry in the place of the one that has its name.
func (x *index) set(e entry) {
	x.entries = slices.DeleteFunc(x.entries, func(old entry) bool {
		return old.name == e.name || old.ref == e.ref
	})
	x.entries = append(x.entries, e)
}

// remove takes out what Store.Remove removes.
func (x *index) remove(ref Reference) (removed []entry) {
	matches := func(e entry) bool {
		if ref.Digest == "" {
			return e.ref.String() == ref.String()
		}
		sameRepository := e.ref.Registry == ref.Registry && e.ref.Repository == ref.Repository
		return e.has(ref.Digest) && (ref.Repository == "" || sameRepository)
	}
	x.entries = slices.DeleteFunc(x.entries, func(e entry) bool {
		if !matches(e) {
			return false
		}
		removed = append(removed, e)
		return true
	})
	return removed
}

// encoded returns the index to write: sorted, so that the file changes no more
// than what is in it.
func (x *index) encoded() ocispec.Index {
	out := x.raw
	out.SchemaVersion = 2
	out.MediaType = ocispec.MediaTypeImageIndex
	out.Manifests = make([]ocispec.Descriptor, 0, len(x.entries))
	for _, e := range x.entries {
		desc := e.desc
		desc.Annotations = maps.Clone(desc.Annotations)
		out.Manifests = append(out.Manifests, desc)
	}
	slices.SortStableFunc(out.Manifests, func(a, b ocispec.Descriptor) int {
		return strings.Compare(a.Annotations[ocispec.AnnotationRefName], b.Annotations[ocispec.AnnotationRefName])
	})
	return out
}
