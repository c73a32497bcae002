package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/atomicfile"
)

type pullOptions struct {
	registry registryFlags
	file     string
}

func newPull(a *app) *cobra.Command {
	var o pullOptions
	cmd := &cobra.Command{
		Use:   "pull REF",
		Short: "Fetch a module from a registry",
		Long: `Fetch an image into the local store, every digest verified. All layouts that
are in use for proxy-wasm modules are read, whoever pushed them.`,
		Example: `  wasmctl pull localhost:5000/my-filter:v1 --plain-http
  wasmctl pull ghcr.io/me/my-filter@sha256:... -o filter.wasm`,
		Args: argCount(1, 1, "REF"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPull(cmd.Context(), a, &o, args[0])
		},
	}
	o.registry.add(cmd)
	addOutputOrFile(cmd, a, &o.file)
	return cmd
}

func runPull(ctx context.Context, a *app, o *pullOptions, arg string) error {
	ref, err := parseReference(arg)
	if err != nil {
		return err
	}
	client, err := o.registry.client()
	if err != nil {
		return err
	}
	store, err := a.store()
	if err != nil {
		return err
	}
	image, err := client.Pull(ctx, store, ref, a.report())
	if err != nil {
		return err
	}
	r := newImageResult(image)
	if o.file != "" {
		found, _, err := store.Get(ctx, ref)
		if err != nil {
			return err
		}
		if err := atomicfile.Write(o.file, found.Module.Bytes(), 0o644); err != nil {
			return err
		}
		r.File = o.file
	}
	return a.print(r)
}
