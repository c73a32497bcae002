package proxywasm

import "github.com/wasmctl/wasmctl/internal/wasm"

// streamFunctions are the functions that answer, resume and end an exchange.
func streamFunctions() []hostFunction {
	first := []wasm.ABIVersion{wasm.ABI010}
	since020 := []wasm.ABIVersion{wasm.ABI020, wasm.ABI021}
	return []hostFunction{
		{name: "proxy_send_local_response", params: "iiiiiiii", call: sendLocalResponse},
		{name: "proxy_continue_request", abi: first, call: continueRequest},
		{name: "proxy_continue_response", abi: first, call: continueResponse},
		{name: "proxy_clear_route_cache", abi: first, call: nothing}, // there is one route
		{name: "proxy_continue_stream", params: "i", abi: since020, call: continueStream},
		{name: "proxy_close_stream", params: "i", abi: since020, call: closeStream},
	}
}

// maxGRPCStatus is the highest status code of gRPC, UNAUTHENTICATED.
const maxGRPCStatus = 16

// sendLocalResponse is proxy_send_local_response(code, details, details_len,
// body, body_len, headers, headers_len, grpc_status).
func sendLocalResponse(p *Plugin, a []uint64) uint32 {
	details, detailsOK := p.read(a[1], a[2])
	body, bodyOK := p.read(a[3], a[4])
	headers, headersOK := p.read(a[5], a[6])
	if !detailsOK || !bodyOK || !headersOK {
		return uint32(StatusInvalidMemoryAccess)
	}
	s := p.active
	p.replied = true // also when another context than the caller's answers, as in Envoy
	if s == nil || s.phase == phaseLog || s.phase == phaseClosed {
		return uint32(StatusOK) // there is nobody to answer; Envoy crashes here in on_log
	}
	p.replyHeaders.Reset(ResponseHeaders)
	addPairs(&p.replyHeaders, headers)
	r := LocalResponse{Code: u32(a[0]), Details: details, Body: body, Headers: &p.replyHeaders, GRPCStatus: -1}
	if status := u32(a[7]); status <= maxGRPCStatus {
		r.GRPCStatus = int32(status)
	}
	s.host.SendLocalResponse(r)
	return uint32(StatusOK)
}

// continueStream is proxy_continue_stream(stream_type).
func continueStream(p *Plugin, a []uint64) uint32 {
	t := StreamType(u32(a[0]))
	switch {
	case t > upstreamStream:
		return uint32(StatusBadArgument)
	case t == upstreamStream:
		return uint32(StatusUnimplemented)
	case p.isOpen(t):
		p.active.host.ContinueStream(t)
	}
	return uint32(StatusOK)
}

// continueRequest is proxy_continue_request().
func continueRequest(p *Plugin, _ []uint64) uint32 {
	return continueStream(p, []uint64{uint64(RequestStream)})
}

// continueResponse is proxy_continue_response().
func continueResponse(p *Plugin, _ []uint64) uint32 {
	return continueStream(p, []uint64{uint64(ResponseStream)})
}

// closeStream is proxy_close_stream(stream_type).
func closeStream(p *Plugin, a []uint64) uint32 {
	t := StreamType(u32(a[0]))
	if t > upstreamStream {
		return uint32(StatusBadArgument)
	}
	if p.isOpen(t) {
		p.active.host.CloseStream(t)
	}
	return uint32(StatusOK)
}

// isOpen tells whether there is a stream to act on. Without one both functions
// succeed and do nothing.
func (p *Plugin) isOpen(t StreamType) bool {
	return t <= ResponseStream && p.active != nil && p.active.phase == phaseOpen
}
