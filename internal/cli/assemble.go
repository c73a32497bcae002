package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// chain resolves the sources and puts the chain together. All that can be
// wrong with the configuration is found here, before anything starts.
func (f *chainFlags) chain(ctx context.Context, a *app, sources []string) (*chain.Chain, error) {
	if err := checkFiles(f.filter.configFile, f.filter.vmConfigFile); err != nil {
		return nil, err
	}
	c := &chain.Chain{Listen: f.listen, Admin: f.admin}
	upstream := f.upstream
	specs := f.specs(sources)
	dir := ""
	if f.file != "" {
		file, err := chain.ReadFile(f.file)
		if err != nil {
			return nil, err
		}
		specs, dir = file.Filters, file.Dir
		c.Listen, c.Admin = or(c.Listen, file.Listen), or(c.Admin, file.Admin)
		upstream = or(upstream, file.Upstream)
		if c.Clusters, err = file.ClusterList(); err != nil {
			return nil, err
		}
	}
	c.Listen, c.Admin = or(c.Listen, chain.DefaultListen), or(c.Admin, chain.DefaultAdmin)

	var err error
	if c.Clusters, err = f.addClusters(c.Clusters); err != nil {
		return nil, err
	}
	if c.Upstream, err = chain.ParseUpstream(upstream); err != nil {
		return nil, err
	}
	for _, spec := range specs {
		filter, err := f.resolve(ctx, a, spec, dir)
		if err != nil {
			return nil, err
		}
		c.Filters = append(c.Filters, *filter)
	}
	nameFilters(c)
	return c, nil
}

// addClusters adds the clusters of the command line, which take the place of
// those of the same name in the file.
func (f *chainFlags) addClusters(clusters []chain.Cluster) ([]chain.Cluster, error) {
	var given []chain.Cluster
	for _, text := range f.clusters {
		c, err := chain.ParseCluster(text)
		if err != nil {
			return nil, usagef("--cluster: %w", err)
		}
		given = append(given, c)
		clusters = slices.DeleteFunc(clusters, func(old chain.Cluster) bool { return old.Name == c.Name })
	}
	if err := chain.CheckClusters(given); err != nil {
		return nil, err
	}
	return append(clusters, given...), nil
}

// specs are the filters named on the command line; none means the project
// around the current folder.
func (f *chainFlags) specs(sources []string) []chain.FilterSpec {
	if len(sources) == 0 {
		sources = []string{"."}
	}
	specs := make([]chain.FilterSpec, len(sources))
	for i, s := range sources {
		specs[i].Source = s
	}
	return specs
}

// resolve turns one spec, with the flags where they apply, into a filter.
func (f *chainFlags) resolve(ctx context.Context, a *app, spec chain.FilterSpec, dir string) (*chain.Filter, error) {
	src, err := f.source.resolve(ctx, a, relativeSource(dir, spec.Source))
	if err != nil {
		return nil, err
	}
	if err := wasm.Check(src.Module); err != nil {
		return nil, fmt.Errorf("%s: %w", src.Ref, err)
	}
	filter := &chain.Filter{
		Name: or(spec.Name, src.Name), Module: src.Module,
		RootID: or(spec.RootID, f.filter.rootID), VMID: or(spec.VMID, f.filter.vmID),
		AllowOnHeadersStopIteration: spec.AllowOnHeadersStopIteration || f.filter.allowStopIteration,
		Environment:                 spec.Env,
	}
	if filter.FailurePolicy, err = chain.ParseFailurePolicy(or(spec.FailurePolicy, f.filter.failurePolicy)); err != nil {
		return nil, err
	}
	if len(f.filter.env) > 0 {
		if filter.Environment, err = parseEnv(f.filter.env); err != nil {
			return nil, err
		}
	}
	if filter.VMConfiguration, err = f.vmConfiguration(spec); err != nil {
		return nil, err
	}
	filter.Configuration, err = f.configuration(spec, dir, src.Project)
	if err != nil {
		return nil, fmt.Errorf("filter %s: %w", filter.Name, err)
	}
	return filter, nil
}

// checkFiles finds a missing file before a build is spent on the filter.
func checkFiles(paths ...string) error {
	for _, p := range paths {
		if p == "" {
			continue
		}
		if _, err := os.Stat(p); err != nil {
			return err
		}
	}
	return nil
}

func (f *chainFlags) vmConfiguration(spec chain.FilterSpec) ([]byte, error) {
	switch {
	case f.filter.vmConfigFile != "":
		return chain.ReadConfigurationFile(f.filter.vmConfigFile)
	case f.filter.vmConfig != "":
		return chain.ParseConfiguration([]byte(f.filter.vmConfig))
	}
	return spec.VMConfiguration()
}

// configuration is, in this order, what the flags say, what the chain file
// says, the example that the project carries, or nothing. It is held to the
// project's schema.
func (f *chainFlags) configuration(spec chain.FilterSpec, dir string, p *project.Project) ([]byte, error) {
	configuration, err := f.givenConfiguration(spec, dir, p)
	if err != nil {
		return nil, err
	}
	if p == nil || p.Schema == "" || len(configuration) == 0 {
		return configuration, nil
	}
	return configuration, checkSchema(p.SchemaPath(), configuration)
}

func (f *chainFlags) givenConfiguration(spec chain.FilterSpec, dir string, p *project.Project) ([]byte, error) {
	switch {
	case f.filter.configFile != "":
		return chain.ReadConfigurationFile(f.filter.configFile)
	case f.filter.configGiven:
		return chain.ParseConfiguration([]byte(f.filter.config))
	}
	configuration, given, err := spec.Configuration(dir)
	if given || err != nil || p == nil || p.Config == "" {
		return configuration, err
	}
	configuration, err = chain.ReadConfigurationFile(p.ConfigPath())
	if errors.Is(err, os.ErrNotExist) {
		return nil, hint.Wrap(err, "wasmctl.yaml names this file under 'config:'; create it, or remove the key")
	}
	return configuration, err
}

func checkSchema(path string, configuration []byte) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return hint.Wrap(err, "wasmctl.yaml names this file under 'schema:'; create it, or remove the key")
	}
	schema, err := chain.ParseSchema(path, text)
	if err != nil {
		return err
	}
	return hint.Wrap(schema.Check(configuration), "the schema is "+path)
}

// relativeSource lets the paths of a chain file start at the file's folder.
// What is no path there, such as a reference, stays as it is.
func relativeSource(dir, s string) string {
	if dir == "" || dir == "." || filepath.IsAbs(s) {
		return s
	}
	path := filepath.Join(dir, s)
	if _, err := os.Stat(path); err != nil {
		return s
	}
	return path
}

// nameFilters tells filters of the same name apart where the user did not.
func nameFilters(c *chain.Chain) {
	taken := map[string]bool{}
	for i := range c.Filters {
		name := c.Filters[i].Name
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s-%d", c.Filters[i].Name, n)
		}
		taken[name] = true
		c.Filters[i].Name = name
	}
}

func parseEnv(pairs []string) (map[string]string, error) {
	env := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usagef("--env %q is not NAME=VALUE", pair)
		}
		env[name] = value
	}
	return env, nil
}

func or(first, second string) string {
	if first != "" {
		return first
	}
	return second
}
