package wasm_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

const header = "\x00asm\x01\x00\x00\x00"

// sample has one of everything that the encoder knows.
func sample() []byte {
	m := &testkit.Module{}
	log := m.Import("env", "proxy_log", "iii", "i")
	m.ImportGlobal("env", "base")
	m.Memory(2, 16)
	m.ExportMemory("memory")
	m.ExportMemory("mem2")
	m.Global(7)
	m.ExportFunction("proxy_abi_version_0_2_1", "", "")
	m.Start(m.Function("", "", slices.Concat(
		testkit.I32Const(2), testkit.I32Const(0), testkit.I32Const(5), testkit.Call(log), testkit.Drop())...))
	m.ExportFunction("mixed", "iIfF", "F")
	m.Data(16, []byte("hello"))
	m.Custom("producers", []byte("x"))
	m.Custom("precompiled_test", bytes.Repeat([]byte{1}, 200))
	m.Custom("producers", nil)
	return m.Bytes()
}

func decode(t *testing.T, b []byte) *wasm.Module {
	t.Helper()
	m, err := wasm.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestDecodeReadsWhatTheEncoderWrote(t *testing.T) {
	t.Parallel()
	m := decode(t, sample())

	if got, want := len(m.Imports()), 2; got != want {
		t.Fatalf("%d imports, want %d", got, want)
	}
	log := m.Imports()[0]
	if log.String() != "env.proxy_log" || log.Kind != wasm.ExternFunc || log.Func.String() != "(i32, i32, i32) -> i32" {
		t.Errorf("first import: %s %s %s", log, log.Kind, log.Func)
	}
	if global := m.Imports()[1]; global.Kind != wasm.ExternGlobal || global.Func != nil {
		t.Errorf("second import: %+v", global)
	}
	mixed, ok := m.ExportedFunction("mixed")
	if !ok || mixed.String() != "(i32, i64, f32, f64) -> f64" {
		t.Errorf("mixed: %v %s", ok, mixed)
	}
	if start, ok := m.ExportedFunction("proxy_abi_version_0_2_1"); !ok || start.String() != "() -> ()" {
		t.Errorf("marker: %v %s", ok, start)
	}
	if _, ok := m.ExportedFunction("memory"); ok {
		t.Error("the memory was taken for a function")
	}
	memories := m.Memories()
	if len(memories) != 1 || memories[0].MinPages != 2 || memories[0].MaxPages != 16 || !memories[0].HasMax ||
		!slices.Equal(memories[0].Exports, []string{"memory", "mem2"}) {
		t.Errorf("memories: %+v", memories)
	}
	if !m.HasStart() {
		t.Error("the start section is missing")
	}
	if got := len(m.CustomSections("producers")); got != 2 {
		t.Errorf("%d sections \"producers\", want 2", got)
	}
	if got, want := m.SHA256(), decode(t, sample()).SHA256(); got != want || len(got) != 64 {
		t.Errorf("digest %s, want %s", got, want)
	}
}

func TestSectionsCoverTheFile(t *testing.T) {
	t.Parallel()
	m := decode(t, sample())
	at := int64(len(header))
	for _, s := range m.Sections() {
		if s.Offset != at {
			t.Errorf("section %s at %d, want %d", s.ID, s.Offset, at)
		}
		if !bytes.HasSuffix(m.Bytes()[s.Offset:s.Offset+s.Size], s.Content) {
			t.Errorf("section %s: its content is not its end", s.ID)
		}
		at += s.Size
	}
	if at != int64(len(m.Bytes())) {
		t.Errorf("the sections end at %d of %d", at, len(m.Bytes()))
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		input string
		is    error
		text  string
	}{
		{"empty", "", wasm.ErrEmpty, "empty"},
		{"half a magic number", "\x00as", wasm.ErrTruncated, "has 3"},
		{"no version", "\x00asm\x01", wasm.ErrTruncated, "has 5"},
		{"component", "\x00asm\x0d\x00\x01\x00", wasm.ErrComponent, "component"},
		{"component is no module", "\x00asm\x0d\x00\x01\x00", wasm.ErrNotWasm, ""},
		{"version 2", "\x00asm\x02\x00\x00\x00", wasm.ErrVersion, "02 00 00 00"},
		{"gzip", "\x1f\x8b\x08\x00", wasm.ErrNotWasm, "gzip"},
		{"ELF", "\x7fELF\x02\x01\x01", wasm.ErrNotWasm, "ELF"},
		{"tar", strings.Repeat("\x00", 257) + "ustar\x00", wasm.ErrNotWasm, "tar archive"},
		{"text format", "\n(module (func))", wasm.ErrNotWasm, "text format"},
		{"text", "package main\n", wasm.ErrNotWasm, "this is text"},
		{"HTML", "<!DOCTYPE html>", wasm.ErrNotWasm, "HTML"},
		{"AOT", "\x00aot\x05\x00\x00\x00", wasm.ErrNotWasm, "WAMR"},
		{"garbage", "\xff\xfe\xfd\xfc\xfb\xfa", wasm.ErrNotWasm, "starts with"},
		{"section without length", header + "\x01", wasm.ErrTruncated, "type section, at byte 8"},
		{"section past the end", header + "\x01\x05\x00", wasm.ErrTruncated, "5 bytes announced, 1 left"},
		{"huge section", header + "\x00\xff\xff\xff\xff\x0f", wasm.ErrTruncated, "4294967295 bytes announced"},
		{"length over 32 bits", header + "\x00\xff\xff\xff\xff\x1f", wasm.ErrMalformed, "more than 32 bits"},
		{"length of six bytes", header + "\x00\x80\x80\x80\x80\x80\x00", wasm.ErrMalformed, "more than 32 bits"},
		{"huge vector", header + "\x01\x05\xff\xff\xff\xff\x0f", wasm.ErrTruncated, "4294967295 elements"},
		{"unknown section", header + "\x63\x00", wasm.ErrMalformed, "no such section"},
		{"section twice", header + "\x01\x01\x00\x01\x01\x00", wasm.ErrMalformed, "twice"},
		{"wrong order", header + "\x03\x01\x00\x01\x01\x00", wasm.ErrMalformed, "too late"},
		{"bytes left over", header + "\x01\x02\x00\x00", wasm.ErrMalformed, "1 bytes too many"},
		{"custom section without name", header + "\x00\x00", wasm.ErrTruncated, "custom"},
		{"name is not UTF-8", header + "\x00\x02\x01\xff", wasm.ErrMalformed, "UTF-8"},
		{"no form of a type", header + "\x01\x03\x01\x5c\x00", wasm.ErrMalformed, "0x5c is not the form"},
		{"stack switching", header + "\x01\x03\x01\x5d\x00", wasm.ErrUnsupported, "stack switching"},
		{"cut structure", header + "\x01\x05\x01\x5f\x01\x7f", wasm.ErrTruncated, ""},
		{"huge group of types", header + "\x01\x07\x01\x4e\xff\xff\xff\xff\x0f", wasm.ErrTruncated, "elements"},
		{"function of a structure", header + "\x01\x03\x01\x5f\x00\x03\x02\x01\x00", wasm.ErrMalformed, "not that of a function"},
		{"no value type", header + "\x01\x05\x01\x60\x01\x00\x00", wasm.ErrMalformed, "0x00 is not a value type"},
		{"reference to nothing", header + "\x01\x06\x01\x60\x01\x64\x40\x00", wasm.ErrMalformed, "-64 is not a type"},
		{"reference of 34 bits", header + "\x01\x0a\x01\x60\x01\x64\xff\xff\xff\xff\x3f\x00", wasm.ErrMalformed, "33 bits"},
		{"shared reference", header + "\x01\x05\x01\x60\x01\x65\x00", wasm.ErrUnsupported, "0x65"},
		{"no such type", header + "\x03\x02\x01\x00", wasm.ErrMalformed, "type 0 of 0"},
		{"no such kind", header + "\x02\x05\x01\x00\x00\x09\x00", wasm.ErrMalformed, "unknown kind 0x09"},
		{"custom page size", header + "\x05\x04\x01\x08\x00\x00", wasm.ErrUnsupported, "page size"},
		{"no such function", header + "\x07\x05\x01\x01a\x00\x00", wasm.ErrMalformed, "function 0 of 0"},
		{"no such start", header + "\x08\x01\x00", wasm.ErrMalformed, "start function 0 of 0"},
		{"functions without bodies", header + "\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00", wasm.ErrMalformed, "0 function bodies"},
		{"export twice", header + "\x05\x03\x01\x00\x00\x07\x09\x02\x01a\x02\x00\x01a\x02\x00", wasm.ErrMalformed, "twice"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := wasm.Decode([]byte(c.input))
			if !errors.Is(err, c.is) {
				t.Fatalf("error %v, want %v", err, c.is)
			}
			if !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %q does not say %q", err, c.text)
			}
			if len(hint.Of(err)) == 0 {
				t.Errorf("error %q has no next step", err)
			}
		})
	}
}

