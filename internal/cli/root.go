package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// newRoot returns the whole command tree.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "wasmctl",
		Short: "Build, run and ship Wasm filters for Envoy",
		Long: `wasmctl takes a proxy-wasm filter from an empty folder to a running Envoy.

A SOURCE names a filter, the same way for every command: a project folder
(built when stale), a .wasm file, a tag of the local store, a reference in a
registry (oci://HOST/NAME:TAG or HOST/NAME@sha256:...), or an http(s) URL that
ends in #sha256=DIGEST.`,
		Example: `  wasmctl init my-filter --language go --template http-headers
  cd my-filter
  wasmctl run
  wasmctl push . localhost:5000/my-filter:v1 --plain-http
  wasmctl deploy envoy`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              cobra.ArbitraryArgs,
		RunE:              group,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
		PersistentPreRun: func(*cobra.Command, []string) {
			if a.noColor {
				a.Color = false
				a.progress.SetColor(false)
			}
		},
	}
	root.PersistentFlags().BoolVar(&a.noColor, "no-color", false, "no colour, as with NO_COLOR in the environment")
	root.PersistentFlags().BoolVarP(&a.quiet, "quiet", "q", false, "print nothing but the result and errors")
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 80"))
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.AddGroup(
		&cobra.Group{ID: groupDevelop, Title: "Develop:"},
		&cobra.Group{ID: groupShip, Title: "Store and ship:"},
		&cobra.Group{ID: groupDeploy, Title: "Deploy:"},
	)
	add := func(id string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = id
			root.AddCommand(c)
		}
	}
	add(groupDevelop, newInit(a), newBuild(a), newInspect(a), newCheck(a), newRunCommand(a))
	add(groupShip, newPush(a), newPull(a), newTag(a), newList(a), newRemove(a), newPrune(a))
	add(groupDeploy, newDeploy(a), newUndeploy(a))
	root.AddCommand(newVersion(a))
	return root
}

// The groups of commands in the help.
const (
	groupDevelop = "develop"
	groupShip    = "ship"
	groupDeploy  = "deploy"
)
