package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/version"
)

func newVersion(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version of wasmctl",
		Example: "  wasmctl version\n  wasmctl version -o json",
		Args:    argCount(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			return a.print(versionResult{version.Get()})
		},
	}
	addOutput(cmd, a)
	return cmd
}

type versionResult struct{ version.Info }

func (r versionResult) Text(w io.Writer) error {
	_, err := fmt.Fprintf(w, "wasmctl %s (%s, %s)\n", r.Version, r.Go, r.Platform)
	return err
}