func TestEveryCutIsAnError(t *testing.T) {
	t.Parallel()
	whole := sample()
	ends := map[int64]bool{int64(len(whole)): true, int64(len(header)): true}
	for _, s := range decode(t, whole).Sections() {
		ends[s.Offset+s.Size] = true
	}
	for n := range whole {
		_, err := wasm.Decode(whole[:n])
		if err == nil && !ends[int64(n)] {
			t.Errorf("%d of %d bytes were taken for a module", n, len(whole))
		}
		section := (*wasm.SectionError)(nil)
		if errors.As(err, &section) && section.Offset > int64(n) {
			t.Errorf("cut at %d: the error is at byte %d", n, section.Offset)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(sample())
	f.Add(testkit.Filter(testkit.ProxyLog()).Bytes())
	f.Add([]byte(header))
	f.Add([]byte(header + "\x00\x08\x04name\x01\x02\x01\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := wasm.Decode(b)
		if err != nil {
			return
		}
		at := int64(len(header))
		for _, s := range m.Sections() {
			at += s.Size
		}
		if at != int64(len(b)) {
			t.Errorf("the sections end at %d of %d", at, len(b))
		}
		if err := wasm.Check(m); err != nil && err.Error() == "" {
			t.Error("an error without a text")
		}
		added, err := m.WithCustomSection("fuzz", b)
		if err != nil {
			t.Fatal(err)
		}
		removed, err := added.WithoutCustomSections("fuzz")
		if err != nil {
			t.Fatal(err)
		}
		if len(m.CustomSections("fuzz")) == 0 && !bytes.Equal(removed.Bytes(), b) {
			t.Error("adding and removing a section changed the module")
		}
	})
}
