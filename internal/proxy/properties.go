package proxy

import (
	"bytes"
	"net/netip"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// Property implements proxywasm.StreamHost with Envoy's attributes: what there
// is, how it is encoded and when it can be read. Header maps that the filter
// cannot reach now take the attributes that derive from them along.
func (f *filterState) Property(dst, path []byte) ([]byte, proxywasm.Status) {
	root, rest, deeper := bytes.Cut(path, []byte{0})
	if !deeper {
		return f.topProperty(dst, root)
	}
	name, key, _ := bytes.Cut(rest, []byte{0})
	switch string(root) {
	case "request":
		return f.requestProperty(dst, name, key)
	case "response":
		return f.responseProperty(dst, name, key)
	case "source":
		return addressProperty(dst, f.x.conn.source, name)
	case "destination":
		return addressProperty(dst, f.x.conn.local, name)
	case "upstream":
		if f.x.answered || f.logging {
			return addressProperty(dst, f.x.upstreamAddr, name)
		}
	case "connection":
		return f.connectionProperty(dst, name)
	case "xds":
		return xdsProperty(dst, name)
	case "filter_state":
		return f.stateProperty(dst, bytes.TrimPrefix(name, []byte("wasm.")))
	}
	return dst, proxywasm.StatusNotFound
}

// topProperty answers for paths of one segment.
func (f *filterState) topProperty(dst, name []byte) ([]byte, proxywasm.Status) {
	switch string(name) {
	case "connection_id":
		return found(appendUint(dst, f.x.conn.id))
	case "request", "response", "filter_state", "connection", "source", "destination", "upstream", "xds":
		return dst, proxywasm.StatusSerializationFailure
	}
	return f.stateProperty(dst, name)
}

// stateProperty reads what SetProperty has stored.
func (f *filterState) stateProperty(dst, key []byte) ([]byte, proxywasm.Status) {
	v, ok := f.x.state[string(key)]
	if !ok {
		return dst, proxywasm.StatusNotFound
	}
	return found(append(dst, v...))
}

// requestProperty answers for request.NAME and request.headers.KEY.
func (f *filterState) requestProperty(dst, name, key []byte) ([]byte, proxywasm.Status) {
	x := f.x
	headers := f.HeaderMap(proxywasm.RequestHeaders)
	switch string(name) {
	case "protocol":
		return found(append(dst, x.protocol...))
	case "time":
		return found(appendInt(dst, x.start.UnixNano()))
	case "duration":
		if x.finished.IsZero() {
			return dst, proxywasm.StatusNotFound
		}
		return found(appendInt(dst, int64(x.finished.Sub(x.start))))
	case "size":
		if headers != nil {
			if v, ok := headers.GetString("content-length"); ok {
				if n, ok := parseLength(v); ok {
					return found(appendInt(dst, n))
				}
			}
		}
		return found(appendInt(dst, x.req.bodyBytes))
	case "total_size":
		n := x.req.bodyBytes
		if headers != nil {
			n += int64(headers.Size())
		}
		return found(appendInt(dst, n))
	case "headers":
		return mapProperty(dst, headers, key)
	}
	return requestHeaderProperty(dst, headers, name)
}

// requestHeaderProperty answers for the request attributes that are headers.
func requestHeaderProperty(dst []byte, headers *proxywasm.HeaderMap, name []byte) ([]byte, proxywasm.Status) {
	switch string(name) {
	case "path":
		return headerProperty(dst, headers, ":path")
	case "method":
		return headerProperty(dst, headers, ":method")
	case "host":
		return headerProperty(dst, headers, ":authority")
	case "scheme":
		return headerProperty(dst, headers, ":scheme")
	case "id":
		return headerProperty(dst, headers, "x-request-id")
	case "referer":
		return headerProperty(dst, headers, "referer")
	case "useragent":
		return headerProperty(dst, headers, "user-agent")
	case "url_path", "query":
		if headers == nil {
			return dst, proxywasm.StatusNotFound
		}
		path, ok := headers.GetString(":path")
		if !ok {
			return dst, proxywasm.StatusNotFound
		}
		path, _, _ = bytes.Cut(path, []byte{'#'})
		before, after, _ := bytes.Cut(path, []byte{'?'})
		if name[0] == 'q' {
			return found(append(dst, after...))
		}
		return found(append(dst, before...))
	}
	return dst, proxywasm.StatusNotFound
}

// responseProperty answers for response.NAME and response.headers.KEY.
func (f *filterState) responseProperty(dst, name, key []byte) ([]byte, proxywasm.Status) {
	x := f.x
	headers := f.HeaderMap(proxywasm.ResponseHeaders)
	switch string(name) {
	case "code":
		if x.code == 0 {
			return dst, proxywasm.StatusNotFound
		}
		return found(appendInt(dst, int64(x.code)))
	case "code_details":
		if x.details == "" {
			return dst, proxywasm.StatusNotFound
		}
		return found(append(dst, x.details...))
	case "flags":
		return found(appendUint(dst, x.flags))
	case "size":
		return found(appendInt(dst, x.sentBytes))
	case "total_size":
		n := x.sentBytes
		if headers != nil {
			n += int64(headers.Size())
		}
		return found(appendInt(dst, n))
	case "headers":
		return mapProperty(dst, headers, key)
	case "trailers":
		return mapProperty(dst, f.HeaderMap(proxywasm.ResponseTrailers), key)
	case "grpc_status":
		return f.grpcStatusProperty(dst)
	}
	return dst, proxywasm.StatusNotFound
}

// grpcStatusProperty reads grpc-status from the trailers, else from the headers.
func (f *filterState) grpcStatusProperty(dst []byte) ([]byte, proxywasm.Status) {
	for _, t := range [...]proxywasm.MapType{proxywasm.ResponseTrailers, proxywasm.ResponseHeaders} {
		m := f.HeaderMap(t)
		if m == nil {
			continue
		}
		if v, ok := m.GetString("grpc-status"); ok {
			if n, ok := parseLength(v); ok {
				return found(appendInt(dst, n))
			}
		}
	}
	return dst, proxywasm.StatusNotFound
}

// connectionProperty answers for connection.NAME of a connection without TLS.
func (f *filterState) connectionProperty(dst, name []byte) ([]byte, proxywasm.Status) {
	switch string(name) {
	case "id":
		return found(appendUint(dst, f.x.conn.id))
	case "mtls":
		return found(append(dst, 0))
	case "requested_server_name":
		return found(dst)
	}
	return dst, proxywasm.StatusNotFound
}

// The name of the listener, with its virtual host, in statistics and properties.
const ingressName = "ingress"

// xdsProperty answers for xds.NAME: the names in the configuration that wasmctl
// makes for a real Envoy.
func xdsProperty(dst, name []byte) ([]byte, proxywasm.Status) {
	switch string(name) {
	case "cluster_name":
		return found(append(dst, chain.UpstreamCluster...))
	case "route_name", "filter_chain_name":
		return found(dst)
	case "virtual_host_name":
		return found(append(dst, ingressName...))
	case "listener_direction":
		return found(appendInt(dst, 0))
	}
	return dst, proxywasm.StatusNotFound
}

func addressProperty(dst []byte, a netip.AddrPort, name []byte) ([]byte, proxywasm.Status) {
	if !a.IsValid() {
		return dst, proxywasm.StatusNotFound
	}
	switch string(name) {
	case "address":
		return found(a.AppendTo(dst))
	case "port":
		return found(appendInt(dst, int64(a.Port())))
	}
	return dst, proxywasm.StatusNotFound
}

// mapProperty is one header's value, or the whole map without a key.
func mapProperty(dst []byte, m *proxywasm.HeaderMap, key []byte) ([]byte, proxywasm.Status) {
	if m == nil {
		return dst, proxywasm.StatusNotFound
	}
	if len(key) == 0 {
		return found(proxywasm.AppendPairs(dst, m))
	}
	v, ok := m.Get(key)
	if !ok {
		return dst, proxywasm.StatusNotFound
	}
	return found(append(dst, v...))
}

func headerProperty(dst []byte, m *proxywasm.HeaderMap, name string) ([]byte, proxywasm.Status) {
	if m == nil {
		return dst, proxywasm.StatusNotFound
	}
	v, ok := m.GetString(name)
	if !ok {
		return dst, proxywasm.StatusNotFound
	}
	return found(append(dst, v...))
}

func found(dst []byte) ([]byte, proxywasm.Status) { return dst, proxywasm.StatusOK }

// appendUint is the ABI's form of an integer: 8 bytes, little endian.
func appendUint(dst []byte, v uint64) []byte {
	return append(dst, byte(v), byte(v>>8), byte(v>>16), byte(v>>24),
		byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56))
}

func appendInt(dst []byte, v int64) []byte { return appendUint(dst, uint64(v)) }
