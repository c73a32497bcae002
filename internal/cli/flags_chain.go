package cli

import (
	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/hint"
)

// chainFlags say what a host of filters is given: the flags that run and
// deploy share.
type chainFlags struct {
	file     string
	listen   string
	admin    string
	upstream string
	clusters []string
	filter   filterFlags
	source   sourceFlags
}

// filterFlags are the settings of a single filter. With several, each has its
// own in a chain file.
type filterFlags struct {
	config, configFile string
	// configGiven tells an empty --config, which means no configuration, from none.
	configGiven bool

	vmConfig, vmConfigFile string
	vmID, rootID           string
	env                    []string
	failurePolicy          string
	allowStopIteration     bool
}

func (f *chainFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.file, "file", "f", "", "take the filters and their settings from a chain `FILE`")
	flags.StringVar(&f.listen, "listen", "", "listen on `HOST:PORT`; port 0 takes a free one (default "+chain.DefaultListen+")")
	flags.StringVar(&f.admin, "admin", "", "admin listener on `HOST:PORT` (default "+chain.DefaultAdmin+")")
	flags.StringVar(&f.upstream, "upstream", "", "where requests go: http://HOST:PORT or h2c://HOST:PORT (default: a built-in echo)")
	flags.StringArrayVar(&f.clusters, "cluster", nil,
		"a service that filters can call, `NAME=HOST:PORT`, or NAME=h2c://HOST:PORT for gRPC; may be repeated")
	f.filter.add(cmd)
	f.source.add(cmd)
}

func (f *filterFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "the filter's configuration as `TEXT`: JSON, YAML or plain text")
	flags.StringVar(&f.configFile, "config-file", "", "the filter's configuration from a `FILE`, JSON or YAML (default: that of the project)")
	flags.StringVar(&f.vmConfig, "vm-config", "", "the VM's configuration as `TEXT`")
	flags.StringVar(&f.vmConfigFile, "vm-config-file", "", "the VM's configuration from a `FILE`")
	flags.StringVar(&f.vmID, "vm-id", "", "Envoy's VmConfig.vm_id")
	flags.StringVar(&f.rootID, "root-id", "", "Envoy's PluginConfig.root_id")
	flags.StringArrayVar(&f.env, "env", nil, "`NAME=VALUE` in the filter's environment; may be repeated")
	flags.StringVar(&f.failurePolicy, "failure-policy", "", "what happens after the filter traps: closed, open or reload (default closed)")
	flags.BoolVar(&f.allowStopIteration, "allow-on-headers-stop-iteration", false,
		"let StopIteration from a headers callback mean what the specification says")
	completeValues(cmd, "failure-policy", string(chain.FailClosed), string(chain.FailOpen), string(chain.FailReload))
}

// filterFlagNames are the flags that make no sense for several filters.
var filterFlagNames = [...]string{
	"config", "config-file", "vm-config", "vm-config-file", "vm-id", "root-id",
	"env", "failure-policy", "allow-on-headers-stop-iteration",
}

// check refuses combinations that say two things at once.
func (f *chainFlags) check(cmd *cobra.Command, sources []string) error {
	if f.file != "" && len(sources) > 0 {
		return usagef("both a SOURCE and -f %s are given: name the filters in one of them", f.file)
	}
	f.filter.configGiven = cmd.Flags().Changed("config")
	for _, name := range []string{"config", "vm-config"} {
		if cmd.Flags().Changed(name) && cmd.Flags().Changed(name+"-file") {
			return usagef("both --%s and --%s-file are given: keep one of them", name, name)
		}
	}
	if f.file == "" && len(sources) < 2 {
		return nil
	}
	for _, name := range filterFlagNames {
		if cmd.Flags().Changed(name) {
			return &usageError{hint.Errorf("give each filter its own settings in a chain file, with -f",
				"--%s is for a single filter", name)}
		}
	}
	return nil
}
