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
	dirs     []string
	file     string
	tag      string
	debug    bool
	names    bool
	optimize string
	builder  builderFlags
}

func newBuild(a *app) *cobra.Command {
	var o buildOptions
	cmd := &cobra.Command{
		Use:   "build [DIR...]",
		Short: "Compile filter projects to checked modules",
		Long: `Compile the project in DIR, or the one around the current folder, into
build/NAME.wasm of the project, and check that Envoy will load the module.
When nothing has changed, no compiler is started.

Several projects are built at once; one that fails does not stop the others.`,
		Example: `  wasmctl build
  wasmctl build ./my-filter -o filter.wasm
  wasmctl build -t localhost:5000/my-filter:v1
  wasmctl build ./auth ./headers ./rewrite`,
		Args: argCount(0, -1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.dirs = args
			if len(args) == 0 {
				o.dirs = []string{"."}
			}
			return runBuild(cmd.Context(), a, o)
		},
	}
	cmd.Flags().StringVarP(&o.tag, "tag", "t", "", "keep the module in the local store under `REF`")
	cmd.Flags().BoolVar(&o.debug, "debug", false, "keep symbols and names in the module, and do not optimise it")
	cmd.Flags().BoolVar(&o.names, "names", false, "keep the names of functions in the module")
	cmd.Flags().StringVar(&o.optimize, "optimize", "", "`WHEN` to run wasm-opt over the module: auto, on or off (default auto, or as wasmctl.yaml says)")
	completeValues(cmd, "optimize", optimizeValues()...)
	o.builder.add(cmd)
	addOutputOrFile(cmd, a, &o.file)
	return cmd
}

func optimizeValues() []string {
	return []string{string(build.OptimizeAuto), string(build.OptimizeOn), string(build.OptimizeOff)}
}

// check refuses what cannot be meant.
func (o buildOptions) check() error {
	switch {
	case len(o.dirs) > 1 && o.file != "":
		return usagef("-o %s is one file, but there are %d projects: each has its own in its build folder", o.file, len(o.dirs))
	case len(o.dirs) > 1 && o.tag != "":
		return usagef("-t %s is one name, but there are %d projects: build them one by one", o.tag, len(o.dirs))
	case o.debug && o.optimize == string(build.OptimizeOn):
		return usagef("--optimize on and --debug exclude each other")
	}
	if o.optimize != "" {
		if err := oneOf("--optimize", o.optimize, optimizeValues()...); err != nil {
			return err
		}
	}
	return o.builder.check()
}

// options are those of the build of one project.
func (o buildOptions) options(p *project.Project) build.Options {
	options := build.Options{
		Project: p, Output: o.file, Debug: o.debug, Names: o.names, Optimize: build.Optimize(o.optimize),
	}
	o.builder.apply(&options)
	return options
}

func runBuild(ctx context.Context, a *app, o buildOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	if len(o.dirs) > 1 {
		return runBuilds(ctx, a, o)
	}
	var tag registry.Reference
	if o.tag != "" {
		var err error
		if tag, err = parseReference(o.tag); err != nil {
			return err
		}
	}
	p, err := project.Find(o.dirs[0])
	if err != nil {
		return err
	}
	built, err := a.build(ctx, o.options(p))
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
	if o.Container.State == "" { // a command without flags for builder containers
		o.Container.State = builderState()
	}
	o.Stderr = a.progress.Writer(a.Err)
	o.Progress = a.report()
	o.Notice = func(text string) { a.say("%s", text) }
	r, err := build.Build(ctx, o)
	if err != nil {
		return nil, err
	}
	if !r.UpToDate {
		a.say("%s", built(o.Project, r))
	}
	return r, nil
}

// built is the sentence about a build that was done.
func built(p *project.Project, r *build.Result) string {
	where := ""
	if r.Record != nil && r.Record.Image != "" {
		where = " in a builder container"
	}
	return fmt.Sprintf("Built %s: %s in %s with %s%s.", p.Name, ui.Bytes(r.Size), round(r.Duration), r.Toolchain, where)
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
