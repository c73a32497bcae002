package build

import (
	"context"
	"errors"
	"fmt"

	"github.com/wasmctl/wasmctl/internal/container"
)

// ContainerOptions are the settings of builds in builder containers.
type ContainerOptions struct {
	// Image is used instead of the built-in builder image; Base replaces
	// debian:trixie-slim under the built-in one.
	Image, Base string
	// NoCache builds the builder image anew, without layers of earlier builds;
	// Pull gets a newer base image first, or a newer Image.
	NoCache, Pull bool
	// Copy copies the sources into the container and the module out of it, where
	// folders cannot be mounted. It is chosen by itself for a remote daemon.
	Copy bool
	// CAFile is a PEM bundle that programs in the container trust; "" is that of
	// SSL_CERT_FILE.
	CAFile string
	// Memory is in bytes, CPUs in cores, PIDs a number of processes; 0 means the
	// default of each: DefaultMemory, all cores, DefaultPIDs.
	Memory int64
	CPUs   float64
	PIDs   int64
	// State is a folder for what is remembered between builds and can be found
	// out again; "" is wasmctl/builders in the user's cache folder.
	State string
}

// The default limits of a builder container.
const (
	DefaultMemory int64 = 4 << 30
	DefaultPIDs   int64 = 4096
)

// BuilderLabel is on everything that is made for builder containers: images,
// volumes, and the containers themselves. Its value is the language.
const BuilderLabel = "io.wasmctl.builder"

// versionLabel names the version of wasmctl that made it.
const versionLabel = "io.wasmctl.version"

// builder is a toolchain in a builder container.
type builder struct {
	*job
	recipe recipe
	// because is why the tools of this machine do not serve; nil when the
	// container was asked for.
	because error
	// copies tells that sources are copied, not mounted.
	copies bool

	// What follows is known once version has been called.
	client *container.Client
	daemon container.Daemon
	probed probe
}

// containerToolchain returns the toolchain of a builder container. It does not
// talk to a daemon yet. The error is ErrLanguage.
func containerToolchain(j *job) (toolchain, error) {
	r, err := recipeOf(j)
	if err != nil {
		return nil, err
	}
	return &builder{job: j, recipe: r, copies: j.options.Container.Copy}, nil
}

func (b *builder) roots() []string { return b.recipe.roots }

// settings name the image by what it is made from. An image of the user's counts
// by its name: to look closer would take a daemon.
func (b *builder) settings(context.Context) (string, error) {
	return fmt.Sprintf("container %s\n%s", b.image(), b.recipe.settings), nil
}

// image implements elsewhere.
func (b *builder) image() string {
	if name := b.options.Container.Image; name != "" {
		return name
	}
	return b.builtIn().Name
}

// optimizer implements elsewhere. The recipes of Rust and C++ run wasm-opt where
// the image has it.
func (b *builder) optimizer() string {
	if b.optimizes() && (b.recipe.name == "rust" || b.recipe.name == "cpp") {
		return b.probed.Optimizer
	}
	return ""
}

// version makes sure that there is a daemon and an image, and asks the compiler
// in the image for its version, once an image.
func (b *builder) version(ctx context.Context) (string, error) {
	if err := b.connect(ctx); err != nil {
		return "", err
	}
	defer b.client.Close() //nolint:errcheck // idle connections
	id, err := b.ensureImage(ctx)
	if err != nil {
		return "", err
	}
	if b.probed, err = b.probeImage(ctx, id); err != nil {
		return "", err
	}
	v, err := b.recipe.parseVersion(b.probed.Output)
	if err != nil {
		return "", fmt.Errorf("builder image %s: %w", b.image(), err)
	}
	return v, nil
}

// connect finds the container engine.
func (b *builder) connect(ctx context.Context) error {
	client, err := container.New()
	if err == nil {
		err = client.Ping(ctx)
	}
	if err == nil {
		b.client = client
		b.copies = b.copies || !client.Mounts()
		b.daemon, err = client.Describe(ctx)
	}
	switch {
	case err == nil:
		if b.because != nil {
			b.notice("Building %s in a container: %v.", b.project.Name, b.because)
		}
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case b.because != nil && errors.Is(err, container.ErrUnavailable):
		return fmt.Errorf("%w; a container would do, but there is %w", b.because, err)
	}
	return &ContainerError{err}
}

func (b *builder) compile(ctx context.Context, out, temp string) error {
	defer b.client.Close() //nolint:errcheck // idle connections
	swept := make(chan struct{})
	go func() {
		defer close(swept)
		_ = b.client.Sweep(ctx, BuilderLabel, staleAge) // the next build sweeps again
	}()
	defer func() { <-swept }()
	return b.run(ctx, out, temp)
}
