package artifact

import ocispec "github.com/opencontainers/image-spec/specs-go/v1"

// Media types of the wasm image specification that wasme introduced.
//
// https://github.com/solo-io/wasm/blob/master/spec/spec.md
const (
	MediaTypeConfig  = "application/vnd.module.wasm.config.v1+json"
	MediaTypeContent = "application/vnd.module.wasm.content.layer.v1+wasm"
)

// Media types of other layouts: the CNCF Wasm artifact and wasm-to-oci.
const (
	mediaTypeCNCFConfig = "application/vnd.wasm.config.v0+json"
	mediaTypeCNCFLayer  = "application/wasm"
	mediaTypeWasmToOCI  = "application/vnd.wasm.content.layer.v1+wasm"
)

// Media types of Docker's image manifest version 2, schema 2.
const (
	mediaTypeDockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	mediaTypeDockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
	mediaTypeDockerLayer    = "application/vnd.docker.image.rootfs.diff.tar.gzip"
	mediaTypeDockerTar      = "application/vnd.docker.image.rootfs.diff.tar"
)

// Annotations of a manifest.
const (
	// AnnotationRuntimeType is RuntimeConfig.Type.
	AnnotationRuntimeType = "module.wasm.runtime/type"
	// AnnotationABI is RuntimeConfig.ABIVersions, with commas.
	AnnotationABI = "module.wasm.runtime/abi_version"
)

// The file names that layers carry, for tools that unpack layers into files.
const (
	pluginFile = "plugin.wasm" // inside the tar; the compat readers look for it
	configFile = "runtime-config.json"
	moduleFile = "filter.wasm"
	tarFile    = "plugin.tar.gz"
)

// isTar tells whether a layer is a tar archive that can be read, and whether it
// is compressed with gzip.
func isTar(mediaType string) (tar, gzipped bool) {
	switch mediaType {
	case ocispec.MediaTypeImageLayerGzip, mediaTypeDockerLayer:
		return true, true
	case ocispec.MediaTypeImageLayer, mediaTypeDockerTar:
		return true, false
	}
	return false, false
}
