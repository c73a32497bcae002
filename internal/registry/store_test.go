package registry

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/oci"

	"github.com/wasmctl/wasmctl/internal/artifact"
	"github.com/wasmctl/wasmctl/internal/hint"
)

func TestStorePutGet(t *testing.T) {
	t.Parallel()
	s := store(t)
	if got := names(t, s); len(got) != 0 {
		t.Errorf("a new store has %q", got)
	}
	a := filter(t, "one")
	image := put(t, s, a, "x:v1")
	if image.ModuleSHA256 != a.Module.SHA256() || image.Title != "filter" || image.ABI != "0.2.1" || image.Size < int64(len(a.Module.Bytes())) || image.Created.IsZero() {
		t.Errorf("image %+v", image)
	}
	for _, name := range []string{"x:v1", "oci://x:v1", string(image.Digest), "x@" + string(image.Digest)} {
		got, found, err := s.Get(t.Context(), reference(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if got.Module.SHA256() != a.Module.SHA256() || found.Digest != image.Digest || found.Ref != "x:v1" {
			t.Errorf("Get(%s) = %+v", name, found)
		}
	}
	if again := put(t, s, a, "x:v1"); again.Digest != image.Digest {
		t.Errorf("the same module has digest %s, then %s", image.Digest, again.Digest)
	}
	// Another process sees the same.
	if got := names(t, storeIn(t, s.Dir())); !slices.Equal(got, []string{"x:v1"}) {
		t.Errorf("names %q", got)
	}
}

func TestStoreTagListRemove(t *testing.T) {
	t.Parallel()
	s := store(t)
	one, two := put(t, s, filter(t, "one"), "x:v1"), put(t, s, filter(t, "two"), "localhost:5000/y:v1")
	if _, err := s.Tag(t.Context(), reference(t, "x:v1"), reference(t, "ghcr.io/me/x:latest")); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, s), []string{"ghcr.io/me/x:latest", "localhost:5000/y:v1", "x:v1"}; !slices.Equal(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
	// A tag moves.
	if _, err := s.Tag(t.Context(), reference(t, string(two.Digest)), reference(t, "x:v1")); err != nil {
		t.Fatal(err)
	}
	if i, err := s.Resolve(t.Context(), reference(t, "x:v1")); err != nil || i.Digest != two.Digest {
		t.Errorf("x:v1 is %s, %v", i.Digest, err)
	}
	before := files(t, s)
	removed, err := s.Remove(t.Context(), reference(t, "x:v1"))
	if err != nil || len(removed) != 1 || removed[0].Digest != two.Digest {
		t.Errorf("removed %+v, %v", removed, err)
	}
	if !slices.Equal(files(t, s), before) {
		t.Error("blobs that y:v1 needs are gone")
	}
	if _, err := s.Remove(t.Context(), reference(t, string(one.Digest))); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Get(t.Context(), reference(t, "localhost:5000/y:v1")); err != nil {
		t.Error(err)
	}
	if _, err := s.Remove(t.Context(), reference(t, "localhost:5000/y@"+string(two.Digest))); err != nil {
		t.Fatal(err)
	}
	if got, want := files(t, s), []string{"index.json", "oci-layout"}; !slices.Equal(got, want) {
		t.Errorf("files left: %q", got)
	}
}

func TestStoreReplacedImageGoesWithTheNextRemoval(t *testing.T) {
	t.Parallel()
	s := store(t)
	put(t, s, filter(t, "one"), "x:v1")
	put(t, s, filter(t, "two"), "x:v1")
	old := time.Now().Add(-2 * abandoned)
	for _, name := range files(t, s) {
		if path := filepath.Join(s.Dir(), "blobs", "sha256", name); len(name) == 64 {
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	temporary := filepath.Join(s.Dir(), ingestDir, "left")
	if err := os.WriteFile(temporary, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(temporary, old, old); err != nil {
		t.Fatal(err)
	}
	put(t, s, filter(t, "three"), "y:v1")
	if _, err := s.Remove(t.Context(), reference(t, "x:v1")); err != nil {
		t.Fatal(err)
	}
	if got := files(t, s); len(got) != 2+4 { // the layout, and y's config, module, tar and manifest
		t.Errorf("files %q", got)
	}
}

func TestStoreErrors(t *testing.T) {
	t.Parallel()
	s := store(t)
	put(t, s, filter(t, "one"), "x:v1")
	ctx := t.Context()
	x, missing, digest := reference(t, "x:v1"), reference(t, "ghcr.io/me/y:v1"), reference(t, "x@"+string(testDigest))
	cases := []struct {
		name string
		do   func() error
		want error
		hint string
	}{
		{"get unknown", func() error { _, _, err := s.Get(ctx, missing); return err }, ErrNotStored, "wasmctl pull ghcr.io/me/y:v1"},
		{"get unknown digest", func() error { _, _, err := s.Get(ctx, digest); return err }, ErrNotStored, "wasmctl list"},
		{"remove unknown", func() error { _, err := s.Remove(ctx, missing); return err }, ErrNotStored, "wasmctl list"},
		{"tag unknown", func() error { _, err := s.Tag(ctx, missing, x); return err }, ErrNotStored, "wasmctl list"},
		{"tag a digest", func() error { _, err := s.Tag(ctx, x, digest); return err }, ErrReference, "x:v1"},
		{"put a digest", func() error { _, err := s.Put(ctx, filter(t, "x"), digest); return err }, ErrReference, "x:v1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := c.do()
			if !errors.Is(err, c.want) || !strings.Contains(strings.Join(hint.Of(err), " "), c.hint) {
				t.Errorf("error %v, hints %q", err, hint.Of(err))
			}
		})
	}
}

func TestOpenStoreRefusesOtherFolders(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, file, text string
		want             error
	}{
		{"other files", "notes.txt", "mine", ErrStore},
		{"another version", "oci-layout", `{"imageLayoutVersion":"9.0.0"}`, ErrStore},
		{"damaged mark", "oci-layout", `{`, ErrDigest},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := OpenStore(dir)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), dir) || len(hint.Of(err)) == 0 {
				t.Errorf("error %v, hints %q", err, hint.Of(err))
			}
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStore(file); !errors.Is(err, ErrStore) {
		t.Errorf("a file as a store: %v", err)
	}
}

func TestDamagedStoreNamesTheFile(t *testing.T) {
	t.Parallel()
	s := store(t)
	a := filter(t, "one")
	image := put(t, s, a, "x:v1")
	for _, blob := range []string{"sha256:" + image.ModuleSHA256, string(image.Digest)} {
		path := damage(t, s, blob)
		_, _, err := s.Get(t.Context(), reference(t, "x:v1"))
		var damaged *DamagedError
		if !errors.As(err, &damaged) || damaged.File != path || !errors.Is(err, ErrDigest) {
			t.Errorf("error %v does not name %s", err, path)
		}
		if h := strings.Join(hint.Of(err), " "); !strings.Contains(h, "wasmctl rm x:v1") {
			t.Errorf("hint %q", h)
		}
		if blob == string(image.Digest) {
			list, err := s.List(t.Context())
			if err != nil || len(list) != 1 || !strings.Contains(list[0].Problem, path) {
				t.Errorf("list %+v, %v", list, err)
			}
		}
		// Storing it again replaces the damaged file.
		put(t, s, a, "x:v1")
		if _, _, err := s.Get(t.Context(), reference(t, "x:v1")); err != nil {
			t.Error(err)
		}
	}
	path := damage(t, s, string(image.Digest))
	if _, err := s.Remove(t.Context(), reference(t, "x:v1")); err != nil {
		t.Errorf("a damaged image cannot be removed: %v", err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("its manifest is left: %v", err)
	}
}

func TestDamagedIndex(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{", `{"manifests":[{"digest":"sha256:../../x"}]}`} {
		s := store(t)
		put(t, s, filter(t, "one"), "x:v1")
		path := filepath.Join(s.Dir(), "index.json")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := s.List(t.Context())
		var damaged *DamagedError
		if !errors.As(err, &damaged) || damaged.File != path || len(hint.Of(err)) == 0 {
			t.Errorf("index %q: error %v", text, err)
		}
		if _, err := s.Put(t.Context(), filter(t, "two"), reference(t, "y:v1")); !errors.As(err, &damaged) {
			t.Errorf("index %q was overwritten: %v", text, err)
		}
	}
}

func TestCancelledPutLeavesNothing(t *testing.T) {
	t.Parallel()
	s := store(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Put(ctx, filter(t, "one"), reference(t, "x:v1")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if got := files(t, s); slices.ContainsFunc(got, func(f string) bool { return f != "oci-layout" && f != "index.json" }) {
		t.Errorf("files left: %q", got)
	}
}

// Other tools read the store: oras-go as a whole layout, from a read-only file system.
func TestStoreIsAnOCILayout(t *testing.T) {
	t.Parallel()
	s := store(t)
	image := put(t, s, filter(t, "one"), "localhost:5000/x:v1")
	layout, err := oci.NewFromFS(t.Context(), os.DirFS(s.Dir()))
	if err != nil {
		t.Fatal(err)
	}
	desc, err := layout.Resolve(t.Context(), "localhost:5000/x:v1")
	if err != nil || Digest(desc.Digest) != image.Digest {
		t.Fatalf("oras-go finds %s, %v", desc.Digest, err)
	}
	blobs, err := content.Successors(t.Context(), layout, desc)
	if err != nil || len(blobs) != 4 {
		t.Fatalf("successors %v, %v", blobs, err)
	}
	for _, b := range blobs {
		if _, err := content.FetchAll(t.Context(), layout, b); err != nil {
			t.Error(err)
		}
	}
}

// And the store reads what other tools write.
func TestStoreReadsOtherTools(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	layout, err := oci.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	a := filter(t, "one")
	desc, err := artifact.Pack(t.Context(), layout, a)
	if err != nil {
		t.Fatal(err)
	}
	if err := layout.Tag(t.Context(), desc, "v1"); err != nil {
		t.Fatal(err)
	}
	s := storeIn(t, dir)
	got, _, err := s.Get(t.Context(), reference(t, "v1"))
	if err != nil || got.Module.SHA256() != a.Module.SHA256() {
		t.Errorf("Get: %v", err)
	}
	put(t, s, filter(t, "two"), "x:v1")
	if again, err := oci.New(dir); err != nil {
		t.Error(err)
	} else if _, err := again.Resolve(t.Context(), "v1"); err != nil {
		t.Errorf("the other tool's tag is gone: %v", err)
	}
}

func TestReadOnlyStoreCanBeRead(t *testing.T) {
	t.Parallel()
	s := store(t)
	put(t, s, filter(t, "one"), "x:v1")
	asNobody(t, s.Dir())
	if _, _, err := s.Get(t.Context(), reference(t, "x:v1")); err != nil {
		t.Error(err)
	}
	if got := names(t, s); !slices.Equal(got, []string{"x:v1"}) {
		t.Errorf("names %q", got)
	}
	_, err := s.Tag(t.Context(), reference(t, "x:v1"), reference(t, "y:v1"))
	if !errors.Is(err, ErrStore) || len(hint.Of(err)) == 0 {
		t.Errorf("error %v", err)
	}
}

// hammer changes a store in every way there is.
func hammer(t *testing.T, s *Store, name string, rounds int) {
	shared := filter(t, "shared")
	for range rounds {
		put(t, s, shared, name+":a")
		put(t, s, filter(t, name), name+":b")
		if _, err := s.Tag(t.Context(), reference(t, name+":a"), reference(t, name+":c")); err != nil {
			t.Error(err)
		}
		if _, err := s.List(t.Context()); err != nil {
			t.Error(err)
		}
		for _, tag := range []string{":a", ":b"} {
			if _, err := s.Remove(t.Context(), reference(t, name+tag)); err != nil {
				t.Error(err)
			}
		}
		if _, _, err := s.Get(t.Context(), reference(t, name+":c")); err != nil {
			t.Error(err)
		}
		if _, err := s.Remove(t.Context(), reference(t, name+":c")); err != nil {
			t.Error(err)
		}
	}
	put(t, s, shared, name+":end")
}

const hammerDir = "WASMCTL_TEST_HAMMER_STORE"

// TestHammerProcess is the other process of TestConcurrentProcesses.
func TestHammerProcess(t *testing.T) {
	dir := os.Getenv(hammerDir)
	if dir == "" {
		return // nothing to do in this process
	}
	hammer(t, storeIn(t, dir), "other", 15)
}

func TestConcurrentProcesses(t *testing.T) {
	t.Parallel()
	s := store(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	other := exec.CommandContext(t.Context(), self, "-test.run=^TestHammerProcess$")
	other.Env = append(os.Environ(), hammerDir+"="+s.Dir())
	var output strings.Builder
	other.Stdout, other.Stderr = &output, &output
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for _, name := range []string{"one", "two"} {
		group.Go(func() { hammer(t, storeIn(t, s.Dir()), name, 15) })
	}
	group.Wait()
	if err := other.Wait(); err != nil {
		t.Fatalf("%v: %s", err, output.String())
	}
	if got, want := names(t, s), []string{"one:end", "other:end", "two:end"}; !slices.Equal(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
	for _, name := range names(t, s) {
		if _, _, err := s.Get(t.Context(), reference(t, name)); err != nil {
			t.Error(err)
		}
	}
	// The shared image's four blobs, and nothing of what was removed.
	if got := files(t, s); len(got) != 2+4 {
		t.Errorf("files %q", got)
	}
}

func TestWriteStartsAgainWhenABlobVanishes(t *testing.T) {
	t.Parallel()
	s := store(t)
	a := filter(t, "one")
	put(t, s, a, "x:v1")
	w := &writer{store: s}
	desc, err := artifact.Pack(t.Context(), w, a)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Remove(t.Context(), reference(t, "x:v1")); err != nil {
		t.Fatal(err)
	}
	if err := w.commit(t.Context(), newEntry(reference(t, "y:v1"), desc)); !errors.Is(err, errVanished) {
		t.Errorf("error %v, want errVanished", err)
	}
	if len(w.fresh) != 0 || len(w.found) != 4 || !slices.ContainsFunc(w.found, func(d ocispec.Descriptor) bool { return d.Digest == digest.FromBytes(a.Module.Bytes()) }) {
		t.Errorf("found %v, wrote %v", w.found, w.fresh)
	}
}
