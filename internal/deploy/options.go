package deploy

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/hint"
)

// complete checks the options and fills in the defaults.
func (o EnvoyOptions) complete() (EnvoyOptions, error) {
	o.Name = cmp.Or(o.Name, DefaultName)
	o.Via = cmp.Or(o.Via, ViaAuto)
	o.EnvoyVersion = cmp.Or(o.EnvoyVersion, DefaultVersion)
	o.LogLevel = cmp.Or(o.LogLevel, DefaultLogLevel)
	o.EnvoyLogLevel = cmp.Or(o.EnvoyLogLevel, "warning")
	if o.Concurrency <= 0 {
		o.Concurrency = 1
	}
	if o.StartTimeout <= 0 {
		o.StartTimeout = DefaultStartTimeout
	}
	if err := o.check(); err != nil {
		return o, err
	}
	c := *o.Chain // the defaults are not the caller's
	c.Listen = cmp.Or(c.Listen, chain.DefaultListen)
	c.Admin = cmp.Or(c.Admin, chain.DefaultAdmin)
	o.Chain = &c
	// Envoy, in another working directory, is given paths of this folder.
	stateDir, err := filepath.Abs(o.StateDir)
	o.StateDir = stateDir
	return o, err
}

func (o EnvoyOptions) check() error {
	switch o.Via {
	case ViaAuto, ViaBinary, ViaDocker, ViaDownload:
	default:
		return hint.Errorf("use auto, binary, docker or download", "%w: %q", ErrUnknownVia, o.Via)
	}
	if strings.Trim(o.EnvoyVersion, "0123456789.") != "" {
		return hint.Errorf("write it as MAJOR.MINOR.PATCH, for example "+DefaultVersion, "%q is not a version of Envoy", o.EnvoyVersion)
	}
	if len(o.Chain.Filters) == 0 {
		return fmt.Errorf("the chain has no filter")
	}
	if o.StateDir == "" {
		return fmt.Errorf("deploy: EnvoyOptions.StateDir is empty")
	}
	if err := o.Chain.CheckNames(); err != nil {
		return err
	}
	return checkName(o.Name)
}

// maxName is the longest name of a deployment, that of a DNS label: it becomes
// part of a container's name.
const maxName = 63

// checkName tells whether a name can name a folder and a container.
func checkName(name string) error {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-"
	if name == "" || len(name) > maxName || strings.Trim(name, allowed) != "" || name[0] == '-' {
		return hint.Errorf("use lower-case letters, digits and '-', at most 63, starting with a letter or digit",
			"%q is not a name for a deployment", name)
	}
	return nil
}

// modulePath is the file of the i-th module under a folder. The chain's order
// comes first, since a filter's name may hold anything.
func modulePath(dir string, c *chain.Chain, i int) string {
	return filepath.Join(dir, moduleName(c, i))
}

func moduleName(c *chain.Chain, i int) string {
	safe := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, c.Filters[i].Name)
	const longest = 80
	return fmt.Sprintf("%d-%.*s.wasm", i, longest, safe)
}

// arguments are Envoy's beside the configuration.
func (o EnvoyOptions) arguments() []string {
	levels := "wasm:" + o.LogLevel
	if o.EnvoyLogLevel == "warning" || o.EnvoyLogLevel == "warn" {
		// The server's own warnings are about production settings and signals.
		levels += ",main:error"
	}
	return []string{
		"--concurrency", fmt.Sprint(o.Concurrency),
		"--disable-hot-restart",
		"--log-level", o.EnvoyLogLevel,
		"--component-log-level", levels,
		"--log-format", logFormat,
	}
}
