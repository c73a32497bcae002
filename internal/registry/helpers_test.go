package registry

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wasmctl/wasmctl/internal/artifact"
	"github.com/wasmctl/wasmctl/internal/progress"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// filter returns a filter whose content is the text: another text, another module.
func filter(t testing.TB, text string) artifact.Artifact {
	t.Helper()
	b := testkit.Filter()
	b.Custom("text", []byte(text))
	m, err := wasm.Decode(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return artifact.Artifact{Module: m, Title: "filter"}
}

func reference(t testing.TB, s string) Reference {
	t.Helper()
	r, err := ParseReference(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func store(t testing.TB) *Store {
	t.Helper()
	return storeIn(t, filepath.Join(t.TempDir(), "store"))
}

func storeIn(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t testing.TB, s *Store, a artifact.Artifact, name string) Image {
	t.Helper()
	image, err := s.Put(t.Context(), a, reference(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func names(t testing.TB, s *Store) []string {
	t.Helper()
	images, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, i := range images {
		if i.Problem != "" {
			t.Errorf("%s: %s", i.Ref, i.Problem)
		}
		all = append(all, i.Ref)
	}
	return all
}

// files returns the files of a store: blobs by their digest.
func files(t testing.TB, s *Store) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(s.Dir(), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != lockFile {
			all = append(all, d.Name())
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// damage flips a bit of a blob.
func damage(t testing.TB, s *Store, digest string) string {
	t.Helper()
	_, hex, _ := strings.Cut(digest, ":")
	path := filepath.Join(s.Dir(), "blobs", "sha256", hex)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o444); err != nil {
		t.Fatal(err)
	}
	return path
}

// recorder collects the events of a transfer.
type recorder struct {
	mu     sync.Mutex
	events []progress.Event
}

func (r *recorder) report(e progress.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// ended returns how the tasks ended: the message or "" of each that is done.
func (r *recorder) ended(t testing.TB) (messages []string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	open := map[string]bool{}
	for _, e := range r.events {
		switch e.State {
		case progress.Started:
			if open[e.Task] {
				t.Errorf("task %q starts twice", e.Task)
			}
			open[e.Task] = true
		case progress.Done, progress.Failed:
			if !open[e.Task] {
				t.Errorf("task %q ends without a start", e.Task)
			}
			delete(open, e.Task)
			messages = append(messages, e.Message)
		case progress.Running:
			if e.Current > e.Total {
				t.Errorf("task %q at %d of %d", e.Task, e.Current, e.Total)
			}
		}
	}
	if len(open) > 0 {
		t.Errorf("tasks without an end: %v", open)
	}
	return messages
}

// makeReadOnly takes the right to write from a folder until the end of the test.
func makeReadOnly(t testing.TB, dir string) {
	t.Helper()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
}
