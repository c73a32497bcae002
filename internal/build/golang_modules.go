package build

import (
	"go/version"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/modfile"
)

// goModules is where the sources of a project lie that are no part of the
// module cache: its module, those of its workspace, and local replacements.
type goModules struct {
	folders []string // the project's module first
	files   []string // go.work and go.work.sum
	// goVersion and toolchain are the greatest versions that the go and toolchain
	// lines of go.mod and go.work name: "go1.24"; "" when there is none.
	goVersion, toolchain string
}

func (m *goModules) roots() []string { return append(slices.Clone(m.folders), m.files...) }

// findModules looks for the modules as the go command does. goWork is the value
// of GOWORK: a file, "off", or "" for the nearest go.work from dir upwards. Files
// that cannot be parsed say nothing here; the go command explains them better.
func findModules(dir, goWork string) goModules {
	var m goModules
	root := dir
	if file := findUpwards(dir, "go.mod"); file != "" {
		root = filepath.Dir(file)
	}
	m.addFolder(root)
	m.readMod(root)
	if goWork == "" || goWork == "auto" {
		goWork = findUpwards(dir, "go.work")
	}
	if goWork != "" && goWork != "off" {
		m.readWork(goWork)
	}
	return m
}

func (m *goModules) addFolder(dir string) {
	if !slices.Contains(m.folders, dir) {
		m.folders = append(m.folders, dir)
	}
}

func (m *goModules) addReplacements(dir string, replacements []*modfile.Replace) {
	for _, r := range replacements {
		if r.New.Version != "" {
			continue
		}
		path := filepath.FromSlash(r.New.Path)
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		m.addFolder(path)
	}
}

func (m *goModules) addVersions(goLine *modfile.Go, toolchainLine *modfile.Toolchain) {
	if goLine != nil && version.Compare("go"+goLine.Version, m.goVersion) > 0 {
		m.goVersion = "go" + goLine.Version
	}
	if version.Compare(m.goVersion, m.toolchain) > 0 {
		m.toolchain = m.goVersion
	}
	if toolchainLine != nil && version.Compare(toolchainLine.Name, m.toolchain) > 0 {
		m.toolchain = toolchainLine.Name
	}
}

// readMod reads the go.mod in dir.
//
// https://go.dev/ref/mod#go-mod-file
func (m *goModules) readMod(dir string) {
	path := filepath.Join(dir, "go.mod")
	b, err := os.ReadFile(path)
	if err != nil {
		return
	}
	f, err := modfile.Parse(path, b, nil)
	if err != nil {
		return
	}
	m.addReplacements(dir, f.Replace)
	m.addVersions(f.Go, f.Toolchain)
}

// readWork reads a go.work file and the modules it uses.
//
// https://go.dev/ref/mod#workspaces
func (m *goModules) readWork(path string) {
	m.files = append(m.files, path, path+".sum")
	b, err := os.ReadFile(path)
	if err != nil {
		return
	}
	f, err := modfile.ParseWork(path, b, nil)
	if err != nil {
		return
	}
	dir := filepath.Dir(path)
	m.addReplacements(dir, f.Replace)
	m.addVersions(f.Go, f.Toolchain)
	for _, use := range f.Use {
		used := filepath.FromSlash(use.Path)
		if !filepath.IsAbs(used) {
			used = filepath.Join(dir, used)
		}
		m.addFolder(used)
		m.readMod(used)
	}
}

// findUpwards returns the file of that name in dir or the nearest folder above
// it, "" when there is none.
func findUpwards(dir, name string) string {
	for {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}
