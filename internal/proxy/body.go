package proxy

import (
	"io"
	"math"
)

// bodyKind is how the end of an HTTP/1.1 message is known: RFC 9112 §6.3.
type bodyKind int

const (
	bodyNone bodyKind = iota
	bodyLength
	bodyChunked
	bodyUntilClose
)

// bodyReader reads the body of an HTTP/1.1 message piece by piece out of the
// wire's buffer, without a copy.
type bodyReader struct {
	kind bodyKind
	// left are the bytes until the end of the body, or of the chunk.
	left int64
	// lent are the bytes that the last piece has taken from the buffer.
	lent int
	// begun says that a first chunk was seen, whose end is then due.
	begun, done bool
}

func (b *bodyReader) reset(kind bodyKind, length int64) {
	*b = bodyReader{kind: kind, left: length}
	switch kind {
	case bodyNone:
		b.done = true
	case bodyLength:
		b.done = length == 0
	case bodyChunked:
		b.left = 0
	case bodyUntilClose:
		b.left = math.MaxInt64
	}
}

// ready says that next does not need to wait for the peer. For a chunked body
// it may say no although all is there.
func (b *bodyReader) ready(w *wire) bool {
	if b.done {
		return true
	}
	buffered := w.br.Buffered() - b.lent
	if b.kind == bodyChunked {
		// A chunk's head could still be cut off: its data, or the last chunk, must be there.
		return (b.left > 0 && buffered > 0) || (b.left == 0 && buffered >= 7)
	}
	return buffered > 0
}

// next returns the next piece; io.EOF is the end of the body.
func (b *bodyReader) next(w *wire, wait func(n int) error) ([]byte, error) {
	if b.lent > 0 {
		_, _ = w.br.Discard(b.lent)
		b.lent = 0
	}
	if b.done {
		return nil, io.EOF
	}
	if b.kind == bodyChunked && b.left == 0 {
		if err := b.chunk(w, wait); err != nil {
			return nil, err
		}
	}
	if err := wait(0); err != nil {
		if err == io.EOF && b.kind != bodyUntilClose {
			return nil, io.ErrUnexpectedEOF
		}
		return nil, err
	}
	p, _ := w.br.Peek(int(min(int64(w.br.Buffered()), b.left)))
	b.lent = len(p)
	b.left -= int64(len(p))
	b.done = b.left == 0 && b.kind == bodyLength
	return p, nil
}

// chunk reads the line in front of a chunk, and the end of the one before:
// RFC 9112 §7.1. The last chunk's trailers are read and dropped, as Envoy does.
func (b *bodyReader) chunk(w *wire, wait func(n int) error) error {
	if b.begun {
		line, err := w.line(wait)
		if err != nil {
			return cutShort(err)
		}
		if len(line) != 0 {
			return &malformedError{"chunk longer than its size"}
		}
	}
	b.begun = true
	line, err := w.line(wait)
	if err != nil {
		return cutShort(err)
	}
	size, ok := chunkSize(line)
	if !ok {
		return &malformedError{"chunk size"}
	}
	if size > 0 {
		b.left = size
		return nil
	}
	for total := 0; ; {
		line, err := w.line(wait)
		if err != nil {
			return cutShort(err)
		}
		if len(line) == 0 {
			b.done = true
			return io.EOF
		}
		if total += len(line); total > headLimit {
			return &malformedError{"trailers too large"}
		}
	}
}

// cutShort turns the end of a connection within a body into an error.
func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// chunkSize reads "1a" or "1a;extension".
func chunkSize(line []byte) (int64, bool) {
	n, digits := int64(0), 0
	for _, c := range line {
		var d byte
		switch {
		case c >= '0' && c <= '9':
			d = c - '0'
		case c >= 'a' && c <= 'f':
			d = c - 'a' + 10
		case c >= 'A' && c <= 'F':
			d = c - 'A' + 10
		case c == ';' && digits > 0:
			return n, true
		default:
			return 0, false
		}
		if digits++; digits > 15 {
			return 0, false
		}
		n = n<<4 | int64(d)
	}
	return n, digits > 0
}

// bodyWriter writes the body of an HTTP/1.1 message as its headers announce it.
// A filter may have changed the body and left content-length as it was: what is
// over is not sent, and what is missing makes the connection unusable.
type bodyWriter struct {
	kind bodyKind
	left int64
}

// data queues p.
func (b *bodyWriter) data(w *wire, p []byte) error {
	if len(p) == 0 {
		return nil
	}
	switch b.kind {
	case bodyLength:
		if int64(len(p)) > b.left {
			p = p[:b.left]
		}
		b.left -= int64(len(p))
		return w.queue(p)
	case bodyChunked:
		w.out = appendHex(w.out, len(p))
		w.out = append(w.out, '\r', '\n')
		if err := w.queue(p); err != nil {
			return err
		}
		w.out = append(w.out, '\r', '\n')
	}
	return nil
}

// end queues the end of the body; false means that the peer will not see one.
func (b *bodyWriter) end(w *wire) bool {
	if b.kind == bodyChunked {
		w.out = append(w.out, "0\r\n\r\n"...)
	}
	return b.kind != bodyLength || b.left == 0
}

func appendHex(dst []byte, n int) []byte {
	const digits = "0123456789abcdef"
	shift := 0
	for n>>shift > 15 {
		shift += 4
	}
	for ; shift >= 0; shift -= 4 {
		dst = append(dst, digits[n>>shift&15])
	}
	return dst
}
