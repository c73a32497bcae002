package proxywasm

// The methods of this file run callbacks of the root context. The data plane
// calls them for what a PluginHost was asked for, under the same serialisation
// as all other calls. They return *TrapError when the filter traps, and
// ErrFailed when the VM had failed before. A callback that the filter does not
// export costs nothing.

// OnTick runs proxy_on_tick.
func (p *Plugin) OnTick() error {
	_, err := p.run(nil, onTick, rootContext, 0, 0)
	return err
}

// OnQueueReady runs proxy_on_queue_ready: an item was put into the queue.
func (p *Plugin) OnQueueReady(queue uint32) error {
	_, err := p.run(nil, onQueueReady, rootContext, queue, 0)
	return err
}

// statusBroken is what get_status tells of a call that has failed.
const statusBroken = 11 // WasmResult::BrokenConnection

// OnHTTPCallResponse runs proxy_on_http_call_response. During it the maps and
// the body of r can be read in every context.
func (p *Plugin) OnHTTPCallResponse(token uint32, r HTTPResponse) error {
	headers, trailers := 0, 0
	if r.Headers != nil {
		headers = r.Headers.Len()
	} else {
		r.Body, r.Trailers = nil, nil
		p.statusCode, p.statusMessage = statusBroken, "reset"
	}
	if r.Trailers != nil {
		trailers = r.Trailers.Len()
	}
	p.response = &r
	p.stack[3], p.stack[4] = uint64(len(r.Body)), uint64(trailers)
	_, err := p.run(nil, onHTTPCallResponse, rootContext, token, uint32(headers))
	p.response, p.statusMessage = nil, ""
	return err
}

// OnGRPCInitialMetadata runs proxy_on_grpc_receive_initial_metadata of a stream.
func (p *Plugin) OnGRPCInitialMetadata(token uint32, m *HeaderMap) error {
	if _, ok := p.grpc[token]; !ok {
		return nil
	}
	p.grpcInitial = m
	_, err := p.run(nil, onGRPCInitialMetadata, rootContext, token, uint32(m.Len()))
	p.grpcInitial = nil
	return err
}

// OnGRPCMessage runs proxy_on_grpc_receive: a message of a stream, or the
// answer to a call, which then is over. The filter may change its bytes.
func (p *Plugin) OnGRPCMessage(token uint32, message []byte) error {
	if _, ok := p.grpc[token]; !ok {
		return nil
	}
	p.grpcMessage, p.hasMessage = Buffer{message}, true
	_, err := p.run(nil, onGRPCReceive, rootContext, token, uint32(len(message)))
	p.grpcMessage, p.hasMessage = Buffer{}, false
	if token&tokenKindMask == tokenGRPCCall {
		delete(p.grpc, token)
	}
	return err
}

// OnGRPCTrailingMetadata runs proxy_on_grpc_receive_trailing_metadata of a stream.
func (p *Plugin) OnGRPCTrailingMetadata(token uint32, m *HeaderMap) error {
	if _, ok := p.grpc[token]; !ok {
		return nil
	}
	p.grpcTrailing = m
	_, err := p.run(nil, onGRPCTrailingMetadata, rootContext, token, uint32(m.Len()))
	p.grpcTrailing = nil
	return err
}

// OnGRPCClose runs proxy_on_grpc_close: a stream is over, or a call has failed.
// The filter can read status and message with get_status.
func (p *Plugin) OnGRPCClose(token, status uint32, message string) error {
	end, ok := p.grpc[token]
	if !ok {
		return nil
	}
	end.remote = true
	p.grpc[token] = end
	if p.has(onGRPCClose) {
		p.statusCode, p.statusMessage = status, message
	}
	_, err := p.run(nil, onGRPCClose, rootContext, token, status)
	p.statusMessage = ""
	// A stream stays, for calls that still name it, until the filter closes it.
	end, ok = p.grpc[token]
	if ok && (end.local || token&tokenKindMask == tokenGRPCCall || len(p.grpc) > maxGRPCEntries) {
		delete(p.grpc, token)
	}
	return err
}
