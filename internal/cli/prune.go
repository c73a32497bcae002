package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/container"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/ui"
)

type pruneOptions struct{ builders, dryRun bool }

func newPrune(a *app) *cobra.Command {
	var o pruneOptions
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove what can be made again",
		Long: `Remove what wasmctl keeps to be faster the next time, and can make again.

With --builders that is everything made for builder containers: containers,
images, and the volumes with caches of compilers and packages. What a build at
work uses stays.`,
		Example: "  wasmctl prune --builders --dry-run\n  wasmctl prune --builders",
		Args:    argCount(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !o.builders {
				return &usageError{hint.Errorf("--builders removes what was made for builder containers", "prune what? no flag says it")}
			}
			return runPrune(cmd.Context(), a, o)
		},
	}
	cmd.Flags().BoolVar(&o.builders, "builders", false, "remove containers, images and volumes of builder containers")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "only say what would be removed")
	addOutput(cmd, a)
	return cmd
}

func runPrune(ctx context.Context, a *app, o pruneOptions) error {
	client, err := container.New()
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Ping(ctx); err != nil {
		return err
	}
	objects, err := client.Objects(ctx, build.BuilderLabel)
	if err != nil {
		return err
	}
	r := pruneResult{DryRun: o.dryRun, Removed: []container.Object{}}
	for _, object := range objects {
		if object.Busy {
			r.InUse = append(r.InUse, object)
			continue
		}
		if !o.dryRun {
			if err := client.RemoveObject(ctx, object); err != nil {
				return err
			}
		}
		r.Removed = append(r.Removed, object)
		r.Freed += max(object.Size, 0)
	}
	if !o.dryRun {
		if err := forgetBuilders(); err != nil {
			return err
		}
	}
	for _, object := range r.InUse {
		a.say("The %s %s is in use and stays.", object.Kind, object.Name)
	}
	return a.print(r)
}

// forgetBuilders removes what is remembered of builder images.
func forgetBuilders() error {
	if state := builderState(); state != "" {
		return os.RemoveAll(state)
	}
	return nil
}

type pruneResult struct {
	DryRun  bool               `json:"dryRun,omitempty"`
	Removed []container.Object `json:"removed"`
	InUse   []container.Object `json:"inUse,omitempty"`
	// Freed is in bytes, as far as the engine knows sizes.
	Freed int64 `json:"freed"`
}

func (r pruneResult) Text(w io.Writer) error {
	if len(r.Removed) == 0 {
		_, err := fmt.Fprintln(w, "There is nothing to remove.")
		return err
	}
	t := newTable(w, "KIND", "NAME", "SIZE")
	for _, o := range r.Removed {
		size := ""
		if o.Size >= 0 {
			size = ui.Bytes(o.Size)
		}
		t.row(string(o.Kind), o.Name, size)
	}
	if err := t.flush(); err != nil {
		return err
	}
	verb := "Freed"
	if r.DryRun {
		verb = "Would free"
	}
	_, err := fmt.Fprintf(w, "%s %s.\n", verb, ui.Bytes(r.Freed))
	return err
}
