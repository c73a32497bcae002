package wasm

// Decode reads a module. The module keeps b, which must not be changed afterwards.
func Decode(b []byte) (*Module, error) { panic("todo") }
