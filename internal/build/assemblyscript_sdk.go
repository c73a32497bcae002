package build

import (
	"os"
	"path/filepath"
	"regexp"
)

// assemblyScriptSDK reads the version of the ABI layer that the template carries.
func assemblyScriptSDK(j *job) string {
	b, err := os.ReadFile(filepath.Join(j.project.Dir, "assembly", "proxy_wasm", "version.ts"))
	if err != nil {
		return ""
	}
	m := regexp.MustCompile(`\bVERSION\b[^"\n]*"(\d+\.\d+\.\d+)"`).FindSubmatch(b)
	if m == nil {
		return ""
	}
	return "wasmctl-assemblyscript " + string(m[1])
}
