package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/artifact"
	"github.com/wasmctl/wasmctl/internal/registry"
	"github.com/wasmctl/wasmctl/internal/source"
)

type pushOptions struct {
	sources sourceFlags
}

func newPush(a *app) *cobra.Command {
	var o pushOptions
	cmd := &cobra.Command{
		Use:   "push SOURCE [REF]",
		Short: "Send a module to a registry",
		Long: `Send a module to an OCI registry, as an image that Istio, Envoy Gateway, Higress
and wasme pull. SOURCE is also kept in the local store under REF. Without REF,
SOURCE is a reference that the store has already.

Credentials are Docker's: 'docker login HOST' once. The digest that is printed
is that of the image manifest, which an Istio WasmPlugin takes as sha256.`,
		Example: `  wasmctl push . localhost:5000/my-filter:v1 --plain-http
  wasmctl build -t ghcr.io/me/my-filter:v1 && wasmctl push ghcr.io/me/my-filter:v1`,
		Args: argCount(1, 2, "SOURCE"),

		ValidArgsFunction: a.completeSource,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPush(cmd.Context(), a, &o, args)
		},
	}
	o.sources.add(cmd)
	addOutput(cmd, a)
	return cmd
}

func runPush(ctx context.Context, a *app, o *pushOptions, args []string) error {
	dst, err := parseReference(args[len(args)-1])
	if err != nil {
		return err
	}
	client, err := o.sources.registry.client()
	if err != nil {
		return err
	}
	store, err := a.store()
	if err != nil {
		return err
	}
	if len(args) == 2 {
		src, err := o.sources.resolve(ctx, a, args[0])
		if err != nil {
			return err
		}
		if err := keep(ctx, store, src, dst); err != nil {
			return err
		}
	}
	image, err := client.Push(ctx, store, dst, dst, a.report())
	if err != nil {
		return err
	}
	return a.print(newImageResult(image))
}

// keep has the store hold the source under dst: an image that it holds already
// with all its layers and annotations, any other module newly packed.
func keep(ctx context.Context, store *registry.Store, src *source.Source, dst registry.Reference) error {
	if src.Kind == source.KindStore || src.Kind == source.KindRegistry {
		ref, err := registry.ParseReference(src.Ref)
		if err != nil {
			return err
		}
		_, err = store.Tag(ctx, ref, dst)
		return err
	}
	_, err := store.Put(ctx, artifact.Artifact{Module: src.Module, Title: src.Name}, dst)
	return err
}

// parseReference makes a wrong reference on the command line a usage error.
func parseReference(s string) (registry.Reference, error) {
	ref, err := registry.ParseReference(s)
	if err != nil {
		return ref, &usageError{err}
	}
	return ref, nil
}
