package wasm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// ABIVersion is a version of the proxy-wasm ABI.
//
// https://github.com/proxy-wasm/spec/tree/main/abi-versions
type ABIVersion string

// The versions that Envoy knows, and one more.
const (
	ABI010 ABIVersion = "0.1.0"
	ABI020 ABIVersion = "0.2.0"
	ABI021 ABIVersion = "0.2.1"
	// ABI02100 is Higress' own version.
	ABI02100 ABIVersion = "0.2.100"
)

// abiPrefix is how the exported function that marks the version begins.
const abiPrefix = "proxy_abi_version_"

// ErrNoABI says that a module has no export which names its ABI version.
var ErrNoABI = errors.New("not a proxy-wasm filter: no function export proxy_abi_version_*")

// UnknownABIError is an ABI version that Envoy does not know.
type UnknownABIError struct {
	// Export is the function export that names the version.
	Export string
}

func (e *UnknownABIError) Error() string {
	return fmt.Sprintf("unknown proxy-wasm ABI version %s (export %s)", e.Version(), e.Export)
}

// Version returns the version that the export names: "0.2.100".
func (e *UnknownABIError) Version() string {
	return strings.ReplaceAll(strings.TrimPrefix(e.Export, abiPrefix), "_", ".")
}

// ABI returns the ABI version of the module. As in Envoy the first export that
// names a known version wins, and nothing but exports counts. The error is
// ErrNoABI or *UnknownABIError.
func (m *Module) ABI() (ABIVersion, error) {
	return m.abiOf([]ABIVersion{ABI010, ABI020, ABI021})
}

// abiOf is ABI for a host that knows the given versions.
func (m *Module) abiOf(known []ABIVersion) (ABIVersion, error) {
	unknown := ""
	for _, e := range m.exports {
		if e.Kind != ExternFunc || !strings.HasPrefix(e.Name, abiPrefix) {
			continue
		}
		for _, v := range known {
			if e.Name == v.export() {
				return v, nil
			}
		}
		if unknown == "" {
			unknown = e.Name
		}
	}
	if unknown == "" {
		return "", hint.Wrap(ErrNoABI, "build the module with a proxy-wasm SDK ('wasmctl init' writes such a project)")
	}
	return "", hint.Wrap(&UnknownABIError{Export: unknown}, unknownABIHint(unknown, known))
}

// export is the name of the function that marks the version.
func (v ABIVersion) export() string { return abiPrefix + strings.ReplaceAll(string(v), ".", "_") }

func unknownABIHint(export string, known []ABIVersion) string {
	if export == ABI02100.export() {
		return "this is Higress' own version: run the module in Higress, or build it with the upstream SDK"
	}
	return "build the module with an SDK for ABI " + joinVersions(known, "or")
}
