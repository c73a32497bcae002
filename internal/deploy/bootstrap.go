package deploy

import (
	"github.com/wasmctl/wasmctl/internal/envoy"
)

// bootstrapYAML is the bootstrap of a deployment whose modules Envoy finds in
// the folder.
func bootstrapYAML(o EnvoyOptions, options envoy.BootstrapOptions, folder string) ([]byte, error) {
	options.ModulePath = func(i int) string { return modulePath(folder, o.Chain, i) }
	b, err := envoy.Bootstrap(o.Chain, options)
	if err != nil {
		return nil, err
	}
	return envoy.MarshalYAML(b)
}
