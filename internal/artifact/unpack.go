package artifact

import (
	"context"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
)

// Unpack reads the manifest (or index) that desc describes and the module in it.
func Unpack(ctx context.Context, src content.Fetcher, desc ocispec.Descriptor) (*Artifact, error) {
	panic("todo")
}
