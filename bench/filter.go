package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// filter is the scaffolded filter that everything is measured with.
type filter struct {
	project, module, configuration string
}

// home is a fresh folder for wasmctl's store, cache and state.
func (b *bench) home(name string) string { return "WASMCTL_HOME=" + filepath.Join(b.dir, name) }

func (b *bench) makeFilter(ctx context.Context) (*filter, error) {
	dir := filepath.Join(b.dir, "filter")
	if err := b.initProject(ctx, dir); err != nil {
		return nil, err
	}
	if err := command(ctx, "", []string{b.home("home")}, b.wasmctl, "build", dir); err != nil {
		return nil, err
	}
	return &filter{
		project:       dir,
		module:        filepath.Join(dir, "build", "filter.wasm"),
		configuration: filepath.Join(dir, "config.yaml"),
	}, nil
}

func (b *bench) initProject(ctx context.Context, dir string) error {
	return command(ctx, "", []string{b.home("home")}, b.wasmctl, "init", dir,
		"--language", "go", "--template", "http-headers", "--name", "filter", "--yes")
}

// server prepares one of the proxies to listen on the address. Starting it then
// is nothing but starting its process.
type server func(address string) (launch func() (*process, error), err error)

// embedded is 'wasmctl run' with its cache in the given home.
func (b *bench) embedded(f *filter, upstream, home string) server {
	return func(address string) (func() (*process, error), error) {
		return func() (*process, error) {
			return start([]string{home}, b.wasmctl, "run", f.module, "--config-file", f.configuration,
				"--listen", address, "--admin", "127.0.0.1:0", "--upstream", "http://"+upstream)
		}, nil
	}
}

// realEnvoy is Envoy with the bootstrap that wasmctl would give it.
func (b *bench) realEnvoy(ctx context.Context, f *filter, upstream string) server {
	return func(address string) (func() (*process, error), error) {
		bootstrap, err := b.bootstrap(ctx, f, upstream, address)
		if err != nil {
			return nil, err
		}
		return func() (*process, error) {
			return start(nil, b.envoy, "-c", bootstrap, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error")
		}, nil
	}
}

// The bootstrap names the copy of the module that a deployment would make.
var moduleFile = regexp.MustCompile(`filename: .*\.wasm"?`)

func (b *bench) bootstrap(ctx context.Context, f *filter, upstream, address string) (string, error) {
	cmd := exec.CommandContext(ctx, b.wasmctl, "deploy", "envoy", f.module, "--config-file", f.configuration,
		"--via", "binary", "--envoy-path", b.envoy, "--dry-run",
		"--listen", address, "--admin", "127.0.0.1:0", "--upstream", "http://"+upstream)
	cmd.Env = append(os.Environ(), b.home("home"))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", err
	}
	text := moduleFile.ReplaceAllString(string(out), "filename: "+f.module)
	path := filepath.Join(b.dir, "bootstrap-"+strings.ReplaceAll(address, ":", "-")+".yaml")
	return path, os.WriteFile(path, []byte(text), 0o600)
}
