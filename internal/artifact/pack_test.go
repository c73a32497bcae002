package artifact_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/memory"

	"github.com/wasmctl/wasmctl/internal/artifact"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

func module(t testing.TB) *wasm.Module {
	t.Helper()
	m, err := wasm.Decode(testkit.Filter().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func pack(t *testing.T, a artifact.Artifact) (*memory.Store, ocispec.Descriptor, ocispec.Manifest) {
	t.Helper()
	store := memory.New()
	desc, err := artifact.Pack(t.Context(), store, a)
	if err != nil {
		t.Fatal(err)
	}
	b, err := content.FetchAll(t.Context(), store, desc)
	if err != nil {
		t.Fatal(err)
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return store, desc, m
}

func TestPackMakesTheLayersThatAllReadersFind(t *testing.T) {
	t.Parallel()
	_, desc, m := pack(t, artifact.Artifact{Module: module(t), Title: "headers"})
	var types []string
	for _, l := range m.Layers {
		types = append(types, l.MediaType)
	}
	want := []string{artifact.MediaTypeConfig, artifact.MediaTypeContent, ocispec.MediaTypeImageLayerGzip}
	if !slices.Equal(types, want) {
		t.Errorf("layers %q, want %q", types, want)
	}
	if m.MediaType != ocispec.MediaTypeImageManifest || desc.MediaType != m.MediaType {
		t.Errorf("media type %q of the manifest, %q of its descriptor", m.MediaType, desc.MediaType)
	}
	if m.Config.MediaType != artifact.MediaTypeConfig || m.Config.Digest != m.Layers[0].Digest {
		t.Errorf("config %+v is not the first layer", m.Config)
	}
	if got := m.Layers[1].Digest.Encoded(); got != module(t).SHA256() {
		t.Errorf("the second layer %s is not the raw module", got)
	}
	for name, want := range map[string]string{
		artifact.AnnotationRuntimeType: "envoy_proxy", artifact.AnnotationABI: "0.2.1", ocispec.AnnotationTitle: "headers",
	} {
		if got := m.Annotations[name]; got != want {
			t.Errorf("annotation %s is %q, want %q", name, got, want)
		}
	}
	if _, ok := m.Annotations[ocispec.AnnotationCreated]; ok {
		t.Error("a time in the manifest changes its digest")
	}
}

// The digest is what users pin: another release of the compressor must not
// change it unnoticed.
func TestPackDigestStaysTheSame(t *testing.T) {
	t.Parallel()
	var b testkit.Module
	b.Custom("text", []byte(strings.Repeat("the quick brown fox jumps over the lazy dog ", 100)))
	m, err := wasm.Decode(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	_, desc, _ := pack(t, artifact.Artifact{Module: m, Title: "fox"})
	const want = "sha256:4024b5217b945abdf30e6a5239cae9b0cc5ee1d9747fa6701e229b6633abdd64"
	if desc.Digest != want {
		t.Errorf("digest %s, want %s", desc.Digest, want)
	}
}

func TestPackIsDeterministic(t *testing.T) {
	t.Parallel()
	a := artifact.Artifact{Module: module(t), Title: "headers", Annotations: map[string]string{"b": "2", "a": "1"}}
	_, first, _ := pack(t, a)
	for range 5 {
		if _, again, _ := pack(t, a); again.Digest != first.Digest {
			t.Fatalf("digest %s, then %s", first.Digest, again.Digest)
		}
	}
}

func TestPackTimeIsOptional(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	store, desc, m := pack(t, artifact.Artifact{Module: module(t), Created: at})
	if got := m.Annotations[ocispec.AnnotationCreated]; got != "2026-01-02T03:04:05Z" {
		t.Errorf("created %q", got)
	}
	a, err := artifact.Unpack(t.Context(), store, desc)
	if err != nil || !a.Created.Equal(at) {
		t.Errorf("unpacked created %v, %v", a.Created, err)
	}
}

func TestPackUnpackRoundTrip(t *testing.T) {
	t.Parallel()
	in := artifact.Artifact{
		Module:      module(t),
		Config:      artifact.RuntimeConfig{RootIDs: []string{"root", "other"}},
		Title:       "headers",
		Annotations: map[string]string{ocispec.AnnotationVersion: "1.2.3"},
	}
	store, desc, _ := pack(t, in)
	out, err := artifact.Unpack(t.Context(), store, desc)
	if err != nil {
		t.Fatal(err)
	}
	if out.Module.SHA256() != in.Module.SHA256() {
		t.Error("another module came out")
	}
	if !slices.Equal(out.Config.RootIDs, in.Config.RootIDs) || !slices.Equal(out.Config.ABIVersions, []string{"0.2.1"}) || out.Config.Type != artifact.RuntimeType {
		t.Errorf("configuration %+v", out.Config)
	}
	if out.Title != in.Title || out.Annotations[ocispec.AnnotationVersion] != "1.2.3" || out.Layout != artifact.LayoutWasmImage {
		t.Errorf("metadata %+v", out)
	}
}

func TestPackStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := artifact.Pack(ctx, memory.New(), artifact.Artifact{Module: module(t)}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestDamagedBlobIsFound(t *testing.T) {
	t.Parallel()
	store, desc, m := pack(t, artifact.Artifact{Module: module(t)})
	for _, layer := range []digest.Digest{desc.Digest, m.Layers[0].Digest, m.Layers[1].Digest} {
		_, err := artifact.Unpack(t.Context(), flipped{store, layer}, desc)
		var blob *artifact.BlobError
		if !errors.As(err, &blob) || blob.Descriptor.Digest != layer {
			t.Errorf("blob %s: error %v", layer, err)
		}
	}
}
