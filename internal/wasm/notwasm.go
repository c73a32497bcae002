package wasm

import (
	"bytes"
	"unicode/utf8"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// notWasm names what a file is that is no module, as far as its first bytes tell.
func notWasm(b []byte) error {
	for _, f := range foreignFormats() {
		if bytes.HasPrefix(b[min(f.offset, len(b)):], []byte(f.magic)) {
			return hint.Errorf(f.next, "%w: this is %s", ErrNotWasm, f.what)
		}
	}
	start := b[:min(len(b), 16)]
	what := "it does not start with the magic number"
	switch {
	case isText(bytes.ToValidUTF8(start, nil), len(start)) && bytes.HasPrefix(bytes.TrimSpace(b), []byte("(")):
		return hint.Errorf("assemble it with wat2wasm", "%w: this is the WebAssembly text format", ErrNotWasm)
	case isText(bytes.ToValidUTF8(start, nil), len(start)):
		what = "this is text"
	}
	return hint.Errorf("name the .wasm file that a compiler wrote", "%w: %s, it starts with %q", ErrNotWasm, what, start)
}

// isText tells whether the valid part of n bytes is printable text; the last
// rune may be cut.
func isText(valid []byte, n int) bool {
	if n-len(valid) >= utf8.UTFMax {
		return false
	}
	for _, c := range valid {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return len(valid) > 0
}

// foreignFormat is a file format that turns up where a module is expected.
type foreignFormat struct {
	magic  string
	offset int
	what   string
	next   string
}

func foreignFormats() []foreignFormat {
	const unpack = "unpack it and name the .wasm file inside"
	const native = "build for WebAssembly, not for this machine"
	return []foreignFormat{
		{"\x1f\x8b", 0, "gzip-compressed data", unpack},
		{"\x28\xb5\x2f\xfd", 0, "zstd-compressed data", unpack},
		{"PK\x03\x04", 0, "a zip archive", unpack},
		{"ustar", 257, "a tar archive", unpack},
		{"\x7fELF", 0, "a native ELF program or library", native},
		{"MZ", 0, "a native Windows program", native},
		{"\xcf\xfa\xed\xfe", 0, "a native macOS program", native},
		{"\x00aot", 0, "WAMR's precompiled code", "name the module it was compiled from"},
		{"!<arch>\n", 0, "an archive of object files", "link it into a module"},
		{"<!DOCTYPE", 0, "an HTML page", "use the address of the file itself"},
		{"<html", 0, "an HTML page", "use the address of the file itself"},
	}
}
