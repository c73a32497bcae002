package artifact

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
)

// gzipLevel is the fastest one: on a Go filter of 3.5 MB it takes 20 ms for a
// layer of 1.19 MB, where level 6 takes twice as long to save 13 % of that.
const gzipLevel = gzip.BestSpeed

// Pack pushes the blobs and the manifest of a to dst and returns the descriptor
// of the manifest. The same module and metadata give the same bytes, and so the
// same digest. What dst has already is left as it is.
//
// The manifest has three layers: the runtime configuration, which is also the
// config blob, the raw module, and last a tar+gzip with plugin.wasm. Readers of
// the wasm image specification take the second, and Istio, Envoy Gateway and
// Higress, which look at the last layer only, the third.
func Pack(ctx context.Context, dst content.Pusher, a Artifact) (ocispec.Descriptor, error) {
	module := a.Module.Bytes()
	if len(module) > MaxSize {
		return ocispec.Descriptor{}, fmt.Errorf("the module has %d bytes: %w", len(module), ErrTooLarge)
	}
	a.Config = a.Config.complete(a.Module)
	config, err := a.Config.encode()
	if err != nil {
		return ocispec.Descriptor{}, fmt.Errorf("encode the runtime configuration: %w", err)
	}
	layers := make([]ocispec.Descriptor, 3)
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		layers[0], err = push(groupCtx, dst, MediaTypeConfig, config)
		return err
	})
	group.Go(func() (err error) {
		layers[1], err = push(groupCtx, dst, MediaTypeContent, module)
		return err
	})
	group.Go(func() error {
		packed, err := tarball(module)
		if err != nil {
			return fmt.Errorf("pack %s: %w", pluginFile, err)
		}
		layers[2], err = push(groupCtx, dst, ocispec.MediaTypeImageLayerGzip, packed)
		return err
	})
	if err := group.Wait(); err != nil {
		return ocispec.Descriptor{}, err
	}
	return pushManifest(ctx, dst, a, layers)
}

func pushManifest(ctx context.Context, dst content.Pusher, a Artifact, layers []ocispec.Descriptor) (ocispec.Descriptor, error) {
	config := layers[0]
	for i, name := range []string{configFile, moduleFile, tarFile} {
		layers[i].Annotations = map[string]string{ocispec.AnnotationTitle: name}
	}
	manifest, err := json.Marshal(ocispec.Manifest{
		Versioned:   specs.Versioned{SchemaVersion: 2},
		MediaType:   ocispec.MediaTypeImageManifest,
		Config:      config,
		Layers:      layers,
		Annotations: a.annotations(),
	})
	if err != nil {
		return ocispec.Descriptor{}, fmt.Errorf("encode the manifest: %w", err)
	}
	return push(ctx, dst, ocispec.MediaTypeImageManifest, manifest)
}

func (a Artifact) annotations() map[string]string {
	all := map[string]string{AnnotationRuntimeType: a.Config.Type}
	if a.Title != "" {
		all[ocispec.AnnotationTitle] = a.Title
	}
	if !a.Created.IsZero() {
		all[ocispec.AnnotationCreated] = a.Created.UTC().Format(time.RFC3339)
	}
	maps.Copy(all, a.Annotations)
	delete(all, AnnotationABI)
	if len(a.Config.ABIVersions) > 0 {
		all[AnnotationABI] = strings.Join(a.Config.ABIVersions, ",")
	}
	return all
}

// tarball returns a tar+gzip with the module as plugin.wasm. Time, owner and
// mode are constant, and the gzip header has neither name nor time.
func tarball(module []byte) ([]byte, error) {
	var packed bytes.Buffer
	packed.Grow(len(module) / 2)
	z, err := gzip.NewWriterLevel(&packed, gzipLevel)
	if err != nil {
		return nil, err
	}
	t := tar.NewWriter(z)
	header := &tar.Header{
		Typeflag: tar.TypeReg,
		Name:     pluginFile,
		Mode:     0o644,
		Size:     int64(len(module)),
		ModTime:  time.Unix(0, 0),
		Format:   tar.FormatUSTAR,
	}
	if err := t.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := t.Write(module); err != nil {
		return nil, err
	}
	if err := errors.Join(t.Close(), z.Close()); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

func push(ctx context.Context, dst content.Pusher, mediaType string, b []byte) (ocispec.Descriptor, error) {
	desc := ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(b), Size: int64(len(b))}
	if err := ctx.Err(); err != nil {
		return desc, err
	}
	err := dst.Push(ctx, desc, bytes.NewReader(b))
	if err != nil && !errors.Is(err, errdef.ErrAlreadyExists) {
		return desc, fmt.Errorf("store %s: %w", mediaType, err)
	}
	return desc, nil
}
