package deploy

import (
	"errors"
	"fmt"
	"strings"
)

// The errors that callers tell apart.
var (
	// ErrNoEnvoy says that there is no way to run an Envoy here.
	ErrNoEnvoy = errors.New("no Envoy to run")
	// ErrExists says that a detached deployment has the name already.
	ErrExists = errors.New("deployment exists already")
	// ErrNotFound says that no detached deployment has the name.
	ErrNotFound = errors.New("no such deployment")
	// ErrAddressInUse says that another program listens on an address.
	ErrAddressInUse = errors.New("address is in use")
	// ErrForeground says that a deployment belongs to a wasmctl that still runs.
	ErrForeground = errors.New("deployment runs in the foreground")
	// ErrUnknownVia says that the way to run Envoy is none of the known ones.
	ErrUnknownVia = errors.New("unknown way to run Envoy")
)

// AddressInUseError says that another program listens on an address.
type AddressInUseError struct {
	// Use is what the address was wanted for: "listener" or "admin".
	Use     string
	Address string
}

func (e *AddressInUseError) Error() string {
	return fmt.Sprintf("%s address %s is in use", e.Use, e.Address)
}

// Is makes it an ErrAddressInUse.
func (e *AddressInUseError) Is(target error) bool { return target == ErrAddressInUse }

// StartError says that an Envoy did not come to run the filters.
type StartError struct {
	// Reason is what happened: it ended, was not ready in time, refused a filter.
	Reason string
	// Log is the lines of Envoy's log that explain it, at most 20.
	Log []string
	// Err is the cause, such as *tool.ExitError. It may be nil.
	Err error
}

func (e *StartError) Error() string {
	text := "Envoy did not start: " + e.Reason
	if len(e.Log) > 0 {
		text += "\n  " + strings.Join(e.Log, "\n  ")
	}
	return text
}

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Err }

// EndedError says that an Envoy that ran has ended without being asked to.
type EndedError struct {
	// Log is the lines of Envoy's log that explain it, at most 20.
	Log []string
	// Err is how it ended, such as *tool.ExitError; nil for code 0.
	Err error
}

func (e *EndedError) Error() string {
	text := "Envoy has ended by itself"
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if len(e.Log) > 0 {
		text += "\n  " + strings.Join(e.Log, "\n  ")
	}
	return text
}

// Unwrap returns the cause.
func (e *EndedError) Unwrap() error { return e.Err }
