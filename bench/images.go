package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"github.com/sirupsen/logrus"
)

// registry measures push and pull of the filter's module.
func (b *bench) registry(ctx context.Context, f *filter) error {
	host, stop, err := serveRegistry(ctx)
	if err != nil {
		return err
	}
	defer stop()
	ref := func(who string, i int) string { return fmt.Sprintf("%s/%s-%d:v1", host, who, i) }
	folder := func(who string, i int) string { return filepath.Join(b.dir, fmt.Sprintf("pulled-%s-%d", who, i)) }

	s, err := interleave(b.rounds,
		timed(nil, func(i int) error {
			return command(ctx, "", []string{b.home(fmt.Sprint("push-", i))}, b.wasmctl, "push", f.module, ref("wasmctl", i), "--plain-http")
		}),
		timed(nil, func(i int) error {
			return command(ctx, filepath.Dir(f.module), nil, b.oras, "push", "--plain-http", ref("oras", i),
				filepath.Base(f.module)+":application/wasm")
		}))
	if err != nil {
		return err
	}
	size := "module"
	if info, err := os.Stat(f.module); err == nil {
		size = fmt.Sprintf("%.1f MB", float64(info.Size())/1e6)
	}
	b.add(result{
		what: "`push` of " + size, unit: "ms", ours: s[0], against: "`oras push`", theirs: s[1],
		maxRatio: 1, target: "ratio at most 1.0",
	})
	s, err = interleave(b.rounds,
		timed(nil, func(i int) error {
			return command(ctx, "", []string{b.home(filepath.Base(folder("wasmctl", i)))}, b.wasmctl, "pull", ref("wasmctl", i), "--plain-http")
		}),
		timed(nil, func(i int) error {
			return command(ctx, "", nil, b.oras, "pull", "--plain-http", ref("oras", i), "-o", folder("oras", i))
		}))
	if err != nil {
		return err
	}
	b.add(result{
		what: "`pull` of " + size, unit: "ms", ours: s[0], against: "`oras pull`", theirs: s[1],
		maxRatio: 1, target: "ratio at most 1.0",
	})
	return b.sameImage(ctx, f, host)
}

// sameImage has both move the very image that wasmctl makes, with the module in
// it twice, from a store and into one: the part of push and pull that is the
// same work for both.
func (b *bench) sameImage(ctx context.Context, f *filter, host string) error {
	store := b.home("same")
	source := host + "/same:v1"
	if err := command(ctx, "", []string{store}, b.wasmctl, "push", f.module, source, "--plain-http"); err != nil {
		return err
	}
	digest, err := onlyImage(filepath.Join(b.dir, "same", "data", "store"))
	if err != nil {
		return err
	}
	layout := filepath.Join(b.dir, "same", "data", "store") + "@" + digest
	pushed := func(who string, i int) string { return fmt.Sprintf("%s/same-%s-%d:v1", host, who, i) }
	s, err := interleave(b.rounds,
		timed(nil, func(i int) error {
			return command(ctx, "", []string{store}, b.wasmctl, "push", source, pushed("wasmctl", i), "--plain-http")
		}),
		timed(nil, func(i int) error {
			return command(ctx, "", nil, b.oras, "cp", "--from-oci-layout", layout, "--to-plain-http", pushed("oras", i))
		}))
	if err != nil {
		return err
	}
	b.add(result{what: "the same image, from a store to the registry", unit: "ms", ours: s[0], against: "`oras cp`", theirs: s[1]})
	s, err = interleave(b.rounds,
		timed(nil, func(i int) error {
			return command(ctx, "", []string{b.home(fmt.Sprint("same-", i))}, b.wasmctl, "pull", source, "--plain-http")
		}),
		timed(nil, func(i int) error {
			into := filepath.Join(b.dir, fmt.Sprint("same-oras-", i)) + ":v1"
			return command(ctx, "", nil, b.oras, "cp", "--from-plain-http", source, "--to-oci-layout", into)
		}))
	if err != nil {
		return err
	}
	b.add(result{what: "the same image, from the registry into a store", unit: "ms", ours: s[0], against: "`oras cp`", theirs: s[1]})
	return nil
}

// onlyImage returns the digest of the one image that an OCI image layout holds.
func onlyImage(layout string) (string, error) {
	text, err := os.ReadFile(filepath.Join(layout, "index.json"))
	if err != nil {
		return "", err
	}
	var index struct{ Manifests []struct{ Digest string } }
	if err := json.Unmarshal(text, &index); err != nil {
		return "", err
	}
	if len(index.Manifests) != 1 {
		return "", fmt.Errorf("%s holds %d images", layout, len(index.Manifests))
	}
	return index.Manifests[0].Digest, nil
}

// serveRegistry serves a CNCF distribution registry with storage in memory.
func serveRegistry(ctx context.Context) (host string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	config := &configuration.Configuration{Storage: configuration.Storage{"inmemory": {}}}
	config.HTTP.Secret = "of the benchmark"
	logrus.SetOutput(io.Discard) // the registry logs every request, whatever the level says
	server := &http.Server{Handler: handlers.NewApp(ctx, config), ReadHeaderTimeout: time.Minute}
	go server.Serve(l) //nolint:errcheck // ends with stop
	return l.Addr().String(), func() { server.Close() }, nil
}
