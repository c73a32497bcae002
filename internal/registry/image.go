package registry

import (
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
	// Get, Push and Pull set it always, the others only where the manifest
	// tells it.
	ModuleSHA256 string `json:"moduleSHA256,omitempty"`
	// Layout is how the manifest holds the module.
	Layout artifact.Layout `json:"layout,omitempty"`
	// Problem says why the image cannot be used, if it is damaged.
	Problem string `json:"problem,omitempty"`
}
