package proxywasm

import (
	"errors"
	"fmt"
	"strings"

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
	PhaseContext Phase = "context_create"
	// PhaseVMStart is proxy_on_vm_start.
	PhaseVMStart Phase = "vm_start"
	// PhaseConfigure is proxy_on_configure.
	PhaseConfigure Phase = "configure"
)

// StartError says why a plugin did not start.
type StartError struct {
	// Plugin is PluginConfig.Name.
	Plugin string
	Phase  Phase
	// Trap is nil when the callback returned false.
	Trap *TrapError
	// Logs are the filter's messages of level warn and above until then, whether
	// or not PluginConfig.LogLevel lets them through.
	Logs []LogLine
}

// Error says what happened and, below it, what the filter had to say about it.
func (e *StartError) Error() string {
	var b strings.Builder
	if e.Trap != nil {
		b.WriteString(e.Trap.Error())
	} else {
		fmt.Fprintf(&b, "filter %q refused to start: proxy_on_%s returned false", e.Plugin, e.Phase)
	}
	if e.Trap != nil && e.Trap.Output != "" {
		return b.String() // the messages are in it
	}
	for _, line := range e.Logs {
		fmt.Fprintf(&b, "\n  %s: %s", line.Level, line.Text)
	}
	return b.String()
}

// Unwrap returns the trap, if there was one.
func (e *StartError) Unwrap() error {
	if e.Trap == nil {
		return nil
	}
	return e.Trap
}

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

// Error names one import in a line, several in a list.
func (e *UnsupportedImportsError) Error() string {
	const what = "the embedded host cannot run the module: import "
	if len(e.Imports) == 1 {
		return what + e.Imports[0].String()
	}
	lines := []string{"the embedded host cannot run the module:"}
	for _, i := range e.Imports {
		lines = append(lines, "  - import "+i.String())
	}
	return strings.Join(lines, "\n")
}

// String returns the import with the reason: "env.proxy_http_call: not offered yet".
func (i UnsupportedImport) String() string { return i.Import.String() + ": " + i.Reason }

// UnsupportedABIError says that the module has an ABI version that this host
// does not offer.
type UnsupportedABIError struct {
	Version wasm.ABIVersion
}

func (e *UnsupportedABIError) Error() string {
	return fmt.Sprintf("the embedded host offers proxy-wasm ABI 0.1.0, 0.2.0 and 0.2.1, the module is built for %s", e.Version)
}
