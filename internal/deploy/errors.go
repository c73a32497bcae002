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
