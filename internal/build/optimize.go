package build

import "github.com/wasmctl/wasmctl/internal/project"

// optimizes tells whether wasm-opt runs over the module. By default that is so
// for Rust and C++, where it gains a fifth: asc has Binaryen's passes in itself,
// and Go modules gain a twentieth for ten seconds of work. A module with debug
// information stays as the compiler wrote it.
func (j *job) optimizes() bool {
	if j.debug {
		return false
	}
	switch j.options.Optimize {
	case OptimizeOn:
		return true
	case OptimizeOff:
		return false
	}
	return j.project.Language == project.Rust || j.project.Language == project.Cpp
}

// wasmOptArgs are the arguments of wasm-opt that read the module in and write
// the module out. The features are those that every host of proxy-wasm filters
// has and compilers use; without naming them old versions of wasm-opt refuse
// modules, and with all features they write modules that hosts refuse.
func wasmOptArgs(j *job, in, out string) []string {
	args := []string{
		"-Oz", "--enable-bulk-memory", "--enable-nontrapping-float-to-int", "--enable-sign-ext", "--enable-mutable-globals",
	}
	if j.options.Names {
		args = append(args, "-g")
	}
	return append(args, in, "-o", out)
}
