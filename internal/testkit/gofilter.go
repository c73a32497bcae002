package testkit

import (
	"os"
	"path/filepath"
	"testing"
)

// WriteGoFilter writes a project into dir that needs no module but the standard
// library: a filter of ABI 0.2.1 named "sample" which adds the response header
// x-sample. Its source is in main.go and header.go.
func WriteGoFilter(t testing.TB, dir string) {
	t.Helper()
	WriteFiles(t, dir, map[string]string{
		"wasmctl.yaml": "name: sample\nlanguage: go\n",
		"go.mod":       "module example.com/sample\n\ngo 1.24\n",
		"header.go":    "package main\n\nconst headerValue = \"one\"\n",
		"main.go":      goFilter,
	})
}

// WriteFiles writes files below dir; names are relative and with slashes.
func WriteFiles(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const goFilter = `package main

import "unsafe"

func main() {}

//go:wasmimport env proxy_add_header_map_value
func addHeader(kind int32, key unsafe.Pointer, keySize int32, value unsafe.Pointer, valueSize int32) int32

var allocated [][]byte

//go:wasmexport proxy_abi_version_0_2_1
func abiVersion() {}

//go:wasmexport proxy_on_memory_allocate
func allocate(size int32) unsafe.Pointer {
	b := make([]byte, size)
	allocated = append(allocated, b)
	return unsafe.Pointer(unsafe.SliceData(b))
}

//go:wasmexport proxy_on_vm_start
func onStart(root, size int32) int32 { return 1 }

//go:wasmexport proxy_on_configure
func onConfigure(root, size int32) int32 { return 1 }

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(context, count, end int32) int32 {
	key, value := "x-sample", headerValue
	addHeader(2, unsafe.Pointer(unsafe.StringData(key)), int32(len(key)),
		unsafe.Pointer(unsafe.StringData(value)), int32(len(value)))
	return 0
}
`
