package proxywasm

import (
	"errors"

	"github.com/wasmctl/wasmctl/internal/wasm"
)

// ErrFailed says that the VM has trapped before and takes no more calls.
var ErrFailed = errors.New("the filter's VM has failed")

// Phase is the part of a VM's start.
type Phase string

// The phases of the start, in their order.
const (
	// PhaseStart is instantiation and the start function (_initialize, main, _start).
	PhaseStart Phase = "start"
	// PhaseContext is proxy_on_context_create of the root context.
	PhaseContext   Phase = "context_create"
	PhaseVMStart   Phase = "vm_start"
	PhaseConfigure Phase = "configure"
)

// StartError says why a plugin did not start.
type StartError struct {
	// Plugin is PluginConfig.Name.
	Plugin string
	Phase  Phase
	// Trap is nil when the callback returned false.
	Trap *TrapError
	// Logs are the filter's messages of level warn and above until then.
	Logs []LogLine
}

func (e *StartError) Error() string { panic("todo") }

// Unwrap returns the trap, if there was one.
func (e *StartError) Unwrap() error { panic("todo") }

// TrapError says that a filter trapped in a callback.
type TrapError struct {
	// Plugin is PluginConfig.Name.
	Plugin string
	// Function is the export that was called: "proxy_on_request_headers".
	Function string
	// Message is the cause: "unreachable", "out of bounds memory access",
	// "exit code 2", or the text of a Go panic.
	Message string
	// Stack are the filter's functions, the innermost first, as far as the
	// module has names.
	Stack []string
	// Output is what the filter wrote to stderr during the call, bounded.
	Output string
}

func (e *TrapError) Error() string { panic("todo") }

// UnsupportedImport is an import that this host does not offer.
type UnsupportedImport struct {
	Import wasm.Import `json:"import"`
	// Reason says why: not offered yet, offered by no host, of another type.
	Reason string `json:"reason"`
}

// UnsupportedImportsError names every import that this host does not offer.
type UnsupportedImportsError struct {
	Imports []UnsupportedImport `json:"imports"`
}

func (e *UnsupportedImportsError) Error() string { panic("todo") }

// UnsupportedABIError says that the module has an ABI version that this host
// does not offer.
type UnsupportedABIError struct {
	Version wasm.ABIVersion
}

func (e *UnsupportedABIError) Error() string { panic("todo") }
