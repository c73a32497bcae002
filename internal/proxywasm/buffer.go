package proxywasm

// Buffer is body bytes that a filter can read and change. The zero value is
// empty and ready for use; Reset keeps the memory for the next exchange.
type Buffer struct {
	data []byte
}

// Bytes returns the contents: a view, valid until the next change.
func (b *Buffer) Bytes() []byte { return b.data }

// Len returns the number of bytes.
func (b *Buffer) Len() int { return len(b.data) }

// Reset empties the buffer and keeps its memory.
func (b *Buffer) Reset() { b.data = b.data[:0] }

// Append adds a copy of p at the end.
func (b *Buffer) Append(p []byte) { b.data = append(b.data, p...) }

// Write is Append as an io.Writer; it never fails.
func (b *Buffer) Write(p []byte) (int, error) {
	b.Append(p)
	return len(p), nil
}

// Replace is set_buffer_bytes with Envoy's rules: at start 0 the first length
// bytes are dropped and p is put in front of the rest; at or behind the end p
// is appended; anything between is StatusBadArgument.
func (b *Buffer) Replace(start, length int, p []byte) Status {
	switch {
	case start == 0:
		rest := len(b.data) - min(length, len(b.data))
		b.splice(len(b.data)-rest, p)
	case start >= len(b.data):
		b.data = append(b.data, p...)
	default:
		return StatusBadArgument
	}
	return StatusOK
}

// splice puts p in place of the first drop bytes.
func (b *Buffer) splice(drop int, p []byte) {
	rest := len(b.data) - drop
	size := len(p) + rest
	if size > cap(b.data) {
		grown := make([]byte, size, size+size/4)
		copy(grown[len(p):], b.data[drop:])
		b.data = grown
	} else {
		old := b.data
		b.data = b.data[:size]
		copy(b.data[len(p):], old[drop:drop+rest])
	}
	copy(b.data, p)
}

// view returns the part of the contents that a filter asks for: clipped at the
// end, empty behind it.
func view(data []byte, start, length uint32) []byte {
	size := uint64(len(data))
	from := min(uint64(start), size)
	return data[from:min(from+uint64(length), size)]
}
