package proxywasm

import "encoding/binary"

// clusterOfService reads the cluster's name out of a serialised
// envoy.config.core.v3.GrpcService, which filters may give in place of a name:
// field 1 is EnvoyGrpc, and in it field 1 the cluster. The result is false when
// the bytes are no such message. Envoy ends itself when they are one without a
// target, which names such as "h2" happen to be.
//
// https://protobuf.dev/programming-guides/encoding/
func clusterOfService(b []byte) (cluster []byte, ok bool) {
	envoyGRPC, ok := bytesField(b, 1)
	if !ok || envoyGRPC == nil {
		return nil, false
	}
	cluster, ok = bytesField(envoyGRPC, 1)
	return cluster, ok
}

// The wire types of protobuf.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

// bytesField returns the last field of that number in a message, nil without
// one; false says that b is not a message.
func bytesField(b []byte, number uint64) (value []byte, ok bool) {
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 || tag>>3 == 0 {
			return nil, false
		}
		b = b[n:]
		size, skip := fieldSize(b, tag&7)
		if skip < 0 || size > uint64(len(b)-skip) {
			return nil, false
		}
		end := skip + int(size)
		if tag>>3 == number && tag&7 == wireBytes {
			value = b[skip:end:end]
		}
		b = b[end:]
	}
	return value, true
}

// fieldSize returns the length of a field's value and how many bytes say so,
// which is negative when the field is damaged.
func fieldSize(b []byte, wireType uint64) (size uint64, skip int) {
	switch wireType {
	case wireVarint:
		if _, skip = binary.Uvarint(b); skip == 0 {
			return 0, -1
		}
		return 0, skip
	case wire64:
		return 8, 0
	case wire32:
		return 4, 0
	case wireBytes:
		if size, skip = binary.Uvarint(b); skip == 0 {
			return 0, -1
		}
		return size, skip
	}
	return 0, -1
}
