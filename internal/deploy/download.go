package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	func_e "github.com/tetratelabs/func-e"
	"github.com/tetratelabs/func-e/api"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/progress"
)

// download starts an Envoy that is in the cache, and fetches it first when it
// is not.
type download struct{ o EnvoyOptions }

func (d download) via() Via { return ViaDownload }
func (d download) close()   {}

func (d download) launch(ctx context.Context, s *site) (running, error) {
	path, err := d.ensure(ctx)
	if err != nil {
		return nil, err
	}
	return binary{ViaDownload, path}.launch(ctx, s)
}

// downloadable tells whether there are downloads for this platform.
func downloadable() error {
	switch runtime.GOOS + "/" + runtime.GOARCH {
	case "linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64":
		return nil
	}
	return fmt.Errorf("no download for %s/%s", runtime.GOOS, runtime.GOARCH)
}

// ensure returns the Envoy of the wanted version in the cache. A download takes
// place in a folder of its own and moves into the cache only after its digest
// was checked and it has run once: func-e itself unpacks before it checks and
// leaves a mismatch where the next run takes it for good.
func (d download) ensure(ctx context.Context) (string, error) {
	if d.o.CacheDir == "" {
		return "", errors.New("deploy: EnvoyOptions.CacheDir is empty")
	}
	cache, err := filepath.Abs(d.o.CacheDir)
	if err != nil {
		return "", err
	}
	final := filepath.Join(cache, fmt.Sprintf("envoy-%s-%s-%s", d.o.EnvoyVersion, runtime.GOOS, runtime.GOARCH))
	if _, err := os.Stat(final); err == nil {
		return final, nil
	}
	if err := downloadable(); err != nil {
		return "", hint.Errorf("use '--via docker', or name a binary with --envoy-path", "%w: %w", ErrNoEnvoy, err)
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("cache of Envoys: %w", err)
	}
	temp, err := os.MkdirTemp(cache, ".download-")
	if err != nil {
		return "", fmt.Errorf("cache of Envoys: %w", err)
	}
	defer os.RemoveAll(temp)
	fetched, err := d.fetch(ctx, temp)
	if err != nil {
		return "", err
	}
	if err := os.Rename(fetched, final); err != nil {
		return "", fmt.Errorf("cache of Envoys: %w", err)
	}
	return final, nil
}

// fetch lets func-e download, check and try out an Envoy below the folder.
func (d download) fetch(ctx context.Context, folder string) (string, error) {
	data := filepath.Join(folder, "data")
	var output bytes.Buffer
	options := []api.RunOption{
		api.ConfigHome(filepath.Join(folder, "config")),
		api.DataHome(data),
		api.StateHome(filepath.Join(folder, "state")),
		api.RuntimeDir(filepath.Join(folder, "run")),
		api.EnvoyVersion(d.o.EnvoyVersion),
		api.HTTPTransport(&watchedTransport{report: d.o.Progress}),
		api.Out(io.Discard), api.EnvoyOut(&output), api.EnvoyErr(&output),
	}
	if d.o.VersionsURL != "" {
		options = append(options, api.EnvoyVersionsURL(d.o.VersionsURL))
	}
	err := func_e.Run(ctx, []string{"--version"}, options...)
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err == nil {
		err = checkVersion(output.String(), d.o.EnvoyVersion)
	}
	if err != nil {
		return "", downloadError(d.o.EnvoyVersion, err)
	}
	return filepath.Join(data, "envoy-versions", d.o.EnvoyVersion, "bin", "envoy"), nil
}

// checkVersion reads what Envoy writes about itself: PATH version: COMMIT/VERSION/...
func checkVersion(output, want string) error {
	_, said, _ := strings.Cut(output, " version: ")
	if !strings.Contains(said, "/"+want+"/") {
		return fmt.Errorf("it says it is %q", strings.TrimSpace(said))
	}
	return nil
}

func downloadError(version string, err error) error {
	next := "check the network and the version, use '--via docker', or name a binary with --envoy-path"
	if strings.Contains(err.Error(), "SHA-256") {
		next = "do not use that download; try again later, use '--via docker', or name a binary with --envoy-path"
	}
	return hint.Wrap(hint.Errorf(next, "download Envoy %s: %w", version, err), tryRun)
}

// watchedTransport reports what is downloaded.
type watchedTransport struct{ report progress.Func }

// smallReply is the size, in bytes, below which a reply is not worth a report.
const smallReply = 1 << 20

// RoundTrip implements http.RoundTripper.
func (t *watchedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil || response.StatusCode != http.StatusOK || response.ContentLength < smallReply {
		return response, err
	}
	task := "download " + request.URL.Host + "/" + filepath.Base(request.URL.Path)
	response.Body = &watchedBody{
		Reader: t.report.Reader(response.Body, task, response.ContentLength),
		body:   response.Body,
		left:   response.ContentLength,
		end:    t.report.Start(task, response.ContentLength),
	}
	return response, nil
}

// watchedBody reports the end of a download, too.
type watchedBody struct {
	io.Reader
	body io.Closer
	left int64
	end  func(error)
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.left -= int64(n)
	return n, err
}

// Close implements io.Closer.
func (b *watchedBody) Close() error {
	if b.end != nil {
		var err error
		if b.left > 0 {
			err = io.ErrUnexpectedEOF
		}
		b.end(err)
		b.end = nil
	}
	return b.body.Close()
}
