// Package source turns what a user names as SOURCE into a module: a project
// folder, a .wasm file, a tag of the local store, a reference to a registry or
// a URL.
package source

import (
	"context"
	"errors"
	"net/http"

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
	// Ref is the path, the reference in full or the URL that was read.
	Ref string `json:"ref"`
	// Digest is "sha256:..." of the image manifest for a store tag or registry
	// reference, and of the module for all others.
	Digest string `json:"digest"`
}

// Errors of Images.
var (
	// ErrNotStored says that the local store has no such tag.
	ErrNotStored = errors.New("not in the local store")
)

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
	// Stored returns what the store has under the name as the user typed it,
	// without "oci://". The error is ErrNotStored when it has nothing.
	Stored(ctx context.Context, name string) (*Image, error)
	// Pull fetches the reference from its registry into the store.
	Pull(ctx context.Context, name string) (*Image, error)
}

// Resolver finds modules.
type Resolver struct {
	// Dir is what relative paths start from; "" is the working directory.
	Dir string
	// Build builds a project if its module is stale, and returns the module.
	Build func(ctx context.Context, p *project.Project) (*wasm.Module, error)
	// Images is nil where there is no store.
	Images Images
	// Client fetches URLs; nil means a client with sensible timeouts.
	Client   *http.Client
	Progress progress.Func
}

// Resolve returns the module that s names.
func (r *Resolver) Resolve(ctx context.Context, s string) (*Source, error) { panic("todo") }
