package testkit

import (
	"encoding/binary"
	"math"

	"github.com/wasmctl/wasmctl/internal/wasm"
)

// The instructions that tests write most. Join them with slices.Concat.
//
// https://webassembly.github.io/spec/core/binary/instructions.html

// I32Const pushes a constant.
func I32Const(v int32) []byte { return append([]byte{0x41}, sleb(int64(v))...) }

// I64Const pushes a constant.
func I64Const(v int64) []byte { return append([]byte{0x42}, sleb(v)...) }

// LocalGet pushes a parameter.
func LocalGet(index uint32) []byte { return append([]byte{0x20}, uleb(index)...) }

// GlobalGet pushes a global.
func GlobalGet(index uint32) []byte { return append([]byte{0x23}, uleb(index)...) }

// GlobalSet pops a value into a global.
func GlobalSet(index uint32) []byte { return append([]byte{0x24}, uleb(index)...) }

// Call calls a function.
func Call(index uint32) []byte { return append([]byte{0x10}, uleb(index)...) }

// I32Add adds the two values on top of the stack.
func I32Add() []byte { return []byte{0x6a} }

// I32Load replaces the address on top of the stack by the value there.
func I32Load(offset uint32) []byte { return append([]byte{0x28, 2}, uleb(offset)...) }

// Drop pops a value.
func Drop() []byte { return []byte{0x1a} }

// Unreachable traps.
func Unreachable() []byte { return []byte{0x00} }

func zero(t byte) []byte {
	switch wasm.ValueType(t) {
	case wasm.I64:
		return I64Const(0)
	case wasm.F32:
		return binary.LittleEndian.AppendUint32([]byte{0x43}, math.Float32bits(0))
	case wasm.F64:
		return binary.LittleEndian.AppendUint64([]byte{0x44}, math.Float64bits(0))
	}
	return I32Const(0)
}

// sleb encodes a signed integer as LEB128.
func sleb(v int64) []byte {
	var out []byte
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if (v == 0 && b&0x40 == 0) || (v == -1 && b&0x40 != 0) {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}
