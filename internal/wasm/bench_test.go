package wasm

import (
	"os"
	"testing"
)

// BenchmarkFeatures reads the code of the module that WASMCTL_BENCH_MODULE names.
func BenchmarkFeatures(b *testing.B) {
	path := os.Getenv("WASMCTL_BENCH_MODULE")
	if path == "" {
		b.Skip("WASMCTL_BENCH_MODULE names no module")
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	m, err := Decode(raw)
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range m.sections {
		if s.ID == SectionCode {
			b.SetBytes(s.Size)
		}
	}
	for b.Loop() {
		if s := scan(m); s.err != nil {
			b.Fatal(s.err)
		}
	}
}
