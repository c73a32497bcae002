package artifact

import (
	"context"
	"fmt"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/wasmctl/wasmctl/internal/wasm"
)

// Unpack reads the manifest (or index) that desc describes and the module in
// it, in any layout that is in use for proxy-wasm filters. Every blob it reads
// is checked against its size and digest. The errors are those of Open and of
// Image.Unpack.
func Unpack(ctx context.Context, src content.Fetcher, desc ocispec.Descriptor) (*Artifact, error) {
	i, err := Open(ctx, src, desc)
	if err != nil {
		return nil, err
	}
	return i.Unpack(ctx, src)
}

// Unpack reads the module and the runtime configuration. The error is
// ErrLayout, ErrTooLarge, *BlobError, or that of wasm.Decode.
func (i *Image) Unpack(ctx context.Context, src content.Fetcher) (*Artifact, error) {
	b, err := i.module(ctx, src)
	if err != nil {
		return nil, err
	}
	m, err := wasm.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("the module in image %s (%s): %w", i.Descriptor.Digest, i.types(), err)
	}
	config, err := i.runtimeConfig(ctx, src)
	if err != nil {
		return nil, err
	}
	a := &Artifact{
		Module:      m,
		Config:      config.fromAnnotations(i.Annotations),
		Title:       i.Annotations[ocispec.AnnotationTitle],
		Annotations: i.Annotations,
		Layout:      i.Layout,
	}
	// A time that cannot be read is a remark that is not understood.
	a.Created, _ = time.Parse(time.RFC3339, i.Annotations[ocispec.AnnotationCreated])
	return a, nil
}

func (i *Image) module(ctx context.Context, src content.Fetcher) ([]byte, error) {
	if raw, ok := i.rawLayer(); ok {
		return ReadBlob(ctx, src, raw)
	}
	// The last layer is the one that proxies look at; the others are searched
	// because images built with several COPY lines have the module further up.
	var found, names []string
	for n := len(i.layers) - 1; n >= 0; n-- {
		layer := i.layers[n]
		if ok, _ := isTar(layer.MediaType); !ok {
			continue
		}
		b, seen, err := readTar(ctx, src, layer)
		if err != nil {
			return nil, &BlobError{Descriptor: layer, Err: err}
		}
		if b != nil {
			return b, nil
		}
		found, names = append(found, layer.MediaType), append(names, seen...)
	}
	return nil, fmt.Errorf("%w: no %s in the layers %v (files: %v)", ErrLayout, pluginFile, found, names)
}

// runtimeConfig reads the runtime configuration if the image has one.
func (i *Image) runtimeConfig(ctx context.Context, src content.Fetcher) (RuntimeConfig, error) {
	for _, d := range append([]ocispec.Descriptor{i.config}, i.layers...) {
		if d.MediaType != MediaTypeConfig {
			continue
		}
		if d.Size > MaxManifest {
			return RuntimeConfig{}, &BlobError{Descriptor: d, Err: ErrTooLarge}
		}
		b, err := ReadBlob(ctx, src, d)
		if err != nil {
			return RuntimeConfig{}, err
		}
		return decodeConfig(b), nil
	}
	return RuntimeConfig{}, nil
}
