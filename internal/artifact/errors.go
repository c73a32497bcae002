package artifact

import (
	"errors"
	"fmt"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// What is wrong with an image.
var (
	// ErrLayout is a manifest in which no wasm module can be found.
	ErrLayout = errors.New("not an image of a wasm filter")
	// ErrTooLarge is a blob, archive or module above the limits.
	ErrTooLarge = errors.New("larger than 256 MiB")
	// ErrManifest is a manifest that cannot be understood.
	ErrManifest = errors.New("malformed manifest")
)

// BlobError says which blob of an image cannot be read, or does not have the
// size and digest that its descriptor says.
type BlobError struct {
	Descriptor ocispec.Descriptor
	Err        error
}

func (e *BlobError) Error() string {
	return fmt.Sprintf("%s (%s): %v", e.Descriptor.Digest, e.Descriptor.MediaType, e.Err)
}

func (e *BlobError) Unwrap() error { return e.Err }
