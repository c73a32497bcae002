package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
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
	kind, next := c.classify(ref, err)
	if kind == nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return hint.Wrap(fmt.Errorf("%s: %w: %w", doing, kind, shorten(err)), next)
}

// ours tells whether an error says already what it has to say.
func ours(err error) bool {
	var damaged *DamagedError
	return errors.As(err, &damaged) || errors.Is(err, ErrStore) || errors.Is(err, ErrNoRegistry) ||
		errors.Is(err, ErrReference) || errors.Is(err, errVanished)
}

// classify finds the kind of an error and the next step. The kind is nil for
// what needs no explanation.
func (c *Client) classify(ref Reference, err error) (kind error, next string) {
	var response *errcode.ErrorResponse
	var credential *credentialError
	switch {
	case errors.Is(err, http.ErrSchemeMismatch):
		return ErrPlainHTTP, "add --plain-http if the registry is meant to be without TLS"
	case isTLS(err):
		return ErrTLS, "add --ca-file FILE with the certificate of the authority that signed for " + ref.Registry
	case isDigest(err):
		return ErrDigest, "try again; if it stays, what the registry or a proxy in between sends is damaged"
	case errors.As(err, &credential):
		return ErrUnauthorized, "correct Docker's configuration (~/.docker/config.json or $DOCKER_CONFIG), or 'docker login " + ref.Registry + "' again"
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return ErrUnauthorized, login(ref)
	case errors.As(err, &response):
		return c.classifyResponse(ref, response, err)
	case errors.Is(err, errdef.ErrNotFound):
		return ErrNotFound, notFound(ref, err)
	case errors.Is(err, artifact.ErrLayout), errors.Is(err, artifact.ErrManifest), errors.Is(err, artifact.ErrTooLarge):
		return nil, ""
	case isUnreachable(err):
		return ErrUnreachable, fmt.Sprintf("check the name %s, the network, and that the registry is running", ref.Registry)
	}
	return ErrServer, "check that " + ref.Registry + " is an OCI registry"
}

// classifyResponse explains an answer of the registry or its token server.
func (c *Client) classifyResponse(ref Reference, r *errcode.ErrorResponse, err error) (kind error, next string) {
	var manifest *manifestError
	switch code := r.StatusCode; {
	case code == http.StatusUnauthorized:
		return ErrUnauthorized, login(ref)
	case code == http.StatusForbidden:
		return ErrDenied, fmt.Sprintf("ask for the right to use %s, or 'docker login %s' as somebody who has it", ref.Repository, ref.Registry)
	case code == http.StatusNotFound:
		return ErrNotFound, notFound(ref, err)
	case code == http.StatusTooManyRequests:
		return ErrServer, "wait a while; many registries allow more after 'docker login " + ref.Registry + "'"
	case code >= http.StatusInternalServerError:
		return ErrServer, "try again later"
	case errors.As(err, &manifest) && (code == http.StatusBadRequest || code == http.StatusUnsupportedMediaType || code == http.StatusMethodNotAllowed):
		return ErrRefused, fmt.Sprintf("%s may not take manifests of type %s or config %s; use a registry that takes OCI artifacts",
			ref.Registry, manifest.mediaType, artifact.MediaTypeConfig)
	case code == http.StatusBadRequest && len(r.Errors) == 0 && c.options.PlainHTTP:
		return ErrServer, "leave --plain-http out if the registry speaks https"
	}
	return ErrServer, "check that " + ref.Registry + " is an OCI registry"
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

// shorten takes what only repeats the reference off the front of an error.
func shorten(err error) error {
	var response *errcode.ErrorResponse
	if errors.As(err, &response) {
		if len(response.Errors) > 0 {
			return fmt.Errorf("%d %w", response.StatusCode, response.Errors)
		}
		return fmt.Errorf("%d %s", response.StatusCode, http.StatusText(response.StatusCode))
	}
	var operation *net.OpError
	if errors.As(err, &operation) {
		return operation
	}
	return err
}
