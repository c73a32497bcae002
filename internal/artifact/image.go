package artifact

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/wasmctl/wasmctl/internal/hint"
)

const (
	// MaxManifest is the most bytes of a manifest or index, as registries have it.
	MaxManifest = 4 << 20
	// maxLayers is far above what images have, and bounds what is fetched.
	maxLayers = 128
	// maxImage is the most bytes of all blobs of an image together.
	maxImage = 1 << 30
)

// Image is the manifest of an image that holds a module, understood.
type Image struct {
	// Descriptor is that of the image manifest, also if an index was opened.
	Descriptor ocispec.Descriptor
	// Manifest is the manifest byte by byte.
	Manifest []byte
	// Blobs are the config and the layers, each digest once.
	Blobs []ocispec.Descriptor
	// Annotations are those of the manifest.
	Annotations map[string]string
	// Layout is how the module is held.
	Layout Layout

	layers []ocispec.Descriptor
	config ocispec.Descriptor
}

// Open reads the manifest that desc describes, and through an index the one
// manifest that holds the module for any proxy, and finds the module in it. It
// reads no layer. The error is ErrLayout, ErrManifest, ErrTooLarge or *BlobError.
func Open(ctx context.Context, src content.Fetcher, desc ocispec.Descriptor) (*Image, error) {
	b, m, err := readManifest(ctx, src, desc)
	if err != nil {
		return nil, err
	}
	if m.isIndex() {
		if desc, err = choose(m.Manifests); err != nil {
			return nil, err
		}
		if b, m, err = readManifest(ctx, src, desc); err != nil {
			return nil, err
		}
		if m.isIndex() {
			return nil, fmt.Errorf("%w %s: an index inside an index", ErrManifest, desc.Digest)
		}
	}
	if desc.MediaType == "" {
		desc.MediaType = m.MediaType
	}
	i := &Image{Descriptor: content.NewDescriptorFromBytes(desc.MediaType, b), Manifest: b, Annotations: m.Annotations, layers: m.Layers, config: m.Config}
	if err := i.collect(); err != nil {
		return nil, err
	}
	i.Layout, err = i.layout()
	return i, err
}

// Size returns the bytes of the manifest and all blobs.
func (i *Image) Size() int64 {
	size := i.Descriptor.Size
	for _, b := range i.Blobs {
		size += b.Size
	}
	return size
}

// ModuleSHA256 returns the SHA-256 of the module as hexadecimal digits if the
// manifest tells it, which it does when the module is a layer of its own.
func (i *Image) ModuleSHA256() string {
	if raw, ok := i.rawLayer(); ok && raw.Digest.Algorithm() == "sha256" {
		return raw.Digest.Encoded()
	}
	return ""
}

// collect fills in the blobs and checks their sizes.
func (i *Image) collect() error {
	if len(i.layers) > maxLayers {
		return fmt.Errorf("%w %s: %d layers, more than %d", ErrManifest, i.Descriptor.Digest, len(i.layers), maxLayers)
	}
	seen := map[string]bool{}
	for _, b := range append([]ocispec.Descriptor{i.config}, i.layers...) {
		if err := b.Digest.Validate(); err != nil || b.Size < 0 {
			return fmt.Errorf("%w %s: blob %q of %d bytes", ErrManifest, i.Descriptor.Digest, b.Digest, b.Size)
		}
		if b.Size > MaxSize {
			return &BlobError{Descriptor: b, Err: ErrTooLarge}
		}
		if !seen[string(b.Digest)] {
			seen[string(b.Digest)] = true
			i.Blobs = append(i.Blobs, b)
		}
	}
	if i.Size() > maxImage {
		return fmt.Errorf("image %s of %d bytes: %w", i.Descriptor.Digest, i.Size(), ErrTooLarge)
	}
	return nil
}

// layout finds out how the image holds the module.
func (i *Image) layout() (Layout, error) {
	if raw, ok := i.rawLayer(); ok {
		switch raw.MediaType {
		case mediaTypeCNCFLayer:
			return LayoutCNCF, nil
		case mediaTypeWasmToOCI:
			return LayoutWasmToOCI, nil
		}
		return LayoutWasmImage, nil
	}
	for _, l := range i.layers {
		if ok, _ := isTar(l.MediaType); ok {
			return LayoutCompat, nil
		}
	}
	return "", hint.Errorf("push the filter with wasmctl, wasme, or oras in one of the layouts listed in the documentation",
		"%w: %s", ErrLayout, i.types())
}

