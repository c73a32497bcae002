package artifact

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/wasmctl/wasmctl/internal/wasm"
)

// configFormat is runtime-config.json. The tools write camel case and the text
// of the specification has snake case, so both are read.
type configFormat struct {
	Type        string         `json:"type"`
	ABIVersions []string       `json:"abiVersions,omitempty"`
	Config      *configDetails `json:"config,omitempty"`

	SnakeABIVersions []string `json:"abi_versions,omitempty"`
}

type configDetails struct {
	RootIDs      []string `json:"rootIds,omitempty"`
	SnakeRootIDs []string `json:"root_ids,omitempty"`
}

// encode returns runtime-config.json, always the same for the same values.
func (c RuntimeConfig) encode() ([]byte, error) {
	f := configFormat{Type: c.Type, ABIVersions: c.ABIVersions}
	if len(c.RootIDs) > 0 {
		f.Config = &configDetails{RootIDs: c.RootIDs}
	}
	return json.Marshal(f)
}

// decodeConfig reads runtime-config.json. What it says is a remark about the
// module, so that a text which cannot be read counts as one that says nothing.
func decodeConfig(b []byte) RuntimeConfig {
	var f configFormat
	if json.Unmarshal(b, &f) != nil {
		return RuntimeConfig{}
	}
	c := RuntimeConfig{Type: f.Type, ABIVersions: append(f.ABIVersions, f.SnakeABIVersions...)}
	if f.Config != nil {
		c.RootIDs = append(f.Config.RootIDs, f.Config.SnakeRootIDs...)
	}
	return c
}

// complete fills in what is left open: the type, and the ABI version from the
// module itself. A module without one is packed all the same: whether it is a
// filter that loads is not decided here.
func (c RuntimeConfig) complete(m *wasm.Module) RuntimeConfig {
	if c.Type == "" {
		c.Type = RuntimeType
	}
	if len(c.ABIVersions) > 0 {
		return c
	}
	abi, err := m.ABI()
	var unknown *wasm.UnknownABIError
	switch {
	case err == nil:
		c.ABIVersions = []string{string(abi)}
	case errors.As(err, &unknown):
		c.ABIVersions = []string{unknown.Version()}
	}
	return c
}

// fromAnnotations fills in what the configuration of an image does not say.
func (c RuntimeConfig) fromAnnotations(a map[string]string) RuntimeConfig {
	if c.Type == "" {
		c.Type = a[AnnotationRuntimeType]
	}
	if abi := a[AnnotationABI]; len(c.ABIVersions) == 0 && abi != "" {
		for v := range strings.SplitSeq(abi, ",") {
			c.ABIVersions = append(c.ABIVersions, strings.TrimSpace(v))
		}
	}
	return c
}
