package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/wasmctl/wasmctl/internal/container"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/tool"
)

// locate decides how an Envoy comes to run. It downloads nothing yet.
func locate(ctx context.Context, o EnvoyOptions) (launcher, error) {
	switch o.Via {
	case ViaBinary:
		return locateBinary(o)
	case ViaDocker:
		return locateDocker(ctx, o)
	case ViaDownload:
		return download{o}, nil
	}
	return locateAny(ctx, o)
}

// locateAny takes the first way that is there: what the user named, a binary,
// Docker, a download.
func locateAny(ctx context.Context, o EnvoyOptions) (launcher, error) {
	if o.EnvoyPath != "" {
		return locateBinary(o)
	}
	if o.EnvoyImage != "" {
		return locateDocker(ctx, o)
	}
	b, err := locateBinary(o)
	if err == nil || !errors.Is(err, ErrNoEnvoy) {
		return b, err
	}
	if d, err := locateDocker(ctx, o); err == nil {
		return d, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if err := downloadable(); err != nil {
		return nil, hint.Wrap(hint.Errorf("install Envoy or start Docker, or name a binary with --envoy-path",
			"%w: no envoy on PATH, no Docker daemon, and %w", ErrNoEnvoy, err), tryRun)
	}
	return download{o}, nil
}

// tryRun is the way out without any Envoy.
const tryRun = "'wasmctl run' needs no Envoy: it runs the same filters in its own host"

// locateBinary finds EnvoyPath, else $ENVOY_PATH, else envoy on PATH. The error
// is ErrNoEnvoy when none is named and none on PATH.
func locateBinary(o EnvoyOptions) (launcher, error) {
	for _, named := range []struct{ path, by string }{
		{o.EnvoyPath, "--envoy-path"}, {os.Getenv("ENVOY_PATH"), "ENVOY_PATH"},
	} {
		if named.path == "" {
			continue
		}
		path, err := tool.Find(named.path)
		if err != nil {
			return nil, hint.Errorf("name an Envoy binary that exists and can be run", "%s: %w", named.by, err)
		}
		return binary{ViaBinary, path}, nil
	}
	path, err := tool.Find("envoy")
	if err != nil {
		return nil, hint.Wrap(hint.Errorf("install Envoy, name a binary with --envoy-path, or use '--via docker' or '--via download'",
			"%w: %w", ErrNoEnvoy, err), tryRun)
	}
	return binary{ViaBinary, path}, nil
}

// locateDocker finds a Docker daemon that answers.
func locateDocker(ctx context.Context, o EnvoyOptions) (launcher, error) {
	client, err := container.New()
	if err != nil {
		return nil, err
	}
	if err := client.Ping(ctx); err != nil {
		_ = client.Close()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, hint.Wrap(fmt.Errorf("run Envoy in Docker: %w", err), tryRun)
	}
	image := o.EnvoyImage
	if image == "" {
		image = DefaultImage
	}
	return docker{client, image}, nil
}
