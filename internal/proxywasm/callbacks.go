package proxywasm

import "github.com/tetratelabs/wazero/api"

// callback is a function that a filter can export for its host to call.
type callback int

const (
	onContextCreate callback = iota
	onVMStart
	onConfigure
	onRequestHeaders
	onRequestBody
	onRequestTrailers
	onResponseHeaders
	onResponseBody
	onResponseTrailers
	onLog
	onDone
	onDelete
	onTick
	onQueueReady
	onHTTPCallResponse
	onGRPCInitialMetadata
	onGRPCReceive
	onGRPCTrailingMetadata
	onGRPCClose
	callbackCount
)

// String returns the name of the export.
func (c callback) String() string {
	return [...]string{
		"proxy_on_context_create", "proxy_on_vm_start", "proxy_on_configure",
		"proxy_on_request_headers", "proxy_on_request_body", "proxy_on_request_trailers",
		"proxy_on_response_headers", "proxy_on_response_body", "proxy_on_response_trailers",
		"proxy_on_log", "proxy_on_done", "proxy_on_delete",
		"proxy_on_tick", "proxy_on_queue_ready", "proxy_on_http_call_response",
		"proxy_on_grpc_receive_initial_metadata", "proxy_on_grpc_receive",
		"proxy_on_grpc_receive_trailing_metadata", "proxy_on_grpc_close",
	}[c]
}

// missing is the result of a callback that the filter does not export.
func (c callback) missing() uint32 {
	switch c {
	case onVMStart, onConfigure, onDone:
		return 1
	}
	return 0
}

// Callbacks says which stream callbacks a filter exports.
type Callbacks struct {
	RequestHeaders, RequestBody, RequestTrailers    bool
	ResponseHeaders, ResponseBody, ResponseTrailers bool
	Log                                             bool
}

// Handles tells which stream callbacks the filter exports.
func (p *Plugin) Handles() Callbacks {
	return Callbacks{
		RequestHeaders:   p.has(onRequestHeaders),
		RequestBody:      p.has(onRequestBody),
		RequestTrailers:  p.has(onRequestTrailers),
		ResponseHeaders:  p.has(onResponseHeaders),
		ResponseBody:     p.has(onResponseBody),
		ResponseTrailers: p.has(onResponseTrailers),
		Log:              p.has(onLog),
	}
}

func (p *Plugin) has(c callback) bool { return p.callbacks[c] != nil }

// alive returns ErrFailed when the VM takes no more calls.
func (p *Plugin) alive() error {
	if p.failed.Load() {
		return ErrFailed
	}
	return nil
}

// run calls a callback in the context of s, nil for the root context, and
// returns its result. Parameters that it does not have are ignored; a fourth and
// fifth one are in the stack already.
func (p *Plugin) run(s *Stream, c callback, a0, a1, a2 uint32) (uint32, error) {
	if p.failed.Load() {
		return 0, ErrFailed
	}
	fn := p.callbacks[c]
	if fn == nil {
		return c.missing(), nil
	}
	p.current, p.active = s, s
	if p.last != onContextCreate { // whose answer stops the callback behind it
		p.replied = false
	}
	p.last = c
	p.output = p.output[:0]
	p.stack[0], p.stack[1], p.stack[2] = uint64(a0), uint64(a1), uint64(a2)
	err := fn.CallWithStack(p.ctx, p.stack[:])
	p.current, p.active = nil, nil
	p.noteMemory()
	if err != nil {
		return 0, p.trapped(c.String(), err)
	}
	return u32(p.stack[0]), nil
}

// noteMemory keeps the size of the memory for Stats, which other goroutines read.
func (p *Plugin) noteMemory() {
	if size := p.memory.Size(); size != p.memorySize {
		p.memorySize = size
		p.memoryBytes.Store(uint64(size))
	}
}

// bind looks the filter's exports up, once.
func (p *Plugin) bind(mod api.Module) {
	p.memory = mod.Memory()
	for c := range callbackCount {
		p.callbacks[c] = mod.ExportedFunction(c.String())
	}
	p.allocator = mod.ExportedFunction("malloc")
	if p.allocator == nil {
		p.allocator = mod.ExportedFunction("proxy_on_memory_allocate")
	}
}
