package proxywasm

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero/api"
)

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
	// Metrics are where the filter's metrics go, and Shared is what it shares
	// with other VMs; nil means its own.
	Metrics *Metrics
	Shared  *Shared
	// Host offers timers and calls; nil means that there are none.
	Host PluginHost
}

// LogLine is a message of a filter, from proxy_log or a write to stdout (info)
// or stderr (error).
type LogLine struct {
	Level LogLevel `json:"level"`
	Text  string   `json:"text"`
	// Stream is the host of the stream that the message is about, nil for the root context.
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
// the data plane must serialise all calls on it and on its streams. A filter
// that never returns from a callback blocks its caller for good.
type Plugin struct {
	config  PluginConfig
	first   bool     // ABI 0.1.0
	environ []string // "KEY=VALUE\x00"
	started time.Time

	module    api.Module
	memory    api.Memory
	callbacks [callbackCount]api.Function
	allocator api.Function
	ctx       *callContext // what callbacks are called with

	host    PluginHost
	metrics [3][]*Metric // by type, in the order of their definition
	tokens  [3]uint32    // the last token of each kind of call
	// grpc are the gRPC calls and streams that the filter can name.
	grpc map[uint32]callEnd

	// What the running callback is about, as far as it is the answer to a call.
	response                  *HTTPResponse
	grpcInitial, grpcTrailing *HeaderMap
	grpcMessage               Buffer
	hasMessage                bool
	statusCode                uint32
	statusMessage             string

	streams map[uint32]*Stream
	free    []*Stream // ended, to be used again
	nextID  uint32
	// current is the stream whose callback is running, nil for the root
	// context; active is the one that host functions act on.
	current, active *Stream

	last callback // the last one that was run
	// replied says that the running callback has answered an exchange, so that
	// its result means "stop".
	replied     bool
	restricted  bool // only functions marked always may be called
	starting    bool // warnings are kept for a StartError
	configuring bool // on_configure is running
	ending      bool // on_done of the root context has run
	donePending bool // and has returned false
	startLogs   []LogLine

	// Memory that is used again by each call.
	stack        [8]uint64
	allocStack   [1]uint64
	scratch      []byte
	line         []byte
	output       []byte // what the running callback has written to stderr
	replyHeaders HeaderMap
	callHeaders  HeaderMap
	callTrailers HeaderMap
	memorySize   uint32

	failed         atomic.Bool
	ended          atomic.Bool
	memoryBytes    atomic.Uint64
	streamsCreated atomic.Uint64
	streamsActive  atomic.Int64
	traps          atomic.Uint64
}

const (
	maxOutputBytes = 8 << 10
	maxStartLogs   = 32
	// maxFreeStreams is how many ended streams are kept for new ones.
	maxFreeStreams = 64
)

// NewStream creates the context of an exchange (on_context_create). The error
// is *TrapError, or ErrFailed when the VM had failed before. End the stream
// with OnLog, OnDone and OnDelete, in this order; the first two may be left out.
func (p *Plugin) NewStream(h StreamHost) (*Stream, error) {
	if err := p.alive(); err != nil {
		return nil, err
	}
	s := p.recycled()
	*s = Stream{plugin: p, host: h, id: p.newID()}
	p.streams[s.id] = s
	p.streamsCreated.Add(1)
	p.streamsActive.Add(1)
	if _, err := p.run(s, onContextCreate, s.id, rootContext, 0); err != nil {
		p.forget(s)
		return nil, err
	}
	s.phase = phaseOpen
	return s, nil
}

func (p *Plugin) recycled() *Stream {
	n := len(p.free)
	if n == 0 {
		return new(Stream)
	}
	s := p.free[n-1]
	p.free = p.free[:n-1]
	return s
}

// newID returns the next id that is not in use; ids start again after 2^32.
func (p *Plugin) newID() uint32 {
	for {
		p.nextID++
		if _, used := p.streams[p.nextID]; p.nextID > rootContext && !used {
			return p.nextID
		}
	}
}

// forget ends a stream.
func (p *Plugin) forget(s *Stream) {
	delete(p.streams, s.id)
	p.streamsActive.Add(-1)
	s.host, s.phase = nil, phaseEnded
	if len(p.free) < maxFreeStreams {
		p.free = append(p.free, s)
	}
}

// Failed tells whether the VM has trapped. It then takes no more calls: every
// one returns ErrFailed.
func (p *Plugin) Failed() bool { return p.failed.Load() }

// Stats returns the counters. It does not need the serialisation that other
// calls need.
func (p *Plugin) Stats() PluginStats {
	return PluginStats{
		MemoryBytes:    p.memoryBytes.Load(),
		StreamsCreated: p.streamsCreated.Load(),
		StreamsActive:  int(p.streamsActive.Load()),
		Traps:          p.traps.Load(),
	}
}

// End asks the root context to come to its end (on_done). It returns false when
// the filter wants to wait for events that are still on their way: they go on
// until Ended says true, which the filter brings about with proxy_done, or the
// caller's patience is over. Then comes Close.
func (p *Plugin) End() (bool, error) {
	if p.ending || p.Failed() {
		return p.Ended(), nil
	}
	p.ending = true
	done, err := p.run(nil, onDone, rootContext, 0, 0)
	p.donePending = err == nil && done == 0
	p.ended.Store(!p.donePending)
	return !p.donePending, err
}

// Ended tells whether the filter has nothing more to wait for after End. It does
// not need the serialisation that other calls need.
func (p *Plugin) Ended() bool { return p.ended.Load() || p.Failed() }

// Close ends the root context (on_done unless End was called, on_delete) unless
// the VM has failed, and frees the VM. A trap on the way is returned; the VM is
// freed all the same.
func (p *Plugin) Close(ctx context.Context) error {
	_, err := p.End()
	if err == nil && !p.Failed() {
		_, err = p.run(nil, onDelete, rootContext, 0, 0)
	}
	p.failed.Store(true)
	p.config.Shared.forget(p)
	if closeErr := p.module.Close(ctx); err == nil {
		err = closeErr
	}
	return err
}
