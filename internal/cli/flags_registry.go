package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/registry"
	"github.com/wasmctl/wasmctl/internal/source"
	"github.com/wasmctl/wasmctl/internal/version"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// registryFlags say how registries are spoken to.
type registryFlags struct {
	plainHTTP bool
	caFile    string
}

func (f *registryFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.plainHTTP, "plain-http", false, "speak http, not https, to the registry")
	cmd.Flags().StringVar(&f.caFile, "ca-file", "", "trust the certificates in `FILE` (PEM) besides the system's")
}

func (f *registryFlags) client() (*registry.Client, error) {
	return registry.NewClient(registry.ClientOptions{
		PlainHTTP: f.plainHTTP,
		CAFile:    f.caFile,
		UserAgent: "wasmctl/" + version.Get().Version,
	})
}

// sourceFlags say how a SOURCE is fetched.
type sourceFlags struct {
	registry registryFlags
}

func (f *sourceFlags) add(cmd *cobra.Command) { f.registry.add(cmd) }

// resolve turns a SOURCE into a module.
func (f *sourceFlags) resolve(ctx context.Context, a *app, s string) (*source.Source, error) {
	resolver := &source.Resolver{
		Build: func(ctx context.Context, p *project.Project) (*wasm.Module, error) {
			r, err := a.build(ctx, build.Options{Project: p})
			if err != nil {
				return nil, err
			}
			return r.Module, nil
		},
		Images:   &images{a, &f.registry},
		Progress: a.report(),
	}
	return resolver.Resolve(ctx, s)
}

// images is the store, and the registries it is filled from, as a resolver
// knows them.
type images struct {
	a     *app
	flags *registryFlags
}

// Stored returns what the store has under the name.
func (i *images) Stored(ctx context.Context, name string) (*source.Image, error) {
	ref, err := registry.ParseReference(name)
	if err != nil {
		return nil, err
	}
	store, err := i.a.store()
	if err != nil {
		return nil, err
	}
	image, err := get(ctx, store, ref)
	if errors.Is(err, registry.ErrNotStored) {
		return nil, errors.Join(source.ErrNotStored, err)
	}
	return image, err
}

// Pull fetches the reference into the store.
func (i *images) Pull(ctx context.Context, name string) (*source.Image, error) {
	ref, err := registry.ParseReference(name)
	if err != nil {
		return nil, err
	}
	store, err := i.a.store()
	if err != nil {
		return nil, err
	}
	client, err := i.flags.client()
	if err != nil {
		return nil, err
	}
	if _, err := client.Pull(ctx, store, ref, i.a.report()); err != nil {
		return nil, err
	}
	return get(ctx, store, ref)
}

func get(ctx context.Context, store *registry.Store, ref registry.Reference) (*source.Image, error) {
	found, image, err := store.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	return &source.Image{Module: found.Module, Ref: image.Ref, Digest: string(image.Digest)}, nil
}
