package deploy

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/ulikunitz/xz/v2"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/progress"
	"github.com/wasmctl/wasmctl/internal/testkit"
)

// standIn answers --version as Envoy does.
const standIn = "#!/bin/sh\necho \"$0  version: 9e5580933739775e8bce696a57a2e1bc99368f23/" + DefaultVersion + "/Clean/RELEASE/BoringSSL\"\n"

// archive packs an Envoy as its releases are packed.
func archive(t *testing.T, compress func(io.Writer) io.WriteCloser, envoy []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := compress(&out)
	w := tar.NewWriter(z)
	header := &tar.Header{Name: "envoy-v" + DefaultVersion + "/bin/envoy", Mode: 0o755, Size: int64(len(envoy))}
	if err := w.WriteHeader(header); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(envoy); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func xzWriter(w io.Writer) io.WriteCloser {
	z, err := xz.NewWriter(w)
	if err != nil {
		panic(err)
	}
	return z
}

func gzipWriter(w io.Writer) io.WriteCloser {
	z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
	return z
}

// offer serves an archive and the list of versions with the given digest of it.
func offer(t *testing.T, content []byte, digest string) (versionsURL string, downloads func() int) {
	t.Helper()
	const name = "envoy-v" + DefaultVersion + ".tar.xz"
	var mu sync.Mutex
	count := 0
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/"+name, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		count++
		mu.Unlock()
		http.ServeContent(w, r, "", fixedTime(), bytes.NewReader(content))
	})
	mux.HandleFunc("/versions.json", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"versions": map[string]any{DefaultVersion: map[string]any{
				"releaseDate": "2026-10-15",
				"tarballs":    map[string]string{runtime.GOOS + "/" + runtime.GOARCH: server.URL + "/" + name},
			}},
			"sha256sums": map[string]string{name: digest},
		})
	})
	return server.URL + "/versions.json", func() int {
		mu.Lock()
		defer mu.Unlock()
		return count
	}
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func downloadOptions(t *testing.T, versionsURL string) EnvoyOptions {
	t.Helper()
	if err := downloadable(); err != nil {
		t.Skip(err)
	}
	return EnvoyOptions{
		Chain: one(markModule(t, "x")), Via: ViaDownload, VersionsURL: versionsURL,
		StateDir: t.TempDir(), CacheDir: t.TempDir(), EnvoyVersion: DefaultVersion,
	}
}

func TestDownloadKeepsWhatFits(t *testing.T) {
	t.Parallel()
	content := archive(t, xzWriter, []byte(standIn))
	url, downloads := offer(t, content, digestOf(content))
	d := download{downloadOptions(t, url)}
	path, err := d.ensure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != standIn {
		t.Errorf("%q, %v", got, err)
	}
	if again, err := d.ensure(t.Context()); err != nil || again != path || downloads() != 1 {
		t.Errorf("again: %s, %v, %d downloads", again, err, downloads())
	}
	onlyIn(t, d.o.CacheDir, filepath.Base(path))
}

func TestDownloadRefuses(t *testing.T) {
	t.Parallel()
	good := archive(t, xzWriter, []byte(standIn))
	other := archive(t, xzWriter, []byte(strings.ReplaceAll(standIn, DefaultVersion, "1.39.0")))
	cases := []struct {
		name, digest, want string
		content            []byte
	}{
		{"wrong digest", digestOf([]byte("x")), "SHA-256", good},
		{"cut off", digestOf(good), "", good[:len(good)/2]},
		{"no archive", digestOf([]byte("x")), "", []byte("x")},
		{"another version inside", digestOf(other), "it says it is", other},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url, _ := offer(t, c.content, c.digest)
			o := downloadOptions(t, url)
			_, err := Envoy(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), c.want) || len(hint.Of(err)) == 0 {
				t.Errorf("%v", err)
			}
			onlyIn(t, o.CacheDir)
			onlyIn(t, o.StateDir)
		})
	}
}

func TestDownloadInterrupted(t *testing.T) {
	t.Parallel()
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel(interrupted)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	o := downloadOptions(t, server.URL)
	if _, err := Envoy(ctx, o); !errors.Is(err, interrupted) {
		t.Errorf("%v", err)
	}
	onlyIn(t, o.CacheDir)
	onlyIn(t, o.StateDir)
}

func TestDownloadRunsARealEnvoy(t *testing.T) {
	t.Parallel()
	envoy, err := os.ReadFile(testkit.Need(t, testkit.Envoy))
	if err != nil {
		t.Fatal(err)
	}
	content := archive(t, gzipWriter, envoy)
	url, _ := offer(t, content, digestOf(content))
	o := downloadOptions(t, url)
	var mu sync.Mutex
	states := map[progress.State]int{}
	o.Progress = func(e progress.Event) {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasPrefix(e.Task, "download ") && e.Total == int64(len(content)) {
			states[e.State]++
		}
	}
	d := start(t, o)
	if response, _ := ask(t, d.ListenAddr, false, ""); response.Header.Get("x-mark") != "x" || d.Via != ViaDownload {
		t.Errorf("%v", response)
	}
	mu.Lock()
	defer mu.Unlock()
	if states[progress.Started] != 1 || states[progress.Done] != 1 || states[progress.Running] == 0 {
		t.Errorf("progress %v", states)
	}
}

// onlyIn fails the test unless the folder holds just these names.
func onlyIn(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		found = append(found, e.Name())
	}
	if strings.Join(found, " ") != strings.Join(names, " ") {
		t.Errorf("%s holds %q, want %q", dir, found, names)
	}
}
