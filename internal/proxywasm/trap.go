package proxywasm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero/sys"
)

// TrapError says that a filter trapped in a callback.
type TrapError struct {
	// Plugin is PluginConfig.Name.
	Plugin string
	// Function is the export that was called: "proxy_on_request_headers".
	Function string
	// Message is the cause: "unreachable", "out of bounds memory access",
	// "the filter exited with code 2".
	Message string
	// Stack are the filter's functions, the innermost first, as far as the
	// module has names.
	Stack []string
	// Output is what the filter wrote to stderr during the call, at most 8 KiB:
	// the text and stack of a Go or Rust panic.
	Output string
}

// maxStackLines is how much of a stack goes into the text of an error.
const maxStackLines = 8

// Error says what happened and where; a panic's own words come first.
func (e *TrapError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "filter %q trapped in %s: %s", e.Plugin, e.Function, e.Summary())
	if e.Output != "" {
		for line := range strings.Lines(e.Output) {
			fmt.Fprintf(&b, "\n  %s", strings.TrimRight(line, "\r\n"))
		}
		return b.String()
	}
	for i, frame := range e.Stack {
		if i == maxStackLines {
			fmt.Fprintf(&b, "\n  ... %d more", len(e.Stack)-i)
			break
		}
		fmt.Fprintf(&b, "\n  at %s", frame)
	}
	return b.String()
}

// Summary returns the cause in one line: what a panic says, else Message.
func (e *TrapError) Summary() string {
	for line := range strings.Lines(e.Output) {
		line = strings.TrimSpace(line)
		for _, prefix := range []string{"panic: ", "fatal error: "} {
			if strings.HasPrefix(line, prefix) {
				return line
			}
		}
	}
	return e.Message
}

// trapped marks the VM as failed and says why.
func (p *Plugin) trapped(function string, err error) *TrapError {
	p.failed.Store(true)
	p.traps.Add(1)
	message, stack := splitTrap(err)
	return &TrapError{
		Plugin: p.config.Name, Function: function, Message: message, Stack: stack,
		Output: strings.ToValidUTF8(string(p.output), "\uFFFD"),
	}
}

// splitTrap takes the text of wazero's error apart: the cause, and behind it
// the stack of the module, a function a line.
func splitTrap(err error) (message string, stack []string) {
	var closed *sys.ExitError
	if errors.As(err, &closed) {
		return "the VM is closed", nil
	}
	text, trace, _ := strings.Cut(err.Error(), "\nwasm stack trace:\n")
	trace, _, _ = strings.Cut(trace, "\n\n") // Go's own stack, when the host is at fault
	for line := range strings.Lines(trace) {
		if line = strings.TrimSpace(line); line != "" {
			stack = append(stack, frameName(line))
		}
	}
	text = strings.TrimSuffix(text, " (recovered by wazero)")
	return strings.ReplaceAll(text, "wasm error: ", ""), stack
}

// frameName leaves of "module.main.(*T).Do(i32,i32) i32" what the source calls
// the function.
func frameName(line string) string {
	if i := strings.LastIndexByte(line, '('); i > 0 {
		line = line[:i]
	}
	return strings.TrimPrefix(line, ".")
}
