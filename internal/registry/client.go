package registry

import (
	"context"
	"time"

	"github.com/wasmctl/wasmctl/internal/progress"
)

// ClientOptions say how to speak to registries. The zero value is for https
// and the user's Docker credentials.
type ClientOptions struct {
	// PlainHTTP speaks http. Without it https is spoken, except to this machine
	// (localhost, 127.0.0.0/8, ::1), where http is spoken when the registry
	// does not answer with TLS.
	PlainHTTP bool
	// CAFile is a PEM file with certificates to trust besides the system's.
	CAFile string
	// UserAgent is sent with each request: "wasmctl/v1.2.3".
	UserAgent string
	// DockerConfig is the folder of Docker's config.json, instead of
	// $DOCKER_CONFIG or ~/.docker.
	DockerConfig string
	// Timeout is how long a registry may be silent before it counts as
	// unreachable; 0 means a minute. It does not limit a transfer that moves.
	Timeout time.Duration
	// Concurrency is how many blobs are transferred at once; 0 means 4.
	Concurrency int
}

// Client speaks to OCI registries (OCI distribution specification 1.1). It may
// be used from several goroutines at once.
type Client struct {
	options ClientOptions
}

// NewClient returns a client. The error is about the options: a CA file that
// cannot be used. Credentials are read when a registry first asks for them.
func NewClient(o ClientOptions) (*Client, error) { panic("todo") }

// Push sends the image that src names in the store to the registry, under dst.
// Blobs that the registry has are not sent again. It reports one task a blob.
func (c *Client) Push(ctx context.Context, s *Store, src, dst Reference, report progress.Func) (Image, error) {
	panic("todo")
}

// Pull fetches an image from its registry into the store, where it then has
// that reference. Blobs that the store has are not fetched again. Of an index
// it takes the one image that holds the module. It reports one task a blob.
func (c *Client) Pull(ctx context.Context, s *Store, ref Reference, report progress.Func) (Image, error) {
	panic("todo")
}
