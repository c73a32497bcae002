package proxywasm

import (
	"bytes"
	"compress/zlib"
	"io"
)

// foreignFunctions is the way to functions that a host adds to the ABI.
func foreignFunctions() []hostFunction {
	return []hostFunction{
		{name: "proxy_call_foreign_function", params: "iiiiii", call: callForeignFunction},
	}
}

// callForeignFunction is proxy_call_foreign_function(name, len, arguments, len,
// ret_ptr, ret_size).
func callForeignFunction(p *Plugin, a []uint64) uint32 {
	name, nameOK := p.read(a[0], a[1])
	arguments, argumentsOK := p.read(a[2], a[3])
	if !nameOK || !argumentsOK {
		return uint32(StatusInvalidMemoryAccess)
	}
	call := foreign(name)
	if call == nil {
		return uint32(StatusNotFound)
	}
	result, status := call(arguments)
	if given := p.giveForeign(result, a[4], a[5]); given != StatusOK {
		return uint32(given)
	}
	return uint32(status)
}

// giveForeign is give, but the filter may leave out where it wants the result.
func (p *Plugin) giveForeign(data []byte, retPtr, retSize uint64) Status {
	var ptr uint32
	if len(data) > 0 {
		var at []byte
		var ok bool
		if ptr, at, ok = p.allocate(len(data)); !ok {
			return StatusInvalidMemoryAccess
		}
		copy(at, data)
	}
	if u32(retPtr) != 0 && !p.writeU32(retPtr, ptr) {
		return StatusInvalidMemoryAccess
	}
	return statusOf(u32(retSize) == 0 || p.writeU32(retSize, uint32(len(data))))
}

// foreign returns the function of that name, nil when there is none. Of those
// that Envoy has, verify_signature, sign, declare_property,
// set_envoy_filter_state and the three for CEL expressions are not here: a
// filter sees NotFound, as on a host that does not know them.
func foreign(name []byte) func(arguments []byte) ([]byte, Status) {
	switch string(name) {
	case "compress":
		return compress
	case "uncompress":
		return uncompress
	case "clear_route_cache":
		return func([]byte) ([]byte, Status) { return nil, StatusOK } // there is one route
	}
	return nil
}

// compress makes a zlib stream: RFC 1950.
func compress(data []byte) ([]byte, Status) {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	if _, err := w.Write(data); err != nil || w.Close() != nil {
		return nil, StatusInternalFailure
	}
	return out.Bytes(), StatusOK
}

// maxUncompressed bounds what a small stream can grow to.
const maxUncompressed = 256 << 20

// uncompress reads a zlib stream.
func uncompress(data []byte) ([]byte, Status) {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, StatusSerializationFailure
	}
	out, err := io.ReadAll(io.LimitReader(r, maxUncompressed+1))
	if err != nil || len(out) > maxUncompressed {
		return nil, StatusSerializationFailure
	}
	return out, StatusOK
}
