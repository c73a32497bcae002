package cli

import (
	"context"
	"errors"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/proxy"
)

type runOptions struct {
	chain       chainFlags
	logLevel    string
	concurrency int
	noCache     bool
}

func newRunCommand(a *app) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [SOURCE...]",
		Short: "Serve traffic through filters, with nothing else installed",
		Long: `Serve HTTP/1.1 and HTTP/2 (h2c) through the filters on the embedded host, in the
order given. Without a SOURCE it is the project around the current folder.
Requests go to --upstream, or to a built-in echo that answers with the request
it saw, as JSON. Filters call other services, with proxy_http_call and
proxy_grpc_call, by the names of --cluster; the upstream is the cluster
"upstream". Ctrl-C drains and ends it.

Several filters with settings of their own are written in a chain file:

  listen: 127.0.0.1:10000
  upstream: http://127.0.0.1:8080
  clusters: {auth: 127.0.0.1:9000, limits: "h2c://127.0.0.1:50051"}
  filters:
    - source: ./path-rewrite
      config: {rewrites: [{regex_match: "^/old", custom_path: /new}]}
    - source: localhost:5000/auth:v1
      failurePolicy: open`,
		Example: `  wasmctl run
  wasmctl run my-filter.wasm --config '{"a": 1}' --upstream 127.0.0.1:8080
  wasmctl run auth-filter --cluster auth=127.0.0.1:9000
  wasmctl run -f chain.yaml
  wasmctl run -o json | jq .status`,
		Args: argCount(0, -1, ""),

		ValidArgsFunction: a.completeSource,
		PreRunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--log-level", o.logLevel, logLevels...); err != nil {
				return err
			}
			return o.chain.check(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRun(cmd.Context(), a, &o, args)
		},
	}
	o.chain.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.logLevel, "log-level", "info", "the least `LEVEL` of filters' log lines to show")
	flags.IntVar(&o.concurrency, "concurrency", 1, "the `NUMBER` of workers; each has its own VM of every filter")
	flags.BoolVar(&o.noCache, "no-cache", false, "compile the modules anew and keep nothing on disk")
	completeValues(cmd, "log-level", logLevels...)
	addOutput(cmd, a)
	return cmd
}

func runRun(ctx context.Context, a *app, o *runOptions, sources []string) error {
	if o.concurrency < 1 {
		return usagef("--concurrency %d: at least 1 worker is needed", o.concurrency)
	}
	c, err := o.chain.chain(ctx, a, sources)
	if err != nil {
		return err
	}
	options := proxy.Options{Chain: c, Concurrency: o.concurrency}
	if !o.noCache {
		cache, err := cacheDir()
		if err != nil {
			return err
		}
		options.CacheDir = filepath.Join(cache, "compiled")
	}
	view := &runView{a: a, level: o.logLevel}
	view.attach(&options)
	server, err := proxy.New(ctx, options)
	if err != nil {
		return err
	}
	if err := view.ready(server, c); err != nil {
		return errors.Join(err, server.Close())
	}
	go settle()
	return server.Serve(ctx)
}

// settle gives back to the system what compiling took, and from then on collects
// garbage as Go usually does: a host at rest should be small.
func settle() {
	const usual = 100
	debug.SetGCPercent(usual)
	debug.FreeOSMemory()
}
