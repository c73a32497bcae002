// Package version holds what is known of this build of wasmctl.
package version

import (
	"runtime"
	"runtime/debug"
)

// version is set by the linker in a release: -X .../internal/version.version=v1.2.3.
var version = ""

// Info describes a build.
type Info struct {
	// Version is the release, or the pseudo-version or "devel" of a build from source.
	Version string `json:"version"`
	// Commit is the revision it was built from, or "" when unknown.
	Commit string `json:"commit,omitempty"`
	// Go is the version of the compiler.
	Go string `json:"go"`
	// Platform is OS/ARCH.
	Platform string `json:"platform"`
}

// Get returns the description of this build.
func Get() Info {
	info := Info{
		Version:  version,
		Go:       runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return info.orDevel()
	}
	if info.Version == "" && build.Main.Version != "(devel)" {
		info.Version = build.Main.Version
	}
	for _, s := range build.Settings {
		if s.Key == "vcs.revision" {
			info.Commit = s.Value
		}
	}
	return info.orDevel()
}

func (i Info) orDevel() Info {
	if i.Version == "" {
		i.Version = "devel"
	}
	return i
}
