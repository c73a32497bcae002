package testkit

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// UseRust puts the Rust toolchain of the tests in front of PATH for as long as
// the test runs, and returns the folder of its cargo and rustc. It needs Rust; a
// test that calls it cannot be parallel.
func UseRust(t testing.TB) string {
	t.Helper()
	bin := Need(t, Rust)
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return bin
}

// RustEnv returns the variables with which a program finds the Rust toolchain of
// the tests, for tests that run in parallel and so cannot set their own.
func RustEnv(t testing.TB) []string {
	t.Helper()
	return []string{"PATH=" + Need(t, Rust) + string(os.PathListSeparator) + os.Getenv("PATH")}
}

// WriteRustFilter writes a project into dir that needs no crate: a filter of ABI
// 0.2.1 named "sample" which adds the response header x-sample. Its source is in
// src/lib.rs and src/header.rs.
func WriteRustFilter(t testing.TB, dir string) {
	t.Helper()
	WriteFiles(t, dir, map[string]string{
		"wasmctl.yaml": "name: sample\nlanguage: rust\n",
		"Cargo.toml": "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n" +
			"[lib]\ncrate-type = [\"cdylib\"]\n\n[profile.release]\nlto = true\ncodegen-units = 1\npanic = \"abort\"\n",
		"Cargo.lock":    "version = 3\n\n[[package]]\nname = \"sample\"\nversion = \"0.1.0\"\n",
		"src/header.rs": "pub const VALUE: &str = \"one\";\n",
		"src/lib.rs":    rustFilter,
	})
}

// FakeProgram writes a shell script into dir that stands in for a program. The
// test is skipped where there is no shell.
func FakeProgram(t testing.TB, dir, name, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	WriteFiles(t, dir, map[string]string{name: "#!/bin/sh\n" + script + "\n"})
	if err := os.Chmod(filepath.Join(dir, name), 0o755); err != nil {
		t.Fatal(err)
	}
}

const rustFilter = `mod header;

#[link(wasm_import_module = "env")]
extern "C" {
    fn proxy_add_header_map_value(
        kind: u32,
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
}

#[no_mangle]
pub extern "C" fn proxy_abi_version_0_2_1() {}

#[no_mangle]
pub extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    Box::leak(vec![0; size].into_boxed_slice()).as_mut_ptr()
}

#[no_mangle]
pub extern "C" fn proxy_on_vm_start(_root: u32, _size: usize) -> u32 {
    1
}

#[no_mangle]
pub extern "C" fn proxy_on_configure(_root: u32, _size: usize) -> u32 {
    1
}

#[no_mangle]
pub extern "C" fn proxy_on_response_headers(_context: u32, _count: usize, _end: u32) -> u32 {
    let (key, value) = ("x-sample", header::VALUE);
    unsafe { proxy_add_header_map_value(2, key.as_ptr(), key.len(), value.as_ptr(), value.len()) };
    0
}
`
