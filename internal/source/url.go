package source

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// downloadTimeout is how long a download may take as a whole, headerTimeout how
// long a server may take to answer.
const (
	downloadTimeout = 10 * time.Minute
	headerTimeout   = 30 * time.Second
	// maxTrusted is how many bytes are allocated because a server says so.
	maxTrusted = 16 << 20
)

// download fetches s, a URL whose fragment is sha256=DIGEST, and verifies it.
func (r *Resolver) download(ctx context.Context, s string) (*Source, error) {
	u, want, err := parseURL(s)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, downloadTimeout,
		fmt.Errorf("%s: not complete after %s", u.Redacted(), downloadTimeout))
	defer cancel()
	b, err := r.fetch(ctx, u)
	if err != nil {
		return nil, err
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(b)); got != want {
		return nil, hint.Errorf("check the address and the digest: the file has changed, or was changed on its way",
			"%s: %w: the file has %s, #sha256= says %s", u.Redacted(), ErrDigest, got, want)
	}
	m, err := wasm.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.Redacted(), err)
	}
	return &Source{
		Kind: KindURL, Name: urlName(u), Module: m,
		Ref: u.Redacted(), Digest: "sha256:" + want,
	}, nil
}

// parseURL splits the digest off. The digest is required: a filter sees every
// request, and what an address serves can change.
func parseURL(s string) (*url.URL, string, error) {
	const form = "write it as https://HOST/FILE.wasm#sha256=DIGEST; 'sha256sum FILE' prints the digest of a file you trust"
	u, err := url.Parse(s)
	if err != nil {
		if bad := (*url.Error)(nil); errors.As(err, &bad) {
			err = bad.Err // its text repeats the URL, with a password
		}
		return nil, "", hint.Errorf(form, "not a URL: %w", err)
	}
	algorithm, sum, _ := strings.Cut(u.Fragment, "=")
	sum = strings.ToLower(sum)
	u.Fragment = ""
	switch {
	case u.Host == "":
		return nil, "", hint.Errorf(form, "%s names no host", u.Redacted())
	case algorithm != "sha256" || sum == "":
		return nil, "", hint.Errorf(form, "%s: the digest is missing", u.Redacted())
	case !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(sum):
		return nil, "", hint.Errorf(form, "%s: %q is not a SHA-256, which has 64 hexadecimal digits", u.Redacted(), sum)
	}
	return u, sum, nil
}

// fetch returns the body of at most maxModule bytes.
func (r *Resolver) fetch(ctx context.Context, u *url.URL) (_ []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	response, err := r.client().Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, hint.Wrap(err, "check the address and the network; HTTPS_PROXY and SSL_CERT_FILE are respected")
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, hint.Errorf("check the address; it must answer without a login page", "%s: the server answers %s", u.Redacted(), response.Status)
	}
	if response.ContentLength > maxModule {
		return nil, fmt.Errorf("%s: %w", u.Redacted(), tooLarge())
	}
	task, size := "download "+u.Redacted(), max(response.ContentLength, 0)
	end := r.Progress.Start(task, size)
	defer func() { end(err) }()
	b, err := readAll(r.Progress.Reader(response.Body, task, size), min(size, maxTrusted))
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("download %s: %w", u.Redacted(), err)
	}
	return b, nil
}

func (r *Resolver) client() *http.Client {
	if r.Client != nil {
		return r.Client
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // documented type
	transport.ResponseHeaderTimeout = headerTimeout
	transport.DisableCompression = true // the digest is that of the file as it is
	transport.DisableKeepAlives = true
	return &http.Client{Transport: transport, CheckRedirect: checkRedirect}
}

// checkRedirect refuses to leave https, and to go round in circles.
func checkRedirect(next *http.Request, before []*http.Request) error {
	switch {
	case len(before) >= 10:
		return errors.New("more than 10 redirects")
	case before[0].URL.Scheme == "https" && next.URL.Scheme != "https":
		return fmt.Errorf("redirected from https to %s", next.URL.Redacted())
	}
	return nil
}

func urlName(u *url.URL) string {
	base := path.Base(u.Path)
	if base == "." || base == "/" {
		return u.Hostname()
	}
	return moduleName(base)
}
