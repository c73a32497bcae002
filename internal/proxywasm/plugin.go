package proxywasm

import "context"

// PluginConfig is what one VM with its root context is started with. The fields
// carry the names of envoy.extensions.wasm.v3.PluginConfig and VmConfig.
type PluginConfig struct {
	// Name is the property plugin_name and names the filter in errors.
	Name   string
	RootID string
	VMID   string
	// VMConfiguration and Configuration are handed to the filter byte by byte.
	VMConfiguration []byte
	Configuration   []byte
	// Env is the filter's WASI environment; nothing else is in it.
	Env map[string]string
	// AllowOnHeadersStopIteration leaves StopIteration of headers callbacks as it is.
	AllowOnHeadersStopIteration bool
	// LogLevel is the lowest level that reaches Log, and what
	// proxy_get_log_level answers. The zero value is trace.
	LogLevel LogLevel
	// Log receives the filter's log lines; nil drops them. It runs on the
	// goroutine of the callback.
	Log func(LogLine)
	// Property answers for properties outside streams; nil means there are none.
	Property PropertySource
}

// LogLine is a message of a filter, from proxy_log or a write to stdout (info)
// or stderr (error).
type LogLine struct {
	Level LogLevel `json:"level"`
	Text  string   `json:"text"`
	// Stream is the host of the stream whose callback was running, nil for the root context.
	Stream StreamHost `json:"-"`
}

// PluginStats are the counters of one VM.
type PluginStats struct {
	MemoryBytes    uint64 `json:"memoryBytes"`
	StreamsCreated uint64 `json:"streamsCreated"`
	StreamsActive  int    `json:"streamsActive"`
	Traps          uint64 `json:"traps"`
}

// Plugin is one VM with one root context. It is not safe for concurrent use:
// the data plane must serialise all calls on it and on its streams.
type Plugin struct{}

// NewPlugin starts a VM: the start function, the root context, on_vm_start and
// on_configure. The error is *StartError.
func (p *Program) NewPlugin(ctx context.Context, c PluginConfig) (*Plugin, error) { panic("todo") }

// NewStream creates the context of an exchange (on_context_create). The error
// is *TrapError, or ErrFailed when the VM had failed before. End the stream
// with OnLog, OnDone and OnDelete, in this order.
func (p *Plugin) NewStream(h StreamHost) (*Stream, error) { panic("todo") }

// Failed tells whether the VM has trapped. It then takes no more calls: every
// one returns ErrFailed.
func (p *Plugin) Failed() bool { panic("todo") }

// Stats returns the counters. It does not need the serialisation that other
// calls need.
func (p *Plugin) Stats() PluginStats { panic("todo") }

// Close ends the root context (on_done, on_delete) unless the VM has failed,
// and frees the VM.
func (p *Plugin) Close(ctx context.Context) error { panic("todo") }
