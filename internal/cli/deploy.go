package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/deploy"
)

func newDeploy(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "deploy",
		Short: "Attach filters to a real proxy",
		Args:  cobra.ArbitraryArgs,
		RunE:  group,
	}
	cmd.AddCommand(newDeployEnvoy(a))
	return cmd
}

type deployEnvoyOptions struct {
	chain  chainFlags
	envoy  deploy.EnvoyOptions
	via    string
	dryRun bool
}

func newDeployEnvoy(a *app) *cobra.Command {
	var o deployEnvoyOptions
	cmd := &cobra.Command{
		Use:   "envoy [SOURCE...]",
		Short: "Start a local Envoy with the filters attached",
		Long: `Start a local Envoy with the filters attached, in the order given, and prove
through its admin interface that it listens and that every filter is loaded.
Ctrl-C ends it. With --detach it stays, and 'wasmctl undeploy envoy' ends it.

The Envoy is, in this order: --envoy-path, ENVOY_PATH or envoy on PATH; Docker,
when its daemon answers; a download that is checked by its digest.`,
		Example: `  wasmctl deploy envoy
  wasmctl deploy envoy localhost:5000/my-filter:v1 --config '{"a": 1}'
  wasmctl deploy envoy -f chain.yaml --via docker
  wasmctl deploy envoy --dry-run > bootstrap.yaml
  wasmctl deploy envoy --detach && wasmctl undeploy envoy`,
		Args: argCount(0, -1, ""),

		ValidArgsFunction: a.completeSource,
		PreRunE: func(cmd *cobra.Command, args []string) error {
			return o.chain.check(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDeployEnvoy(cmd.Context(), a, &o, args)
		},
	}
	o.add(cmd)
	addOutput(cmd, a)
	return cmd
}

func (o *deployEnvoyOptions) add(cmd *cobra.Command) {
	o.chain.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.via, "via", string(deploy.ViaAuto), "how to run Envoy: auto, binary, docker or download")
	flags.StringVar(&o.envoy.EnvoyPath, "envoy-path", "", "run this Envoy `BINARY`")
	flags.StringVar(&o.envoy.EnvoyImage, "envoy-image", "", "run this `IMAGE` (default "+deploy.DefaultImage+")")
	flags.StringVar(&o.envoy.EnvoyVersion, "envoy-version", "", "download this `VERSION` (default "+deploy.DefaultVersion+")")
	flags.StringVar(&o.envoy.VersionsURL, "envoy-versions-url", "", "the list of downloads, in func-e's format, from this `URL`")
	flags.IntVar(&o.envoy.Concurrency, "concurrency", 1, "the `NUMBER` of workers; each has its own VM of every filter")
	flags.BoolVarP(&o.envoy.Detach, "detach", "d", false, "leave Envoy running in the background")
	flags.BoolVar(&o.envoy.Replace, "replace", false, "end a detached deployment of the same name first")
	flags.StringVar(&o.envoy.Name, "name", deploy.DefaultName, "the `NAME` of the deployment")
	flags.StringVar(&o.envoy.LogLevel, "log-level", deploy.DefaultLogLevel, "the `LEVEL` of the filters' log: "+strings.Join(logLevels, ", "))
	flags.StringVar(&o.envoy.EnvoyLogLevel, "envoy-log-level", "", "the `LEVEL` of the rest of Envoy's log (default warning)")
	flags.DurationVar(&o.envoy.StartTimeout, "timeout", deploy.DefaultStartTimeout, "how long Envoy may take to start")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print the bootstrap that Envoy would be given, and stop")
	completeValues(cmd, "via", "auto", "binary", "docker", "download")
	completeValues(cmd, "log-level", logLevels...)
}

// logLevels are those of proxy-wasm and Envoy alike, from the most to the least.
var logLevels = []string{"trace", "debug", "info", "warn", "error", "critical", "off"}

func runDeployEnvoy(ctx context.Context, a *app, o *deployEnvoyOptions, sources []string) error {
	if err := o.complete(a); err != nil {
		return err
	}
	c, err := o.chain.chain(ctx, a, sources)
	if err != nil {
		return err
	}
	o.envoy.Chain = c
	if o.dryRun {
		bootstrap, err := deploy.DryRun(ctx, o.envoy)
		if err != nil {
			return err
		}
		_, err = a.Out.Write(bootstrap)
		return err
	}
	log := &heldLog{to: a.progress.Writer(a.Err)}
	o.envoy.Log = log
	d, err := deploy.Envoy(ctx, o.envoy)
	if err != nil {
		return err
	}
	log.release()
	if err := a.print(deployResult{d, c}); err != nil {
		return err
	}
	if d.Detached {
		return nil
	}
	a.say("%s", a.ErrStyle().Dim("Press Ctrl-C to end it."))
	return d.Wait(ctx)
}

func (o *deployEnvoyOptions) complete(a *app) error {
	if err := oneOf("--via", o.via, "auto", "binary", "docker", "download"); err != nil {
		return err
	}
	if err := oneOf("--log-level", o.envoy.LogLevel, logLevels...); err != nil {
		return err
	}
	state, err := stateDir()
	if err != nil {
		return err
	}
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	o.envoy.Via = deploy.Via(o.via)
	o.envoy.StateDir, o.envoy.CacheDir = filepath.Join(state, "deploy"), filepath.Join(cache, "envoy")
	o.envoy.Progress = a.report()
	return nil
}

// deployResult is a deployment that is up.
type deployResult struct {
	*deploy.Deployment
	chain *chain.Chain
}

func (r deployResult) Text(w io.Writer) error {
	place := fmt.Sprintf("process %d", r.PID)
	if r.ContainerID != "" {
		place = fmt.Sprintf("container %.12s", r.ContainerID)
	}
	_, err := fmt.Fprintf(w, "Envoy %s listens on http://%s (%s).\nUpstream: %s; admin: http://%s.\n",
		r.Version, r.ListenAddr, place, upstreamName(r.chain), r.AdminAddr)
	for _, f := range r.Filters {
		if err == nil {
			_, err = fmt.Fprintf(w, "Filter %s is loaded (sha256 %.12s).\n", f.Name, f.SHA256)
		}
	}
	return err
}
