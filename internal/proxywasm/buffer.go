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
func (b *Buffer) Replace(start, length int, p []byte) Status { panic("todo") }
