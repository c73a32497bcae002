package build

import "os"

// rustSDK returns the version of the proxy-wasm crate, by the lock file.
func rustSDK(j *job) string {
	const crate = "proxy-wasm"
	for _, p := range readCargoLock(readCargoProject(j.project.Dir).lockFile()).Packages {
		if p.Name == crate && p.Source != "" {
			return crate + " " + p.Version
		}
	}
	return ""
}

// cargoLock is a Cargo.lock, as far as it matters here.
type cargoLock struct {
	Version  int `toml:"version"`
	Packages []struct {
		Name    string `toml:"name"`
		Version string `toml:"version"`
		// Source is "" for a package that comes from no registry, such as the
		// project itself, which may have the name of the crate.
		Source string `toml:"source"`
	} `toml:"package"`
}

// readCargoLock reads a lock file. One that cannot be read locks nothing.
func readCargoLock(file string) cargoLock {
	var l cargoLock
	if readTOML(file, &l) != nil {
		return cargoLock{}
	}
	return l
}

// lockVersion returns the oldest version of cargo that reads the lock file, ""
// for one that every version reads.
func lockVersion(file string) string {
	if readCargoLock(file).Version >= 4 {
		return "1.78"
	}
	return ""
}

// sameFile tells whether two paths lead to the same file.
func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}