// rawLayer returns the layer that is the module, byte by byte.
func (i *Image) rawLayer() (ocispec.Descriptor, bool) {
	if i.config.MediaType == mediaTypeCNCFConfig || len(i.layers) == 1 {
		for _, l := range i.layers {
			if l.MediaType == mediaTypeCNCFLayer {
				return l, true
			}
		}
	}
	for _, l := range i.layers {
		if l.MediaType == MediaTypeContent || l.MediaType == mediaTypeWasmToOCI {
			return l, true
		}
	}
	return ocispec.Descriptor{}, false
}

// types lists the media types that were found.
func (i *Image) types() string {
	found := make([]string, 0, len(i.layers))
	for _, l := range i.layers {
		found = append(found, l.MediaType)
	}
	if len(found) == 0 {
		return fmt.Sprintf("config %s and no layers", i.config.MediaType)
	}
	return fmt.Sprintf("config %s, layers %s", i.config.MediaType, strings.Join(found, ", "))
}

// manifest is an image manifest or an index, of OCI or Docker.
type manifest struct {
	MediaType   string               `json:"mediaType"`
	Config      ocispec.Descriptor   `json:"config"`
	Layers      []ocispec.Descriptor `json:"layers"`
	Manifests   []ocispec.Descriptor `json:"manifests"`
	Annotations map[string]string    `json:"annotations"`
}

func (m manifest) isIndex() bool { return m.Manifests != nil }

func readManifest(ctx context.Context, src content.Fetcher, desc ocispec.Descriptor) ([]byte, manifest, error) {
	var m manifest
	if desc.Size > MaxManifest {
		return nil, m, &BlobError{Descriptor: desc, Err: fmt.Errorf("a manifest of %d bytes, more than %d", desc.Size, MaxManifest)}
	}
	b, err := ReadBlob(ctx, src, desc)
	if err != nil {
		return nil, m, err
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, m, fmt.Errorf("%w %s: %w", ErrManifest, desc.Digest, err)
	}
	switch m.MediaType {
	case "", ocispec.MediaTypeImageManifest, ocispec.MediaTypeImageIndex, mediaTypeDockerManifest, mediaTypeDockerList:
	default:
		return nil, m, fmt.Errorf("%w: a manifest of type %s", ErrLayout, m.MediaType)
	}
	// A text that is both could mean different things to different readers.
	if m.isIndex() && m.Layers != nil {
		return nil, m, fmt.Errorf("%w %s: both an image and an index", ErrManifest, desc.Digest)
	}
	if m.MediaType == "" {
		m.MediaType = ocispec.MediaTypeImageManifest
	}
	return b, m, nil
}

// ReadBlob reads a whole blob and checks its size and digest. The error is
// *BlobError.
func ReadBlob(ctx context.Context, src content.Fetcher, desc ocispec.Descriptor) ([]byte, error) {
	b, err := readAll(ctx, src, desc)
	if err != nil {
		return nil, &BlobError{Descriptor: desc, Err: err}
	}
	return b, nil
}

// trusted is up to which size the buffer for a blob is made at once, because the
// descriptor says so. The buffer of content.FetchAll grows, and is copied, for
// every blob.
const trusted = 32 << 20

func readAll(ctx context.Context, src content.Fetcher, desc ocispec.Descriptor) ([]byte, error) {
	if desc.Size < 0 || desc.Size > trusted {
		return content.FetchAll(ctx, src, desc)
	}
	rc, err := src.Fetch(ctx, desc)
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	b := make([]byte, desc.Size)
	verified := content.NewVerifyReader(rc, desc)
	if n, err := io.ReadFull(verified, b); err != nil {
		return nil, fmt.Errorf("%d bytes instead of %d: %w", n, desc.Size, err)
	}
	return b, verified.Verify()
}

// choose returns the child of an index that holds the module: one for the
// architecture wasm that is no component, else one for no platform, else
// linux/amd64, as Istio does it.
func choose(children []ocispec.Descriptor) (ocispec.Descriptor, error) {
	ranks := []func(*ocispec.Platform) bool{
		func(p *ocispec.Platform) bool { return p != nil && p.Architecture == "wasm" && p.OS != "wasip2" },
		func(p *ocispec.Platform) bool { return p == nil },
		func(p *ocispec.Platform) bool { return p != nil && p.OS == "linux" && p.Architecture == "amd64" },
	}
	for _, fits := range ranks {
		for _, c := range children {
			if fits(c.Platform) {
				return c, nil
			}
		}
	}
	var found []string
	for _, c := range children {
		found = append(found, c.Platform.OS+"/"+c.Platform.Architecture)
	}
	return ocispec.Descriptor{}, hint.Errorf("pull the image for one platform by its own tag or digest",
		"%w: an index for %s, without one for wasm, linux/amd64 or no platform", ErrLayout, strings.Join(found, ", "))
}
