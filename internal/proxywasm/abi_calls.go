package proxywasm

import "time"

// callFunctions send requests to other services.
func callFunctions() []hostFunction {
	return []hostFunction{
		{name: "proxy_http_call", params: "iiiiiiiiii", call: httpCall},
		{name: "proxy_grpc_call", params: "iiiiiiiiiiii", call: grpcCall},
		{name: "proxy_grpc_stream", params: "iiiiiiiii", call: grpcStream},
		{name: "proxy_grpc_send", params: "iiii", call: grpcSend},
		{name: "proxy_grpc_cancel", params: "i", call: grpcCancel},
		{name: "proxy_grpc_close", params: "i", call: grpcClose},
	}
}

// The token of a call has its kind in the lower two bits, above them a number
// that counts within the kind, from 1 on.
const (
	tokenKindMask   = 3
	tokenHTTP       = 0
	tokenGRPCCall   = 1
	tokenGRPCStream = 2
	tokenStep       = 4
)

// token returns the next token of a kind. 0 is none, also after 2^30 calls.
func (p *Plugin) token(kind uint32) uint32 {
	if p.tokens[kind] += tokenStep; p.tokens[kind] == 0 {
		p.tokens[kind] = tokenStep
	}
	return p.tokens[kind] | kind
}

// arguments reads pairs of pointer and length that begin at a[0].
func (p *Plugin) arguments(a []uint64, parts ...*[]byte) bool {
	for i, part := range parts {
		var ok bool
		if *part, ok = p.read(a[2*i], a[2*i+1]); !ok {
			return false
		}
	}
	return true
}

// httpCall is proxy_http_call(cluster, len, headers, len, body, len, trailers,
// len, timeout_ms, ret_token). The call belongs to the root context, whatever
// context makes it. A call that is refused has the token 0.
func httpCall(p *Plugin, a []uint64) uint32 {
	var headers, trailers []byte
	c := HTTPCall{Headers: &p.callHeaders, Timeout: milliseconds(a[8])}
	if !p.arguments(a, &c.Cluster, &headers, &c.Body, &trailers) {
		return uint32(StatusInvalidMemoryAccess)
	}
	p.callHeaders.Reset(RequestHeaders)
	addPairs(&p.callHeaders, headers)
	if int32(u32(a[8])) < 0 || !p.host.HasCluster(c.Cluster) || !isRequest(&p.callHeaders) {
		return p.giveToken(0, StatusBadArgument, a[9])
	}
	p.callTrailers.Reset(RequestTrailers)
	addPairs(&p.callTrailers, trailers)
	if p.callTrailers.Len() > 0 {
		c.Trailers = &p.callTrailers
	}
	c.Token = p.token(tokenHTTP)
	if status := p.host.HTTPCall(c); status != StatusOK {
		return p.giveToken(0, status, a[9])
	}
	return p.giveToken(c.Token, StatusOK, a[9])
}

// giveToken stores a token; a call that is refused has the token 0.
func (p *Plugin) giveToken(token uint32, status Status, retToken uint64) uint32 {
	if !p.writeU32(retToken, token) {
		return uint32(StatusInvalidMemoryAccess)
	}
	return uint32(status)
}

func milliseconds(v uint64) time.Duration { return time.Duration(u32(v)) * time.Millisecond }

// isRequest tells whether the headers name a method, a path and an authority,
// which may be empty.
func isRequest(h *HeaderMap) bool {
	for _, name := range [...]string{":method", ":path", ":authority"} {
		if _, ok := h.GetString(name); !ok {
			return false
		}
	}
	return true
}

// callEnd is how far a gRPC call or stream is on its way to its end.
type callEnd struct{ local, remote bool }

// maxGRPCEntries bounds the ended streams that a filter has not closed itself.
const maxGRPCEntries = 4096

// grpcCall is proxy_grpc_call(cluster, len, service, len, method, len,
// metadata, len, message, len, timeout_ms, ret_token).
func grpcCall(p *Plugin, a []uint64) uint32 {
	c := GRPCCall{Timeout: milliseconds(a[10])}
	return startGRPC(p, a, a[11], &c, tokenGRPCCall)
}

// grpcStream is proxy_grpc_stream(cluster, len, service, len, method, len,
// metadata, len, ret_token).
func grpcStream(p *Plugin, a []uint64) uint32 {
	return startGRPC(p, a, a[8], &GRPCCall{}, tokenGRPCStream)
}

func startGRPC(p *Plugin, a []uint64, retToken uint64, c *GRPCCall, kind uint32) uint32 {
	var metadata []byte
	parts := []*[]byte{&c.Cluster, &c.Service, &c.Method, &metadata, &c.Message}
	start := p.host.GRPCCall
	if kind == tokenGRPCStream {
		parts, start = parts[:4], p.host.GRPCStream
	}
	if !p.arguments(a, parts...) {
		return uint32(StatusInvalidMemoryAccess)
	}
	if !p.host.HasCluster(c.Cluster) {
		name, ok := clusterOfService(c.Cluster)
		if !ok {
			return uint32(StatusParseFailure)
		}
		if c.Cluster = name; !p.host.HasCluster(name) {
			p.token(kind) // which Envoy has spent by then
			return uint32(StatusInternalFailure)
		}
	}
	p.callHeaders.Reset(RequestHeaders)
	addPairs(&p.callHeaders, metadata)
	c.Metadata, c.Token = &p.callHeaders, p.token(kind)
	if status := start(*c); status != StatusOK {
		return uint32(status)
	}
	p.grpc[c.Token] = callEnd{}
	return uint32(statusOf(p.writeU32(retToken, c.Token)))
}

// grpcSend is proxy_grpc_send(token, message, len, end_stream).
func grpcSend(p *Plugin, a []uint64) uint32 {
	token := u32(a[0])
	message, ok := p.read(a[1], a[2])
	if !ok {
		return uint32(StatusInvalidMemoryAccess)
	}
	if token&tokenKindMask != tokenGRPCStream {
		return uint32(StatusBadArgument)
	}
	if _, ok := p.grpc[token]; !ok {
		return uint32(StatusNotFound)
	}
	p.host.GRPCSend(token, message, u32(a[3]) != 0)
	return uint32(StatusOK)
}

// grpcCancel is proxy_grpc_cancel(token).
func grpcCancel(p *Plugin, a []uint64) uint32 {
	return p.endGRPC(u32(a[0]), func(token uint32, _ callEnd) { p.cancelGRPC(token) })
}

// grpcClose is proxy_grpc_close(token): it cancels a call, and ends the
// filter's side of a stream.
func grpcClose(p *Plugin, a []uint64) uint32 {
	return p.endGRPC(u32(a[0]), func(token uint32, end callEnd) {
		switch {
		case token&tokenKindMask == tokenGRPCCall, end.remote:
			p.cancelGRPC(token)
		default:
			p.host.GRPCEnd(token)
			end.local = true
			p.grpc[token] = end
		}
	})
}

func (p *Plugin) endGRPC(token uint32, end func(uint32, callEnd)) uint32 {
	if kind := token & tokenKindMask; kind != tokenGRPCCall && kind != tokenGRPCStream {
		return uint32(StatusBadArgument)
	}
	state, ok := p.grpc[token]
	if !ok {
		return uint32(StatusNotFound)
	}
	end(token, state)
	return uint32(StatusOK)
}

func (p *Plugin) cancelGRPC(token uint32) {
	delete(p.grpc, token)
	p.host.GRPCCancel(token)
}
