package wasm

import (
	"fmt"
	"slices"
	"strings"
)

// ValueType is the type of one parameter or result, in its binary form: a byte,
// and with a reference to a type above it what it refers to.
//
// https://webassembly.github.io/spec/core/binary/types.html#value-types
type ValueType uint64

// The value types.
const (
	I32       ValueType = 0x7f
	I64       ValueType = 0x7e
	F32       ValueType = 0x7d
	F64       ValueType = 0x7c
	V128      ValueType = 0x7b
	FuncRef   ValueType = 0x70
	ExternRef ValueType = 0x6f
)

// String returns the type as the text format writes it.
func (t ValueType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case V128:
		return "v128"
	case FuncRef:
		return "funcref"
	case ExternRef:
		return "externref"
	}
	return t.reference()
}

// FuncType is the type of a function.
//
// https://webassembly.github.io/spec/core/binary/types.html#function-types
type FuncType struct {
	Params, Results []ValueType
}

// Equal tells whether two functions have the same type.
func (f FuncType) Equal(other FuncType) bool {
	return slices.Equal(f.Params, other.Params) && slices.Equal(f.Results, other.Results)
}

// String returns the type as "(i32, i32) -> i32"; without results "(i32) -> ()".
func (f FuncType) String() string {
	results := typeList(f.Results)
	if len(f.Results) == 1 {
		results = f.Results[0].String()
	}
	return typeList(f.Params) + " -> " + results
}

// MarshalText makes String the form in JSON.
func (f FuncType) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

func typeList(types []ValueType) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.String()
	}
	return "(" + strings.Join(names, ", ") + ")"
}

// ExternKind is what kind of thing is imported or exported.
//
// https://webassembly.github.io/spec/core/binary/modules.html#import-section
type ExternKind byte

// The kinds of imports and exports.
const (
	ExternFunc ExternKind = iota
	ExternTable
	ExternMemory
	ExternGlobal
	ExternTag
)

// String returns the kind as a word: "function".
func (k ExternKind) String() string {
	names := [...]string{"function", "table", "memory", "global", "tag"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("unknown kind 0x%02x", byte(k))
}

// plural returns the word for several: "memories".
func (k ExternKind) plural() string {
	if k == ExternMemory {
		return "memories"
	}
	return k.String() + "s"
}

// MarshalText makes String the form in JSON.
func (k ExternKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Import is one thing a module needs from its host.
type Import struct {
	Module string     `json:"module"`
	Name   string     `json:"name"`
	Kind   ExternKind `json:"kind"`
	// Func is the type of an imported function, nil for other kinds.
	Func *FuncType `json:"type,omitempty"`
}

// String returns the import as "env.proxy_log".
func (i Import) String() string { return i.Module + "." + i.Name }

// Export is one thing a module offers to its host.
type Export struct {
	Name string     `json:"name"`
	Kind ExternKind `json:"kind"`
	// Index is the place in the module's functions, memories and so on, with
	// the imported ones counted first.
	Index uint32 `json:"index"`
	// Func is the type of an exported function, nil for other kinds.
	Func *FuncType `json:"type,omitempty"`
}

// PageSize is the size of one page of memory in bytes.
const PageSize = 65536

// Memory is the type of one memory. Limits are in pages of PageSize bytes.
//
// https://webassembly.github.io/spec/core/binary/types.html#memory-types
type Memory struct {
	MinPages uint64 `json:"minPages"`
	// MaxPages has a meaning when HasMax is set: without, memory grows as far
	// as the host allows.
	MaxPages uint64 `json:"maxPages,omitempty"`
	HasMax   bool   `json:"hasMax"`
	Shared   bool   `json:"shared,omitempty"`
	// Is64 marks a memory with 64-bit addresses, which no proxy-wasm host takes.
	Is64     bool `json:"is64,omitempty"`
	Imported bool `json:"imported,omitempty"`
	// Exports are the names under which the module exports the memory.
	Exports []string `json:"exports,omitempty"`
}
