package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"github.com/wasmctl/wasmctl/internal/artifact"
	"github.com/wasmctl/wasmctl/internal/hint"
)

// explain turns what oras-go and net/http say about a step into one of the
// errors of this package, with the cause and the next step. Errors of the store
// and of the image itself are left as they are.
func (c *Client) explain(ctx context.Context, verb string, ref Reference, err error) error {
	if err == nil || ours(err) {
		return err
	}
	doing := fmt.Sprintf("%s %s", verb, ref)
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	}
	next, kind := c.classify(ref, err)
	if kind == nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return hint.Wrap(fmt.Errorf("%s: %w: %w", doing, kind, &brief{text: shorten(ref, err), err: err}), next)
}

// ours tells whether an error says already what it has to say.
func ours(err error) bool {
	var damaged *DamagedError
	return errors.As(err, &damaged) || errors.Is(err, ErrStore) || errors.Is(err, ErrNoRegistry) ||
		errors.Is(err, ErrReference) || errors.Is(err, errVanished)
}

// classify finds the kind of an error and the next step. The kind is nil for
// what needs no explanation.
func (c *Client) classify(ref Reference, err error) (next string, kind error) {
	var response *errcode.ErrorResponse
	var credential *credentialError
	switch {
	case errors.Is(err, http.ErrSchemeMismatch):
		return "add --plain-http if the registry is meant to be without TLS", ErrPlainHTTP
	case isTLS(err):
		return "add --ca-file FILE with the certificate of the authority that signed for " + ref.Registry, ErrTLS
	case isDigest(err):
		return "try again; if it stays, what the registry or a proxy in between sends is damaged", ErrDigest
	case errors.As(err, &credential):
		return "correct Docker's configuration (~/.docker/config.json or $DOCKER_CONFIG), or 'docker login " + ref.Registry + "' again", ErrUnauthorized
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return login(ref), ErrUnauthorized
	case errors.As(err, &response):
		return c.classifyResponse(ref, response, err)
	case errors.Is(err, errdef.ErrNotFound):
		return notFound(ref, err), ErrNotFound
	case errors.Is(err, artifact.ErrLayout), errors.Is(err, artifact.ErrManifest), errors.Is(err, artifact.ErrTooLarge):
		return "", nil
	case isUnreachable(err):
		return fmt.Sprintf("check the name %s, the network, and that the registry is running", ref.Registry), ErrUnreachable
	}
	return "check that " + ref.Registry + " is an OCI registry", ErrServer
}

// classifyResponse explains an answer of the registry or its token server.
func (c *Client) classifyResponse(ref Reference, r *errcode.ErrorResponse, err error) (next string, kind error) {
	var manifest *manifestError
	switch code := r.StatusCode; {
	case code == http.StatusUnauthorized:
		return login(ref), ErrUnauthorized
	case code == http.StatusForbidden:
		return fmt.Sprintf("ask for the right to use %s, or 'docker login %s' as somebody who has it", ref.Repository, ref.Registry), ErrDenied
	case code == http.StatusNotFound:
		return notFound(ref, err), ErrNotFound
	case code == http.StatusTooManyRequests:
		return "wait a while; many registries allow more after 'docker login " + ref.Registry + "'", ErrServer
	case code >= http.StatusInternalServerError:
		return "try again later", ErrServer
	case errors.As(err, &manifest) && (code == http.StatusBadRequest || code == http.StatusUnsupportedMediaType || code == http.StatusMethodNotAllowed):
		return fmt.Sprintf("%s may not take manifests of type %s or config %s; use a registry that takes OCI artifacts",
			ref.Registry, manifest.mediaType, artifact.MediaTypeConfig), ErrRefused
	case code == http.StatusBadRequest && len(r.Errors) == 0 && c.options.PlainHTTP:
		return "leave --plain-http out if the registry speaks https", ErrServer
	}
	return "check that " + ref.Registry + " is an OCI registry", ErrServer
}

func login(ref Reference) string {
	return fmt.Sprintf("'docker login %s' stores credentials that wasmctl uses too", ref.Registry)
}

func notFound(ref Reference, err error) string {
	var unknown *unknownTagError
	if !errors.As(err, &unknown) {
		return fmt.Sprintf("check the name %s; a private repository may need 'docker login %s'", ref.Repository, ref.Registry)
	}
	// The last ones of a sorted list are more often the ones of use.
	tags := unknown.tags
	slices.Sort(tags)
	listed := strings.Join(tags[max(0, len(tags)-maxTags):], ", ")
	if len(tags) > maxTags {
		listed = "among others " + listed
	}
	return fmt.Sprintf("%s has the tags: %s", ref.Repository, listed)
}

func isTLS(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &invalid) || errors.As(err, &host)
}

// isDigest also goes by the text where oras-go has no error value.
func isDigest(err error) bool {
	return errors.Is(err, ErrDigest) || errors.Is(err, content.ErrMismatchedDigest) || errors.Is(err, content.ErrTrailingData) ||
		strings.Contains(err.Error(), "digest mismatch") || strings.Contains(err.Error(), "mismatch Content-Length")
}

func isUnreachable(err error) bool {
	var silent *silentError
	var network net.Error
	return errors.As(err, &silent) || dropped(err) || errors.As(err, &network)
}

// brief is an error with a shorter text: oras-go and net/http put the method,
// the URL with its upload state, and details of the protocol into theirs.
type brief struct {
	text string
	err  error
}

func (b *brief) Error() string { return b.text }
func (b *brief) Unwrap() error { return b.err }

// shorten returns the cause without what only repeats the reference.
func shorten(ref Reference, err error) string {
	var response *errcode.ErrorResponse
	var operation *net.OpError
	var exchange *url.Error
	switch {
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return "none are stored for " + ref.Registry
	case errors.As(err, &response):
		return answer(response)
	case errors.Is(err, errdef.ErrNotFound):
		var unknown *unknownTagError
		if errors.As(err, &unknown) {
			return fmt.Sprintf("%s has no %s", ref.Repository, ref.target())
		}
		return "unknown repository " + ref.Repository
	case errors.As(err, &operation):
		return operation.Error()
	case dropped(err):
		return "the connection was closed in the middle"
	case errors.As(err, &exchange):
		return exchange.Err.Error()
	}
	return err.Error()
}

// answer returns what a registry says, without the details, which are of no
// fixed form.
func answer(r *errcode.ErrorResponse) string {
	said := http.StatusText(r.StatusCode)
	for i, e := range r.Errors {
		if i == 0 {
			said = ""
		} else {
			said += "; "
		}
		e.Detail = nil
		said += e.Error()
	}
	return fmt.Sprintf("%d %s", r.StatusCode, said)
}
