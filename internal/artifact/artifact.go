// Package artifact turns a module and what is known of it into an OCI image
// manifest, and the layouts of manifests that are in use for proxy-wasm filters
// back into a module. It knows storages only by the small interfaces of oras-go
// and never speaks to a network.
package artifact

import (
	"time"

	"github.com/wasmctl/wasmctl/internal/wasm"
)

// MaxSize is the most bytes a module, and so any blob that holds one, may have:
// 256 MiB, as in Istio and Envoy Gateway.
const MaxSize = 256 << 20

// RuntimeType is the type a runtime configuration has for a proxy-wasm filter.
const RuntimeType = "envoy_proxy"

// Artifact is a module with what its manifest says about it.
type Artifact struct {
	Module *wasm.Module
	Config RuntimeConfig
	// Title is the filter's name. Pack writes it as org.opencontainers.image.title.
	Title string
	// Annotations are those of the manifest. Pack adds its own to them; an
	// annotation given here wins, except for the ABI version.
	Annotations map[string]string
	// Created is written as org.opencontainers.image.created. It is zero, and
	// nothing is written, unless somebody asks for it, so that the same module
	// always has the same manifest digest.
	Created time.Time
	// Layout is what Unpack found. Pack ignores it.
	Layout Layout
}

// RuntimeConfig is the runtime configuration of a filter: what it runs in.
//
// https://github.com/solo-io/wasm/blob/master/spec/spec.md
type RuntimeConfig struct {
	// Type is RuntimeType. Pack takes that when it is empty.
	Type string
	// ABIVersions are such as "0.2.1". Pack reads the version from the module
	// when there are none.
	ABIVersions []string
	// RootIDs are the root contexts the module registers, if it is known.
	RootIDs []string
}

// Layout is a way to put a module into an OCI manifest.
type Layout string

// The layouts that Unpack reads. Pack writes LayoutWasmImage with a tar+gzip
// layer after it, so that readers of LayoutCompat find the module too.
const (
	// LayoutWasmImage holds the raw module in a layer of type MediaTypeContent.
	LayoutWasmImage Layout = "wasm-image"
	// LayoutCompat holds plugin.wasm in the last layer, an ordinary tar+gzip one.
	LayoutCompat Layout = "compat"
	// LayoutCNCF has one layer application/wasm.
	LayoutCNCF Layout = "cncf"
	// LayoutWasmToOCI has one layer application/vnd.wasm.content.layer.v1+wasm.
	LayoutWasmToOCI Layout = "wasm-to-oci"
)
