package artifact

import (
	"context"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
)

// Pack pushes the blobs and the manifest of a to dst and returns the descriptor
// of the manifest. The same module and metadata give the same bytes.
func Pack(ctx context.Context, dst content.Pusher, a Artifact) (ocispec.Descriptor, error) {
	panic("todo")
}
