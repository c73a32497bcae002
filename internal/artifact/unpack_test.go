package artifact_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/memory"

	"github.com/wasmctl/wasmctl/internal/artifact"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// flipped is a storage with one damaged blob.
type flipped struct {
	content.Fetcher
	damaged digest.Digest
}

func (f flipped) Fetch(ctx context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	rc, err := f.Fetcher.Fetch(ctx, desc)
	if err != nil || desc.Digest != f.damaged {
		return rc, err
	}
	defer rc.Close()
	b, err := io.ReadAll(rc)
	b[len(b)/2] ^= 1
	return io.NopCloser(bytes.NewReader(b)), err
}

const (
	imageConfig  = ocispec.MediaTypeImageConfig
	dockerConfig = "application/vnd.docker.container.image.v1+json"
	dockerImage  = "application/vnd.docker.distribution.manifest.v2+json"
	dockerList   = "application/vnd.docker.distribution.manifest.list.v2+json"
	dockerLayer  = "application/vnd.docker.image.rootfs.diff.tar.gzip"
	ociLayer     = ocispec.MediaTypeImageLayerGzip
	cncfConfig   = "application/vnd.wasm.config.v0+json"
	cncfLayer    = "application/wasm"
	wasmToOCI    = "application/vnd.wasm.content.layer.v1+wasm"
)

type layer struct {
	mediaType string
	content   []byte
}

