package build

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// Files of npm and its kin, relative to the project.
const (
	npmLock    = "package-lock.json"
	npmFolder  = "node_modules"
	npmPackage = "package.json"
	// npmHidden is npm's note of what it has installed, in the form of a lock file.
	npmHidden = npmFolder + "/.package-lock.json"
	// npmCompiler is the folder of the compiler.
	npmCompiler = npmFolder + "/assemblyscript"
)

// maxNpmFile bounds what is read of a lock file, in bytes.
const maxNpmFile = 64 << 20

// npmAction is what npm has to do, as its command is called.
type npmAction string

const (
	npmNothing npmAction = ""
	npmCI      npmAction = "ci"
	npmInstall npmAction = "install"
)

// npmProject is a folder with a package.json.
type npmProject struct{ dir string }

// npmLockFile is what is of interest in a package-lock.json.
//
// https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json
type npmLockFile struct {
	// Packages are by their place: "node_modules/assemblyscript".
	Packages map[string]npmPackageEntry `json:"packages"`
}

type npmPackageEntry struct {
	Version   string `json:"version"`
	Integrity string `json:"integrity"`
	Resolved  string `json:"resolved"`
	// Link is set for a folder of this machine; Resolved leads there.
	Link bool `json:"link"`
	// Optional packages are not there on systems that they are not made for.
	Optional    bool `json:"optional"`
	DevOptional bool `json:"devOptional"`
	Peer        bool `json:"peer"`
}

func (p npmProject) has(name string) bool {
	info, err := os.Stat(filepath.Join(p.dir, filepath.FromSlash(name)))
	return err == nil && info.Mode().IsRegular()
}

// readLock reads a lock file; what cannot be read has no packages.
func (p npmProject) readLock(name string) npmLockFile {
	var lock npmLockFile
	f, err := os.Open(filepath.Join(p.dir, filepath.FromSlash(name)))
	if err != nil {
		return lock
	}
	defer f.Close()
	if err := json.NewDecoder(io.LimitReader(f, maxNpmFile)).Decode(&lock); err != nil {
		return npmLockFile{}
	}
	return lock
}

// state tells what npm has to do before the compiler can run.
func (p npmProject) state() (npmAction, error) {
	switch {
	case p.has(npmLock):
		if p.has(npmCompiler+"/"+npmPackage) && p.installed() {
			return npmNothing, nil
		}
		return npmCI, nil
	case p.compiler() != "":
		return npmNothing, nil // installed by hand, by another program, or for a workspace
	}
	for _, other := range []struct{ file, program string }{
		{"yarn.lock", "yarn"}, {"pnpm-lock.yaml", "pnpm"}, {"bun.lock", "bun"}, {"bun.lockb", "bun"},
	} {
		if p.has(other.file) {
			return "", hint.Errorf("'"+other.program+" install'; with yarn, set nodeLinker to node-modules",
				"the packages of the project are not installed, and %s says that %s does that", other.file, other.program)
		}
	}
	if !p.has(npmPackage) {
		return "", hint.Errorf("'wasmctl init --language assemblyscript' makes a project with one",
			"there is no package.json that names the compiler, assemblyscript")
	}
	return npmInstall, nil
}

// installed tells whether npm has installed what the lock file names, and nothing
// else. Both files are npm's: it writes down what it has installed.
func (p npmProject) installed() bool {
	wanted, found := p.readLock(npmLock).Packages, p.readLock(npmHidden).Packages
	for place, w := range wanted {
		if !strings.HasPrefix(place, npmFolder+"/") {
			continue // the project itself, and those of a workspace
		}
		f, ok := found[place]
		if !ok && (w.Optional || w.DevOptional || w.Peer) {
			continue
		}
		if !ok || f.Version != w.Version || w.Integrity != "" && f.Integrity != w.Integrity {
			return false
		}
	}
	for place := range found {
		if _, ok := wanted[place]; !ok {
			return false
		}
	}
	return len(wanted) > 0
}

// links are the folders that the lock file takes packages from.
func (p npmProject) links() []string {
	var links []string
	for _, entry := range p.readLock(npmLock).Packages {
		if entry.Link && entry.Resolved != "" {
			links = append(links, filepath.Join(p.dir, filepath.FromSlash(entry.Resolved)))
		}
	}
	slices.Sort(links)
	return slices.Compact(links)
}

// compiler is the program of the compiler, in the project's node_modules or one
// above, as Node.js looks for packages; "" when there is none.
func (p npmProject) compiler() string {
	return findUpwards(p.dir, filepath.FromSlash(npmCompiler+"/bin/asc.js"))
}

// compilerVersion is the version of the compiler by the lock file, else that of
// the one that is installed; "(unknown version)" if neither tells.
func (p npmProject) compilerVersion() string {
	if v := p.readLock(npmLock).Packages[npmCompiler].Version; v != "" {
		return v
	}
	if program := p.compiler(); program != "" {
		var manifest npmPackageEntry
		b, err := os.ReadFile(filepath.Join(filepath.Dir(filepath.Dir(program)), npmPackage))
		if err == nil && json.Unmarshal(b, &manifest) == nil && manifest.Version != "" {
			return manifest.Version
		}
	}
	return "(unknown version)"
}
