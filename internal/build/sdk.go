package build

import "github.com/wasmctl/wasmctl/internal/project"

// sdkVersion returns the name and version of the SDK that the project is
// written on, "proxy-wasm 0.2.5", as its files say; "" when they say none.
func sdkVersion(j *job) string {
	switch j.project.Language {
	case project.Go:
		return golangSDK(j)
	case project.Rust:
		return rustSDK(j)
	case project.Cpp:
		return cppSDK(j)
	case project.AssemblyScript:
		return assemblyScriptSDK(j)
	}
	return ""
}
