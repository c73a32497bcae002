package registry

import (
	"context"
	"time"

	"github.com/wasmctl/wasmctl/internal/artifact"
)

// Image describes an image that the store has, or had when it was removed.
type Image struct {
	// Ref is the reference in full under which it is stored.
	Ref string `json:"ref"`
	// Digest is that of the image manifest.
	Digest Digest `json:"digest"`
	// Size is the bytes of the manifest and of all blobs it names.
	Size int64 `json:"size"`
	// Created is when it came into the store.
	Created time.Time `json:"created,omitzero"`
	// Title is the filter's name, when the manifest says it.
	Title string `json:"title,omitempty"`
	// ABI is the ABI versions that the manifest says, with commas.
	ABI string `json:"abi,omitempty"`
	// ModuleSHA256 is the SHA-256 of the module as 64 hexadecimal digits. Put,
	// Get, Push and Pull set it always, List only where the manifest tells it.
	ModuleSHA256 string `json:"moduleSHA256,omitempty"`
	// Layout is how the manifest holds the module.
	Layout artifact.Layout `json:"layout,omitempty"`
}

// Store is a folder with images, in the form of an OCI image layout, so that
// any OCI tool can read it. Any number of processes may use it at once.
//
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
type Store struct {
	dir string
}

// OpenStore returns the store in the folder. The folder is made when something
// is first written to it. The error is ErrStore when it is something else.
func OpenStore(dir string) (*Store, error) { panic("todo") }

// Dir returns the store's folder.
func (s *Store) Dir() string { return s.dir }

// Put packs an artifact and stores it under the reference, which it takes from
// the image that had it. The reference must not have a digest.
func (s *Store) Put(ctx context.Context, a artifact.Artifact, ref Reference) (Image, error) {
	panic("todo")
}

// Get returns the artifact, every digest verified. The error is ErrNotStored
// or *DamagedError.
func (s *Store) Get(ctx context.Context, ref Reference) (*artifact.Artifact, Image, error) {
	panic("todo")
}

// Resolve returns the image that the reference names: by its digest if it has
// one, else by its name. The error is ErrNotStored.
func (s *Store) Resolve(ctx context.Context, ref Reference) (Image, error) { panic("todo") }

// Tag stores the image that src names under dst too.
func (s *Store) Tag(ctx context.Context, src, dst Reference) (Image, error) { panic("todo") }

// List returns all images, by reference. An image with two references is
// there twice.
func (s *Store) List(ctx context.Context) ([]Image, error) { panic("todo") }

// Remove removes the reference, or with a digest all references to that
// manifest, and then the blobs that no other image needs. It returns what it
// removed. The error is ErrNotStored.
func (s *Store) Remove(ctx context.Context, ref Reference) ([]Image, error) { panic("todo") }
