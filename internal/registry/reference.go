// Package registry moves images between the local store and OCI registries: it
// has the references that name them, the store (an OCI image layout on disk)
// and the client with the user's Docker credentials.
package registry

// Digest is "sha256:" and 64 hexadecimal digits (or sha512 and 128).
type Digest string

// Reference names an image: [REGISTRY/]REPOSITORY[:TAG][@DIGEST], or a digest
// alone. A reference without a registry names something in the store only.
type Reference struct {
	// Registry is HOST or HOST:PORT, or "".
	Registry string
	// Repository is empty only when the reference is a digest alone.
	Repository string
	// Tag is "" only when there is a digest.
	Tag string
	// Digest is "" or that of a manifest. It decides, whatever the tag is.
	Digest Digest
}

// ParseReference reads a reference, with or without "oci://" in front of it. The
// tag is "latest" when there is neither tag nor digest. As in Docker the first
// element is a registry when it has a dot or a colon, or is "localhost"; unlike
// in Docker no registry is assumed when none is named. The error is
// ErrReference.
func ParseReference(s string) (Reference, error) { panic("todo") }

// String returns the reference in full, without "oci://": what ParseReference
// reads as the same reference.
func (r Reference) String() string { panic("todo") }

// Remote tells whether the reference names a registry.
func (r Reference) Remote() bool { return r.Registry != "" }

// Name returns the last element of the repository: a short name for people.
func (r Reference) Name() string { panic("todo") }
