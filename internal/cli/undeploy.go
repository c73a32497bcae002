package cli

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/deploy"
)

func newUndeploy(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "undeploy",
		Short: "End what deploy --detach left running",
		Args:  cobra.ArbitraryArgs,
		RunE:  group,
	}
	cmd.AddCommand(newUndeployEnvoy(a))
	return cmd
}

func newUndeployEnvoy(a *app) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:     "envoy",
		Short:   "End a detached Envoy and remove what it left",
		Example: "  wasmctl undeploy envoy\n  wasmctl undeploy envoy --name second",
		Args:    argCount(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			state, err := stateDir()
			if err != nil {
				return err
			}
			gone, err := deploy.Undeploy(cmd.Context(), filepath.Join(state, "deploy"), name)
			if err != nil {
				return err
			}
			return a.print(undeployResult{gone})
		},
	}
	cmd.Flags().StringVar(&name, "name", deploy.DefaultName, "the `NAME` of the deployment")
	addOutput(cmd, a)
	return cmd
}

type undeployResult struct{ *deploy.Undeployed }

func (r undeployResult) Text(w io.Writer) error {
	what := "ended"
	if !r.WasRunning {
		what = "had ended already; what it left is removed"
	}
	_, err := fmt.Fprintf(w, "Envoy %q %s.\n", r.Name, what)
	return err
}
