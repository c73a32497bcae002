package wasm

import (
	"fmt"
	"unicode/utf8"
)

// reader reads values of the binary format. It never reads past end, and every
// count it hands out is one that the bytes left can hold, so that nothing is
// allocated on the word of the input alone.
type reader struct {
	buf      []byte
	pos, end int
	// uses takes notes of the features that turn up; nil takes none.
	uses *usage
	// function is the index of the function that is being read, nil outside.
	function *uint32
}

// note says that what stands at the offset needs a feature.
func (r *reader) note(f Feature, offset int) {
	if f != noFeature {
		r.uses.note(f, offset, r.function)
	}
}

func (r *reader) left() int { return r.end - r.pos }

func (r *reader) byte() (byte, error) {
	if r.left() < 1 {
		return 0, ErrTruncated
	}
	b := r.buf[r.pos]
	r.pos++
	return b, nil
}

// take returns the next n bytes without copying them.
func (r *reader) take(n uint32) ([]byte, error) {
	if uint64(n) > uint64(r.left()) {
		return nil, fmt.Errorf("%w: %d bytes announced, %d left", ErrTruncated, n, r.left())
	}
	b := r.buf[r.pos : r.pos+int(n) : r.pos+int(n)]
	r.pos += int(n)
	return b, nil
}

// u32 reads an unsigned LEB128 integer of at most 32 bits.
//
// https://webassembly.github.io/spec/core/binary/values.html#integers
func (r *reader) u32() (uint32, error) {
	if r.pos < r.end && r.buf[r.pos] < 0x80 { // most have one byte
		r.pos++
		return uint32(r.buf[r.pos-1]), nil
	}
	v, err := r.leb128(32)
	return uint32(v), err
}

// u64 reads an unsigned LEB128 integer of at most 64 bits.
func (r *reader) u64() (uint64, error) { return r.leb128(64) }

// s33 reads a signed LEB128 integer of at most 33 bits: an index, or a negative
// number that stands for a type.
func (r *reader) s33() (int64, error) {
	var v int64
	for shift := uint(0); shift < 35; shift += 7 {
		b, err := r.byte()
		if err != nil {
			return 0, err
		}
		v |= int64(b&0x7f) << shift
		if b&0x80 == 0 {
			if b&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			if v < -1<<32 || v >= 1<<32 {
				break
			}
			return v, nil
		}
	}
	return 0, fmt.Errorf("%w: integer of more than 33 bits", ErrMalformed)
}

func (r *reader) leb128(bits uint) (uint64, error) {
	var v uint64
	for shift := uint(0); ; shift += 7 {
		b, err := r.byte()
		if err != nil {
			return 0, err
		}
		if shift+7 > bits && b>>(bits-shift) != 0 { // also catches a further byte
			return 0, fmt.Errorf("%w: integer of more than %d bits", ErrMalformed, bits)
		}
		v |= uint64(b&0x7f) << shift
		if b&0x80 == 0 {
			return v, nil
		}
	}
}

// count reads the length of a vector whose elements take at least size bytes each.
//
// https://webassembly.github.io/spec/core/binary/conventions.html#vectors
func (r *reader) count(size int) (int, error) {
	n, err := r.u32()
	if err != nil {
		return 0, err
	}
	if uint64(n)*uint64(size) > uint64(r.left()) {
		return 0, fmt.Errorf("%w: %d elements announced, %d bytes left", ErrTruncated, n, r.left())
	}
	return int(n), nil
}

// name reads a UTF-8 string.
//
// https://webassembly.github.io/spec/core/binary/values.html#names
func (r *reader) name() (string, error) {
	n, err := r.u32()
	if err != nil {
		return "", err
	}
	b, err := r.take(n)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(b) {
		return "", fmt.Errorf("%w: the name %.40q is not UTF-8", ErrMalformed, b)
	}
	return string(b), nil
}
