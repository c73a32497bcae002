package wasm

import (
	"errors"
	"fmt"
)

// What Decode finds wrong with a file as a whole.
var (
	// ErrEmpty is a file of no bytes.
	ErrEmpty = errors.New("the file is empty")
	// ErrNotWasm is a file that does not start with the magic number "\0asm".
	ErrNotWasm = errors.New("not a WebAssembly module")
	// ErrComponent is a WebAssembly component, which wraps modules and which no
	// proxy-wasm host loads. It is also ErrNotWasm.
	ErrComponent = fmt.Errorf("a WebAssembly component, %w", ErrNotWasm)
	// ErrVersion is a version of the binary format other than 1.
	ErrVersion = errors.New("unsupported version of the WebAssembly binary format")
	// ErrTruncated is a file, section or value that ends before its stated length.
	ErrTruncated = errors.New("truncated: the data ends too early")
	// ErrMalformed is what breaks the rules of the binary format in another way.
	ErrMalformed = errors.New("malformed WebAssembly module")
	// ErrUnsupported is a valid module that needs a later WebAssembly proposal.
	ErrUnsupported = errors.New("unsupported WebAssembly feature")
)

// SectionError says which section of a module cannot be read.
type SectionError struct {
	ID SectionID
	// Offset is where reading failed, in bytes from the start of the file.
	Offset int64
	Err    error
}

func (e *SectionError) Error() string {
	return fmt.Sprintf("%s section, at byte %d: %v", e.ID, e.Offset, e.Err)
}

func (e *SectionError) Unwrap() error { return e.Err }
