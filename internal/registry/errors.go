package registry

import (
	"errors"
	"fmt"
)

// What goes wrong with references, the store and registries. All errors of this
// package that a user can do something about carry a hint.
var (
	// ErrReference is a text that is not a reference.
	ErrReference = errors.New("invalid reference")
	// ErrNoRegistry is a reference without a registry where one is needed.
	ErrNoRegistry = errors.New("the reference names no registry")
	// ErrNotStored is a tag or digest that the local store does not have.
	ErrNotStored = errors.New("not in the local store")
	// ErrStore is a store that cannot be used as a whole: not an OCI image
	// layout, not readable, not writable.
	ErrStore = errors.New("the local store cannot be used")
	// ErrUnreachable is a registry that does not answer.
	ErrUnreachable = errors.New("the registry cannot be reached")
	// ErrTLS is a registry whose certificate is not trusted.
	ErrTLS = errors.New("the registry's certificate is not trusted")
	// ErrPlainHTTP is a registry that speaks plain http where https was expected.
	ErrPlainHTTP = errors.New("the registry speaks plain http, not https")
	// ErrUnauthorized is a registry that wants other credentials, or some (401).
	ErrUnauthorized = errors.New("the registry does not accept the credentials")
	// ErrDenied is a registry that knows the user but does not allow the step (403).
	ErrDenied = errors.New("the registry does not allow it")
	// ErrNotFound is a repository, tag or digest that the registry does not have (404).
	ErrNotFound = errors.New("not found in the registry")
	// ErrDigest is content that is not what its digest says.
	ErrDigest = errors.New("the content does not match its digest")
	// ErrRefused is a registry that does not take this kind of manifest.
	ErrRefused = errors.New("the registry refuses the manifest")
	// ErrServer is a registry that fails (5xx) or is overloaded (429), still
	// after the retries, or that answers against the protocol.
	ErrServer = errors.New("the registry fails")
)

// DamagedError is a file of the store that is not what it should be. It is
// also ErrDigest.
type DamagedError struct {
	// File is the path of the damaged file.
	File string
	Err  error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("the local store is damaged: %s: %v", e.File, e.Err)
}

func (e *DamagedError) Unwrap() []error { return []error{ErrDigest, e.Err} }