// image pushes a manifest and its blobs.
func image(t testing.TB, store *memory.Store, mediaType, config string, layers ...layer) ocispec.Descriptor {
	t.Helper()
	push := func(mediaType string, b []byte) ocispec.Descriptor {
		desc := content.NewDescriptorFromBytes(mediaType, b)
		if ok, _ := store.Exists(t.Context(), desc); !ok {
			if err := store.Push(t.Context(), desc, bytes.NewReader(b)); err != nil {
				t.Fatal(err)
			}
		}
		return desc
	}
	m := ocispec.Manifest{MediaType: mediaType, Config: push(config, []byte("{}"))}
	m.SchemaVersion = 2
	for _, l := range layers {
		m.Layers = append(m.Layers, push(l.mediaType, l.content))
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return push(mediaType, b)
}

// packed returns a tar+gzip with the files: name, content, name, content.
func packed(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	archive := tar.NewWriter(z)
	for i := 0; i < len(files); i += 2 {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(archive, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestUnpackLayouts(t *testing.T) {
	t.Parallel()
	raw := module(t).Bytes()
	text := string(raw)
	plugin := packed(t, "plugin.wasm", text)
	oci := ocispec.MediaTypeImageManifest
	cases := []struct {
		name, manifest, config string
		layers                 []layer
		want                   artifact.Layout
		problem                error
	}{
		{"compat", oci, imageConfig, []layer{{ociLayer, plugin}}, artifact.LayoutCompat, nil},
		{"compat in a folder", oci, imageConfig, []layer{{ociLayer, packed(t, "a/b/plugin.wasm", text)}}, artifact.LayoutCompat, nil},
		{"compat docker", dockerImage, dockerConfig, []layer{{dockerLayer, plugin}}, artifact.LayoutCompat, nil},
		{"compat, another name", oci, imageConfig, []layer{{ociLayer, packed(t, "README", "x", "filter.wasm", text)}}, artifact.LayoutCompat, nil},
		{"compat, further up", oci, imageConfig, []layer{{ociLayer, plugin}, {ociLayer, packed(t, "LICENSE", "x")}}, artifact.LayoutCompat, nil},
		{"compat, two names", oci, imageConfig, []layer{{ociLayer, packed(t, "a.wasm", text, "b.wasm", text)}}, "", artifact.ErrLayout},
		{"higress", oci, "application/vnd.unknown.config.v1+json", []layer{
			{"application/vnd.module.wasm.doc.v1+markdown", []byte("# x")},
			{"application/vnd.module.wasm.spec.v1+yaml", []byte("x: y")},
			{ociLayer, plugin},
		}, artifact.LayoutCompat, nil},
		{"wasme", oci, artifact.MediaTypeConfig, []layer{{artifact.MediaTypeConfig, []byte("{}")}, {artifact.MediaTypeContent, raw}}, artifact.LayoutWasmImage, nil},
		{"wasme, content alone", oci, artifact.MediaTypeConfig, []layer{{artifact.MediaTypeContent, raw}}, artifact.LayoutWasmImage, nil},
		{"wasme, tar in the middle", oci, artifact.MediaTypeConfig, []layer{{ociLayer, plugin}, {artifact.MediaTypeContent, raw}}, artifact.LayoutWasmImage, nil},
		{"wasm-to-oci", oci, "application/vnd.wasm.config.v1+json", []layer{{wasmToOCI, raw}}, artifact.LayoutWasmToOCI, nil},
		{"cncf", oci, cncfConfig, []layer{{cncfLayer, raw}}, artifact.LayoutCNCF, nil},
		{"cncf and a tar", oci, cncfConfig, []layer{{cncfLayer, raw}, {ociLayer, plugin}}, artifact.LayoutCNCF, nil},
		{"one layer application/wasm", oci, imageConfig, []layer{{cncfLayer, raw}}, artifact.LayoutCNCF, nil},
		{"no layers", oci, imageConfig, nil, "", artifact.ErrLayout},
		{"unknown layers", oci, imageConfig, []layer{{"application/x-other", raw}}, "", artifact.ErrLayout},
		{"an ordinary image", oci, imageConfig, []layer{{ociLayer, packed(t, "bin/sh", "x")}}, "", artifact.ErrLayout},
		{"not wasm", oci, artifact.MediaTypeConfig, []layer{{artifact.MediaTypeContent, []byte("#!/bin/sh\n")}}, "", wasm.ErrNotWasm},
		{"not gzip", oci, imageConfig, []layer{{ociLayer, []byte("plain text, and enough of it")}}, "", gzip.ErrHeader},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			store := memory.New()
			desc := image(t, store, c.manifest, c.config, c.layers...)
			a, err := artifact.Unpack(t.Context(), store, desc)
			if c.problem != nil {
				if err == nil || !errors.Is(err, c.problem) && !strings.Contains(err.Error(), "invalid header") {
					t.Fatalf("error %v, want %v", err, c.problem)
				}
				for _, l := range c.layers {
					if !strings.Contains(err.Error(), l.mediaType) {
						t.Errorf("error %q does not name %s", err, l.mediaType)
					}
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if a.Module.SHA256() != module(t).SHA256() || a.Layout != c.want {
				t.Errorf("module %s in layout %q, want %q", a.Module.SHA256(), a.Layout, c.want)
			}
		})
	}
}

func TestUnpackIndexChoosesTheModule(t *testing.T) {
	t.Parallel()
	platform := func(s string) *ocispec.Platform {
		if s == "" {
			return nil
		}
		os, arch, _ := strings.Cut(s, "/")
		return &ocispec.Platform{OS: os, Architecture: arch}
	}
	cases := []struct {
		name      string
		mediaType string
		platforms []string
		want      int // the child, -1 for none
	}{
		{"wasm first", ocispec.MediaTypeImageIndex, []string{"linux/amd64", "", "wasip1/wasm"}, 2},
		{"no component", ocispec.MediaTypeImageIndex, []string{"wasip2/wasm", "linux/amd64"}, 1},
		{"no platform", ocispec.MediaTypeImageIndex, []string{"linux/amd64", ""}, 1},
		{"amd64", dockerList, []string{"linux/arm64", "linux/amd64"}, 1},
		{"none", ocispec.MediaTypeImageIndex, []string{"linux/arm64"}, -1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			store := memory.New()
			index := ocispec.Index{MediaType: c.mediaType}
			for i, p := range c.platforms {
				child := image(t, store, ocispec.MediaTypeImageManifest, fmt.Sprintf("application/x.%d+json", i), layer{artifact.MediaTypeContent, module(t).Bytes()})
				child.Platform = platform(p)
				index.Manifests = append(index.Manifests, child)
			}
			b, _ := json.Marshal(index)
			desc := content.NewDescriptorFromBytes(c.mediaType, b)
			if err := store.Push(t.Context(), desc, bytes.NewReader(b)); err != nil {
				t.Fatal(err)
			}
			opened, err := artifact.Open(t.Context(), store, desc)
			if c.want < 0 {
				if !errors.Is(err, artifact.ErrLayout) || !strings.Contains(err.Error(), c.platforms[0]) {
					t.Fatalf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := index.Manifests[c.want].Digest; opened.Descriptor.Digest != want {
				t.Errorf("chose %s, want %s", opened.Descriptor.Digest, want)
			}
		})
	}
}

// zeros is an endless file.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestUnpackBoundsWhatALayerUnpacksTo(t *testing.T) {
	t.Parallel()
	bomb := func(size int64, headers int) []byte {
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
		archive := tar.NewWriter(z)
		for i := range headers {
			if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: fmt.Sprintf("%d.txt", i), Size: size}); err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(archive, io.LimitReader(zeros{}, size))
		}
		_ = z.Close()
		return b.Bytes()
	}
	cases := []struct {
		name string
		blob []byte
	}{
		{"a large file before the module", bomb(artifact.MaxSize+2<<20, 1)},
		{"a header that lies", packedHeader(t, "plugin.wasm", 1<<40)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			store := memory.New()
			desc := image(t, store, ocispec.MediaTypeImageManifest, imageConfig, layer{ociLayer, c.blob})
			if _, err := artifact.Unpack(t.Context(), store, desc); !errors.Is(err, artifact.ErrTooLarge) {
				t.Errorf("error %v, want ErrTooLarge", err)
			}
		})
	}
}

func packedHeader(t *testing.T, name string, size int64) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := tar.NewWriter(z).WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size}); err != nil {
		t.Fatal(err)
	}
	_ = z.Close()
	return b.Bytes()
}

