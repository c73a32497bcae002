package proxywasm

import "github.com/wasmctl/wasmctl/internal/wasm"

// bufferFunctions are the functions that read and change byte buffers.
func bufferFunctions() []hostFunction {
	return []hostFunction{
		{name: "proxy_get_buffer_bytes", params: "iiiii", call: getBufferBytes},
		{name: "proxy_get_buffer_status", params: "iii", call: getBufferStatus},
		{name: "proxy_set_buffer_bytes", params: "iiiii", call: setBufferBytes},
		{name: "proxy_get_configuration", params: "ii", abi: []wasm.ABIVersion{wasm.ABI010}, call: getConfiguration},
	}
}

// bytesOf returns what a buffer holds now. Buffers of bodies are empty outside
// their callbacks; the others do not exist outside theirs.
func (p *Plugin) bytesOf(t BufferType) ([]byte, Status) {
	switch {
	case t > maxBufferType:
		return nil, StatusBadArgument
	case t == bufferVMConfig:
		return p.config.VMConfiguration, StatusOK
	case t == bufferPluginConfig && p.configuring:
		return p.config.Configuration, StatusOK
	case t == bufferCallResponse && p.response != nil && p.response.Headers != nil:
		return p.response.Body, StatusOK
	case t == bufferPluginConfig || t == bufferCallResponse:
		return nil, StatusNotFound
	case t == bufferGRPCMessage:
		return p.grpcMessage.Bytes(), StatusOK
	}
	if b := p.body(t); b != nil {
		return b.Bytes(), StatusOK
	}
	return nil, StatusOK
}

// body returns the body that the running callback is about, nil when t is
// another buffer or its callback is not running.
func (p *Plugin) body(t BufferType) *Buffer {
	if t == bufferGRPCMessage && p.hasMessage {
		return &p.grpcMessage
	}
	s := p.active
	if s == nil || t > ResponseBody || s.phase != phaseOpen {
		return nil
	}
	return s.host.Body(t)
}

// getBufferBytes is proxy_get_buffer_bytes(type, start, len, ret_ptr, ret_size).
func getBufferBytes(p *Plugin, a []uint64) uint32 {
	data, status := p.bytesOf(BufferType(u32(a[0])))
	if status != StatusOK {
		return uint32(status)
	}
	return uint32(p.give(view(data, u32(a[1]), u32(a[2])), a[3], a[4]))
}

// getBufferStatus is proxy_get_buffer_status(type, ret_len, ret_flags).
func getBufferStatus(p *Plugin, a []uint64) uint32 {
	data, status := p.bytesOf(BufferType(u32(a[0])))
	if status != StatusOK {
		return uint32(status)
	}
	return uint32(statusOf(p.writeU32(a[1], uint32(len(data))) && p.writeU32(a[2], 0)))
}

// setBufferBytes is proxy_set_buffer_bytes(type, start, len, data, len).
func setBufferBytes(p *Plugin, a []uint64) uint32 {
	t := BufferType(u32(a[0]))
	if _, status := p.bytesOf(t); status != StatusOK {
		return uint32(status)
	}
	data, ok := p.read(a[3], a[4])
	if !ok {
		return uint32(StatusInvalidMemoryAccess)
	}
	b := p.body(t)
	if b == nil {
		return uint32(StatusBadArgument)
	}
	if b.Len()+len(data) > maxBodyBytes {
		return uint32(StatusInternalFailure)
	}
	return uint32(b.Replace(int(u32(a[1])), int(u32(a[2])), data))
}

// getConfiguration is proxy_get_configuration(ret_ptr, ret_size): the VM's
// configuration, and the filter's own during on_configure.
func getConfiguration(p *Plugin, a []uint64) uint32 {
	if p.configuring {
		return uint32(p.give(p.config.Configuration, a[0], a[1]))
	}
	return uint32(p.give(p.config.VMConfiguration, a[0], a[1]))
}

// maxBodyBytes bounds what a filter can make of a body.
const maxBodyBytes = 1 << 30
