// Package source turns what a user names as SOURCE into a module, in one place
// for all commands. A SOURCE is, and is tried in this order:
//
//  1. oci://REFERENCE: the local store, then the registry, never a path.
//  2. http://... or https://... with #sha256=DIGEST at its end: a download.
//  3. What can only be a path: ".", "..", what begins with "./", "../" or "/",
//     and what ends in ".wasm" without a tag.
//  4. A path that exists. It wins over a tag of the same name; the tag is
//     reached as NAME:latest or oci://NAME.
//  5. A tag or digest of the local store.
//  6. A reference with a registry in it: pulled into the local store.
//
// A path to a folder is the project there, built if it is stale; "." is the
// project around the working directory, which may lie further up. A path to a
// file is a module, whatever its name is.
package source

import (
	"context"
	"errors"
	"net/http"
	"path"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/progress"
	"github.com/wasmctl/wasmctl/internal/project"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// Kind is where a module came from.
type Kind string

// The kinds of sources.
const (
	KindProject  Kind = "project"
	KindFile     Kind = "file"
	KindStore    Kind = "store"
	KindRegistry Kind = "registry"
	KindURL      Kind = "url"
)

// Source is a module and where it came from.
type Source struct {
	Kind Kind `json:"kind"`
	// Name is a short name for people and for hosts: the project's name, the
	// file's name without .wasm, the last element of a repository.
	Name   string       `json:"name"`
	Module *wasm.Module `json:"-"`
	// Project is set for a project folder only.
	Project *project.Project `json:"project,omitempty"`
	// Ref is the path, the reference in full or the URL without its fragment.
	Ref string `json:"ref"`
	// Digest is "sha256:..." of the image manifest for a store tag or registry
	// reference, and of the module for all others.
	Digest string `json:"digest"`
}

// maxModule is the largest module that is read, in bytes, as in Istio and Envoy
// Gateway.
const maxModule = 256 << 20

// Errors of sources.
var (
	// ErrNotStored is what Images.Stored answers when the local store has nothing
	// of that name.
	ErrNotStored = errors.New("not in the local store")
	// ErrNotFound says that nothing fits the SOURCE. The error is *NotFoundError.
	ErrNotFound = errors.New("nothing found")
	// ErrTooLarge is a module of more than 256 MiB.
	ErrTooLarge = errors.New("larger than 256 MiB")
	// ErrDigest is a download that is not what its sha256 says, or that has none.
	ErrDigest = errors.New("sha256 mismatch")
)

// NotFoundError says that nothing fits a SOURCE, and what was looked for.
type NotFoundError struct {
	Source string
	// Tried says where nothing was found, in order.
	Tried []string
}

func (e *NotFoundError) Error() string {
	return "no filter " + e.Source + ": " + strings.Join(e.Tried, ", ")
}

// Is makes the error ErrNotFound.
func (e *NotFoundError) Is(target error) bool { return target == ErrNotFound }

// Image is a module of the local store or of a registry.
type Image struct {
	Module *wasm.Module
	// Ref is the reference in full: registry, repository, and tag or digest.
	Ref string
	// Digest is that of the image manifest: "sha256:...".
	Digest string
}

// Images is the local store and the registries it is filled from.
type Images interface {
	// Stored returns what the store has under the reference, which is without
	// "oci://". The error is ErrNotStored when it has nothing.
	Stored(ctx context.Context, reference string) (*Image, error)
	// Pull fetches the reference from its registry into the store.
	Pull(ctx context.Context, reference string) (*Image, error)
}

// Resolver finds modules.
type Resolver struct {
	// Dir is what relative paths start from; "" is the working directory.
	Dir string
	// Build builds a project if its module is stale, and returns the module.
	Build func(ctx context.Context, p *project.Project) (*wasm.Module, error)
	// Images is nil where there is no store.
	Images Images
	// Client fetches URLs; nil means one that gives up on silent servers.
	Client   *http.Client
	Progress progress.Func
}

// Resolve returns the module that s names. The errors are *NotFoundError,
// ErrTooLarge, ErrDigest, those of wasm.Decode, project.Load, Build and Images,
// and those of reading files and downloads.
func (r *Resolver) Resolve(ctx context.Context, s string) (*Source, error) {
	scheme, rest, hasScheme := strings.Cut(s, "://")
	switch {
	case s == "":
		return nil, hint.Errorf("name a project folder, a .wasm file, a tag, a reference or a URL", "the source is empty")
	case hasScheme && scheme == "oci":
		return r.image(ctx, rest, s, nil)
	case hasScheme && (scheme == "http" || scheme == "https"):
		return r.download(ctx, s)
	case hasScheme && scheme == "file":
		return nil, hint.Errorf("name the path itself", "cannot read %s: file:// is not supported", s)
	case hasScheme:
		return nil, hint.Errorf("use oci://, https:// or http://", "cannot read %s: unknown scheme %q", s, scheme)
	}
	file := r.abs(s)
	if exists(file) {
		return r.path(ctx, s, file)
	}
	missing := "no file or folder " + file
	if onlyPath(s) {
		return nil, hint.Wrap(&NotFoundError{Source: s, Tried: []string{missing}},
			"check the path; 'wasmctl build' in a project's folder makes its module")
	}
	return r.image(ctx, s, s, []string{missing})
}

// onlyPath tells whether s has a form that is used for paths alone.
func onlyPath(s string) bool {
	slashed := strings.ReplaceAll(s, `\`, "/")
	return s == "." || s == ".." || strings.HasPrefix(slashed, "./") || strings.HasPrefix(slashed, "../") ||
		strings.HasPrefix(slashed, "/") || strings.HasSuffix(s, ".wasm") && !strings.ContainsAny(path.Base(slashed), ":@")
}