func TestOpenRefusesBadManifests(t *testing.T) {
	t.Parallel()
	d := `"digest":"sha256:` + strings.Repeat("0", 64) + `"`
	cases := []struct {
		name, text string
		want       error
	}{
		{"not JSON", `<html>`, artifact.ErrManifest},
		{"both image and index", `{"layers":[],"manifests":[]}`, artifact.ErrManifest},
		{"no digest", `{"config":{"size":1},"layers":[]}`, artifact.ErrManifest},
		{"negative size", `{"config":{` + d + `,"size":-1},"layers":[]}`, artifact.ErrManifest},
		{"huge layer", `{"config":{` + d + `,"size":1},"layers":[{` + d + `,"size":4611686018427387904}]}`, artifact.ErrTooLarge},
		{"docker schema 1", `{"mediaType":"application/vnd.docker.distribution.manifest.v1+json"}`, artifact.ErrLayout},
		{"too many layers", `{"config":{` + d + `},"layers":[` + strings.Repeat(`{},`, 200) + `{}]}`, artifact.ErrManifest},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			store := memory.New()
			desc := content.NewDescriptorFromBytes("application/x", []byte(c.text))
			if err := store.Push(t.Context(), desc, strings.NewReader(c.text)); err != nil {
				t.Fatal(err)
			}
			if _, err := artifact.Open(t.Context(), store, desc); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

// FuzzOpen reads manifests: whatever the text is, nothing panics, and what is
// accepted names a way to the module.
func FuzzOpen(f *testing.F) {
	f.Add(`{"config":{"digest":"sha256:` + strings.Repeat("0", 64) + `","size":2},"layers":[{"mediaType":"application/wasm","digest":"sha256:` + strings.Repeat("1", 64) + `","size":8}]}`)
	f.Add(`{"manifests":[{}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		store := memory.New()
		desc := content.NewDescriptorFromBytes("application/x", []byte(text))
		if err := store.Push(t.Context(), desc, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		i, err := artifact.Open(t.Context(), store, desc)
		if err == nil && (i.Layout == "" || len(i.Blobs) == 0) {
			t.Errorf("accepted %q as %+v", text, i)
		}
	})
}

// FuzzUnpackLayer reads tar+gzip layers.
func FuzzUnpackLayer(f *testing.F) {
	f.Add(packed(f, "plugin.wasm", "\x00asm\x01\x00\x00\x00"))
	f.Add(packed(f, "a.wasm", "x", "b.wasm", "y"))
	f.Fuzz(func(t *testing.T, blob []byte) {
		store := memory.New()
		desc := image(t, store, ocispec.MediaTypeImageManifest, imageConfig, layer{ociLayer, blob})
		if a, err := artifact.Unpack(t.Context(), store, desc); err == nil && a.Module == nil {
			t.Error("neither module nor error")
		}
	})
}
