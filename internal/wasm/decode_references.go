package wasm

import "fmt"

// The bytes that begin a type of references to what follows them.
const (
	refTo         = 0x64
	refToNullable = 0x63
	// typeIndexBias tells the index of a type, in a ValueType, from the byte of a
	// type that has no index.
	typeIndexBias = 256
)

// valueType reads the type of a value, and notes the feature that it needs.
//
// https://webassembly.github.io/spec/core/binary/types.html#value-types
func (r *reader) valueType() (ValueType, error) {
	at := r.pos
	b, err := r.byte()
	if err != nil {
		return 0, err
	}
	switch t := ValueType(b); t {
	case I32, I64, F32, F64:
		return t, nil
	case V128:
		r.note(FeatureSIMD, at)
		return t, nil
	case FuncRef, ExternRef:
		r.note(FeatureReferenceTypes, at)
		return t, nil
	}
	if b == refTo || b == refToNullable {
		r.note(FeatureTypedReferences, at)
		heap, err := r.heapType()
		return ValueType(b) | heap<<8, err
	}
	if f := abstractType(b); f != noFeature {
		r.note(f, at)
		return ValueType(b), nil
	}
	if b >= 0x60 && b <= 0x75 {
		return 0, fmt.Errorf("%w: reference type 0x%02x", ErrUnsupported, b)
	}
	return 0, fmt.Errorf("%w: 0x%02x is not a value type", ErrMalformed, b)
}

func (r *reader) valueTypes() ([]ValueType, error) {
	n, err := r.count(1)
	if err != nil || n == 0 {
		return nil, err
	}
	types := make([]ValueType, n)
	for i := range types {
		if types[i], err = r.valueType(); err != nil {
			return nil, err
		}
	}
	return types, nil
}

// heapType reads what a reference refers to: a type of the module, as its index
// plus typeIndexBias, or an abstract type, as its byte.
//
// https://webassembly.github.io/spec/core/binary/types.html#heap-types
func (r *reader) heapType() (ValueType, error) {
	at := r.pos
	n, err := r.s33()
	if err != nil {
		return 0, err
	}
	if n >= 0 {
		r.note(FeatureTypedReferences, at)
		return ValueType(n) + typeIndexBias, nil
	}
	b := byte(n & 0x7f)
	if n < -64 || abstractType(b) == noFeature && ValueType(b) != FuncRef && ValueType(b) != ExternRef {
		return 0, fmt.Errorf("%w: %d is not a type to refer to", ErrMalformed, n)
	}
	r.note(abstractType(b), at)
	return ValueType(b), nil
}

// abstractType returns the feature that brought a type of references that is
// written as one byte, of those that the version with reference types lacks.
//
// https://webassembly.github.io/spec/core/binary/types.html#heap-types
func abstractType(b byte) Feature {
	switch b {
	case 0x69, 0x74: // exn, noexn
		return FeatureExceptions
	case 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x71, 0x72, 0x73: // array, struct, i31, eq, any, none, noextern, nofunc
		return FeatureGC
	}
	return noFeature
}

// reference returns a type of references as the text format writes it.
func (t ValueType) reference() string {
	names := map[ValueType]string{
		0x69: "exn", 0x6a: "array", 0x6b: "struct", 0x6c: "i31", 0x6d: "eq", 0x6e: "any", 0x6f: "extern", 0x70: "func",
		0x71: "none", 0x72: "noextern", 0x73: "nofunc", 0x74: "noexn",
	}
	if name, ok := names[t]; ok {
		return "(ref null " + name + ")"
	}
	heap := t >> 8
	name, abstract := names[heap]
	if !abstract && heap >= typeIndexBias {
		name = fmt.Sprint(uint64(heap - typeIndexBias))
	}
	switch {
	case name == "":
	case t&0xff == refTo:
		return "(ref " + name + ")"
	case t&0xff == refToNullable:
		return "(ref null " + name + ")"
	}
	return fmt.Sprintf("unknown type 0x%02x", uint64(t))
}
