package build

import (
	"os"
	"path/filepath"
	"regexp"
)

// cppSDK finds the version of our headers in the project: "proxy-wasm-headers
// 1.0.0". They are in sdk, or where else the project has put them.
func cppSDK(j *job) string {
	version := regexp.MustCompile(`(?m)^#define PROXY_WASM_HEADERS_VERSION "([^"\n]*)"`)
	for _, folder := range []string{"sdk", "include", "src", "."} {
		b, err := os.ReadFile(filepath.Join(j.project.Dir, folder, "proxy_wasm_intrinsics.h"))
		if err != nil {
			continue
		}
		if found := version.FindSubmatch(b); found != nil {
			return "proxy-wasm-headers " + string(found[1])
		}
	}
	return ""
}
