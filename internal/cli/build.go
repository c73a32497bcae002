package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/artifact"
	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/registry"
	"github.com/wasmctl/wasmctl/internal/ui"
)

type buildOptions struct {
	dir   string
	file  string
	tag   string
	debug bool
}

func newBuild(a *app) *cobra.Command {
	var o buildOptions
	cmd := &cobra.Command{
		Use:   "build [DIR]",
		Short: "Compile a filter project to a checked module",
		Long: `Compile the project in DIR, or the one around the current folder, into
build/NAME.wasm of the project, and check that Envoy will load the module.
When nothing has changed, no compiler is started.`,
		Example: `  wasmctl build
  wasmctl build ./my-filter -o filter.wasm
  wasmctl build -t localhost:5000/my-filter:v1`,
		Args: argCount(0, 1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.dir = "."
			if len(args) == 1 {
				o.dir = args[0]
			}
			return runBuild(cmd.Context(), a, o)
		},
	}
	cmd.Flags().StringVarP(&o.tag, "tag", "t", "", "keep the module in the local store under `REF`")
	cmd.Flags().BoolVar(&o.debug, "debug", false, "keep symbols and names in the module")
	addOutputOrFile(cmd, a, &o.file)
	return cmd
}

func runBuild(ctx context.Context, a *app, o buildOptions) error {
	var tag registry.Reference
	if o.tag != "" {
		var err error
		if tag, err = parseReference(o.tag); err != nil {
			return err
		}
	}
	p, err := project.Find(o.dir)
	if err != nil {
		return err
	}
	built, err := a.build(ctx, build.Options{Project: p, Output: o.file, Debug: o.debug})
	if err != nil {
		return err
	}
	if built.UpToDate {
		a.say("Nothing has changed since %s was built.", p.Name)
	}
	r := buildResult{Result: built}
	if o.tag != "" {
		if err := r.store(ctx, a, p, tag); err != nil {
			return err
		}
	}
	return a.print(r)
}

// build runs a build with the messages of the compiler on stderr, as they are.
func (a *app) build(ctx context.Context, o build.Options) (*build.Result, error) {
	o.Stderr = a.progress.Writer(a.Err)
	o.Progress = a.report()
	r, err := build.Build(ctx, o)
	if err != nil {
		return nil, err
	}
	if !r.UpToDate {
		a.say("Built %s: %s in %s with %s.", o.Project.Name, ui.Bytes(r.Size), round(r.Duration), r.Toolchain)
	}
	return r, nil
}

func round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Millisecond)
}

// buildResult is a build, and where it was stored.
type buildResult struct {
	*build.Result
	Tag    string          `json:"tag,omitempty"`
	Digest registry.Digest `json:"digest,omitempty"`
}

func (r *buildResult) store(ctx context.Context, a *app, p *project.Project, tag registry.Reference) error {
	store, err := a.store()
	if err != nil {
		return err
	}
	image, err := store.Put(ctx, artifact.Artifact{Module: r.Module, Title: p.Name}, tag)
	if err != nil {
		return err
	}
	r.Tag, r.Digest = image.Ref, image.Digest
	a.say("Stored as %s.", image.Ref)
	return nil
}

// Text prints where the module is, for $(wasmctl build).
func (r buildResult) Text(w io.Writer) error {
	path := r.Path
	if r.Output != "" {
		path = r.Output
	}
	_, err := fmt.Fprintln(w, relative(path))
	return err
}
