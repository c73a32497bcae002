package proxywasm

import "encoding/binary"

// The limits of a pair list that Envoy reads; a longer one counts as empty.
const (
	maxPairsBytes = 1 << 20
	maxPairs      = 1024
)

// A pair list is how the ABI passes maps: the number of pairs, the lengths of
// each name and value, then names and values with a NUL byte behind each. All
// numbers are 32 bits little endian; lengths do not count the NUL.
//
// https://github.com/proxy-wasm/spec/blob/main/abi-versions/v0.2.1/README.md#serialized-map

// AppendPairs appends the pair list of m to dst. An empty map appends nothing.
func AppendPairs(dst []byte, m *HeaderMap) []byte {
	if m.Len() == 0 {
		return dst
	}
	at := len(dst)
	dst = append(dst, make([]byte, pairsSize(m))...)
	putPairs(dst[at:], m)
	return dst
}

// pairsSize returns the length of the pair list of m in bytes.
func pairsSize(m *HeaderMap) int {
	if m.Len() == 0 {
		return 0
	}
	return 4 + m.Len()*(8+2) + m.Size()
}

// putPairs writes the pair list of m to b, which has pairsSize(m) > 0 bytes.
func putPairs(b []byte, m *HeaderMap) {
	binary.LittleEndian.PutUint32(b, uint32(m.Len()))
	lengths, data := b[4:], b[4+8*m.Len():]
	for i := range m.Len() {
		name, value := m.At(i)
		binary.LittleEndian.PutUint32(lengths[8*i:], uint32(len(name)))
		binary.LittleEndian.PutUint32(lengths[8*i+4:], uint32(len(value)))
		data = putTerminated(putTerminated(data, name), value)
	}
}

func putTerminated(b, s []byte) []byte {
	n := copy(b, s)
	b[n] = 0
	return b[n+1:]
}

// addPairs adds the pairs of a list to m. Like Envoy it takes a list that is
// damaged in any way, or over the limits, for an empty one.
func addPairs(m *HeaderMap, list []byte) {
	count, ok := checkPairs(list)
	if !ok {
		return
	}
	data := list[4+8*count:]
	for i := range count {
		nameLen, valueLen := pairLengths(list, i)
		m.Add(data[:nameLen], data[nameLen+1:nameLen+1+valueLen])
		data = data[nameLen+valueLen+2:]
	}
}

// checkPairs returns the number of pairs of a list, false when it is not one.
func checkPairs(list []byte) (count int, ok bool) {
	if len(list) < 4 || len(list) > maxPairsBytes {
		return 0, false
	}
	n := binary.LittleEndian.Uint32(list)
	if n > maxPairs || int(n)*8 > len(list)-4 {
		return 0, false
	}
	data := list[4+8*n:]
	for i := range int(n) {
		nameLen, valueLen := pairLengths(list, i)
		for _, length := range [2]int{nameLen, valueLen} {
			if length >= len(data) || data[length] != 0 {
				return 0, false
			}
			data = data[length+1:]
		}
	}
	return int(n), len(data) == 0
}

func pairLengths(list []byte, i int) (name, value int) {
	lengths := list[4+8*i:]
	return int(binary.LittleEndian.Uint32(lengths)), int(binary.LittleEndian.Uint32(lengths[4:]))
}
