package registry

import (
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"

	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/retry"

	"github.com/wasmctl/wasmctl/internal/artifact"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// large returns a module of about 2.4 MB, the size of a Go filter, which packs
// to about a third, as one does.
func large(b *testing.B, seed uint64) artifact.Artifact {
	b.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	content := make([]byte, 2_400_000)
	for i := range content {
		if i%8 < 3 {
			content[i] = byte(random.Uint32())
		}
	}
	builder := testkit.Filter()
	builder.Custom("text", content)
	m, err := wasm.Decode(builder.Bytes())
	if err != nil {
		b.Fatal(err)
	}
	return artifact.Artifact{Module: m}
}

func BenchmarkPut(b *testing.B) {
	a := large(b, 1)
	b.SetBytes(int64(len(a.Module.Bytes())))
	dir := b.TempDir()
	for i := range b.N {
		put(b, storeIn(b, filepath.Join(dir, strconv.Itoa(i))), a, "x:v1")
	}
}

func BenchmarkGet(b *testing.B) {
	s, a := store(b), large(b, 1)
	put(b, s, a, "x:v1")
	b.SetBytes(int64(len(a.Module.Bytes())))
	for b.Loop() {
		if _, _, err := s.Get(b.Context(), reference(b, "x:v1")); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPush(b *testing.B) {
	r := testkit.StartRegistry(b, testkit.RegistryOptions{Dir: b.TempDir()})
	s, a := store(b), large(b, 1)
	put(b, s, a, "x:v1")
	b.SetBytes(int64(len(a.Module.Bytes())))
	b.ResetTimer()
	for i := range b.N {
		// A repository has none of the blobs of the others.
		dst := reference(b, r.Host+"/x"+strconv.Itoa(i)+":v1")
		if _, err := client(b, ClientOptions{}).Push(b.Context(), s, reference(b, "x:v1"), dst, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPull(b *testing.B) {
	r := testkit.StartRegistry(b, testkit.RegistryOptions{Dir: b.TempDir()})
	s, a := store(b), large(b, 1)
	put(b, s, a, "x:v1")
	ref := reference(b, r.Host+"/x:v1")
	if _, err := client(b, ClientOptions{}).Push(b.Context(), s, reference(b, "x:v1"), ref, nil); err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	b.SetBytes(int64(len(a.Module.Bytes())))
	b.ResetTimer()
	for i := range b.N {
		target := storeIn(b, filepath.Join(dir, strconv.Itoa(i)))
		if _, err := client(b, ClientOptions{}).Pull(b.Context(), target, ref, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBaseline is the same transfer by oras-go's own Copy, which is what
// the oras CLI does, between a layout that oras-go writes and the registry.
func BenchmarkBaseline(b *testing.B) {
	r := testkit.StartRegistry(b, testkit.RegistryOptions{Dir: b.TempDir()})
	layout, err := oci.New(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	a := large(b, 1)
	desc, err := artifact.Pack(b.Context(), layout, a)
	if err != nil {
		b.Fatal(err)
	}
	if err := layout.Tag(b.Context(), desc, "v1"); err != nil {
		b.Fatal(err)
	}
	repository := func(name string) *remote.Repository {
		repo, err := remote.NewRepository(r.Address + "/" + name)
		if err != nil {
			b.Fatal(err)
		}
		repo.PlainHTTP = true
		repo.Client = &auth.Client{Client: &http.Client{Transport: retry.NewTransport(http.DefaultTransport.(*http.Transport).Clone())}, Cache: auth.NewCache()}
		return repo
	}
	b.Run("Push", func(b *testing.B) {
		b.SetBytes(int64(len(a.Module.Bytes())))
		for i := range b.N {
			name := "x" + strconv.Itoa(b.N) + "-" + strconv.Itoa(i)
			if _, err := oras.Copy(b.Context(), layout, "v1", repository(name), "v1", oras.DefaultCopyOptions); err != nil {
				b.Fatal(err)
			}
		}
	})
	if _, err := oras.Copy(b.Context(), layout, "v1", repository("x"), "v1", oras.DefaultCopyOptions); err != nil {
		b.Fatal(err)
	}
	b.Run("Pull", func(b *testing.B) {
		b.SetBytes(int64(len(a.Module.Bytes())))
		for range b.N {
			target, err := oci.New(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			if _, err := oras.Copy(b.Context(), repository("x"), "v1", target, "v1", oras.DefaultCopyOptions); err != nil {
				b.Fatal(err)
			}
		}
	})
}
