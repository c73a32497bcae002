package source

import (
	"context"
	"errors"
	"fmt"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/registry"
)

// image returns what a reference names: from the store, else from its registry.
// The user typed it as s; tried says where else nothing was found.
func (r *Resolver) image(ctx context.Context, reference, s string, tried []string) (*Source, error) {
	ref, err := registry.ParseReference(reference)
	if err != nil {
		if tried == nil {
			return nil, err
		}
		return nil, notFound(s, append(tried, "and not a reference to a registry either"), "")
	}
	if r.Images == nil {
		return nil, notFound(s, append(tried, "no local store"), "")
	}
	found, err := r.Images.Stored(ctx, reference)
	if err == nil {
		return imageSource(KindStore, ref, found), nil
	}
	if !errors.Is(err, ErrNotStored) {
		return nil, err
	}
	if !ref.Remote() {
		return nil, notFound(s, append(tried, fmt.Sprintf("no %s in the local store", ref)), ref.String())
	}
	if found, err = r.Images.Pull(ctx, reference); err != nil {
		return nil, fmt.Errorf("%s is not in the local store and cannot be pulled: %w", ref, err)
	}
	return imageSource(KindRegistry, ref, found), nil
}

func imageSource(kind Kind, ref registry.Reference, i *Image) *Source {
	name := ref.Name()
	if name == "" {
		name = "filter" // a digest alone
	}
	return &Source{Kind: kind, Name: name, Module: i.Module, Ref: i.Ref, Digest: i.Digest}
}

func notFound(s string, tried []string, reference string) error {
	next := "name a project folder, a .wasm file, a tag ('wasmctl list' shows them), a reference or a URL"
	if reference != "" {
		next = "'wasmctl list' shows the local store; for a registry name it too, for example ghcr.io/ME/" + reference
	}
	return hint.Wrap(&NotFoundError{Source: s, Tried: tried}, next)
}
