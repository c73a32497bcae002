package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/retry"

	"github.com/wasmctl/wasmctl/internal/artifact"
	"github.com/wasmctl/wasmctl/internal/hint"
)

// ClientOptions say how to speak to registries. The zero value is for https
// and the user's Docker credentials.
type ClientOptions struct {
	// PlainHTTP speaks http. Without it https is spoken, except to localhost by
	// that name, where http is spoken if the registry does not answer with TLS:
	// there oras assumes http. 127.0.0.1 needs PlainHTTP, as in oras.
	PlainHTTP bool
	// CAFile is a PEM file with certificates to trust besides the system's.
	CAFile string
	// UserAgent is sent with each request: "wasmctl/v1.2.3". The default is "wasmctl".
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

const (
	defaultTimeout     = time.Minute
	defaultConcurrency = 4
	// maxDial bounds the time until a connection is there.
	maxDial = 15 * time.Second
	// bufferSize of a connection: large, because blobs are.
	bufferSize = 64 << 10
)

// Client speaks to OCI registries (OCI distribution specification 1.1). It may
// be used from several goroutines at once.
type Client struct {
	options ClientOptions
	auth    *auth.Client
	schemes schemes
}

// NewClient returns a client. The error is about the options: a CA file that
// cannot be used. Credentials are read when a registry first asks for them.
func NewClient(o ClientOptions) (*Client, error) {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Concurrency <= 0 {
		o.Concurrency = defaultConcurrency
	}
	if o.UserAgent == "" {
		o.UserAgent = "wasmctl"
	}
	transport, err := newTransport(o)
	if err != nil {
		return nil, err
	}
	c := &Client{options: o, auth: &auth.Client{
		Client: &http.Client{Transport: &retry.Transport{
			Base:   &watched{base: transport, silence: o.Timeout},
			Policy: func() retry.Policy { return retries },
		}},
		Cache:      auth.NewCache(),
		ClientID:   "wasmctl",
		Credential: dockerCredentials(o.DockerConfig),
	}}
	c.auth.SetUserAgent(o.UserAgent)
	return c, nil
}

func newTransport(o ClientOptions) (*http.Transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = dialer(min(o.Timeout, maxDial)).DialContext
	t.MaxIdleConnsPerHost = o.Concurrency
	t.WriteBufferSize, t.ReadBufferSize = bufferSize, bufferSize
	if o.CAFile == "" {
		return t, nil
	}
	pool, err := certificates(o.CAFile)
	if err != nil {
		return nil, err
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}

// certificates returns the system's certificates and those of a PEM file.
func certificates(file string) (*x509.CertPool, error) {
	const next = "name a PEM file with the certificate of the registry's authority"
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, hint.Errorf(next, "read the CA file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, hint.Errorf(next, "no certificate in the CA file %s", file)
	}
	return pool, nil
}

// dockerCredentials looks a registry up in Docker's configuration, credential
// helpers included, when it first asks for credentials.
func dockerCredentials(dir string) auth.CredentialFunc {
	open := sync.OnceValues(func() (*credentials.DynamicStore, error) {
		if dir != "" {
			return credentials.NewStore(filepath.Join(dir, "config.json"), credentials.StoreOptions{})
		}
		return credentials.NewStoreFromDocker(credentials.StoreOptions{})
	})
	return func(ctx context.Context, host string) (auth.Credential, error) {
		store, err := open()
		if err != nil {
			return auth.EmptyCredential, &credentialError{host: host, err: err}
		}
		found, err := credentials.Credential(store)(ctx, host)
		if err != nil && ctx.Err() == nil {
			err = &credentialError{host: host, err: err}
		}
		return found, err
	}
}

// credentialError is a Docker configuration or credential helper that fails.
type credentialError struct {
	host string
	err  error
}

func (e *credentialError) Error() string {
	return fmt.Sprintf("look up the credentials for %s: %v", e.host, e.err)
}

func (e *credentialError) Unwrap() error { return e.err }

// repository returns the remote side of a reference.
func (c *Client) repository(ctx context.Context, ref Reference) (*remote.Repository, error) {
	if err := ref.needRegistry(); err != nil {
		return nil, err
	}
	repo, err := remote.NewRepository(ref.Registry + "/" + ref.Repository)
	if err != nil {
		return nil, badReference(ref.String(), err.Error())
	}
	repo.Client = c.auth
	repo.MaxMetadataBytes = artifact.MaxManifest
	repo.PlainHTTP, err = c.plainHTTP(ctx, ref.Registry)
	return repo, err
}

// target returns what a reference names in its repository.
func (r Reference) target() string {
	if r.Digest != "" {
		return string(r.Digest)
	}
	return r.Tag
}

// plainHTTP tells whether to speak http to a registry.
func (c *Client) plainHTTP(ctx context.Context, registry string) (bool, error) {
	if c.options.PlainHTTP {
		return true, nil
	}
	if !isLocalhost(registry) {
		return false, nil
	}
	return c.schemes.plain(ctx, registry, min(c.options.Timeout, maxDial))
}
