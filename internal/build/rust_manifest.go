package build

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// cargoProject is what the manifests of a project say.
//
// https://doc.rust-lang.org/cargo/reference/manifest.html
type cargoProject struct {
	// dir is the folder of the project, workspace that of the workspace it is in:
	// dir itself where there is none above.
	dir, workspace string
	// dependencies are the folders of packages outside of dir that it depends on
	// by their paths, and of the packages those depend on.
	dependencies []string
	// locals are the names of the packages in dir and in dependencies, by folder.
	locals map[string]string
	// rustVersion is the oldest Rust for the project, by its manifest and lock
	// file: "1.85"; "" when they name none.
	rustVersion string
	// library is what the file of the library is called, without its ending; ""
	// for a manifest that holds no package.
	library string
}

// manifest is one Cargo.toml, as far as it matters here.
type manifest struct {
	Package *struct {
		Name        string `toml:"name"`
		RustVersion any    `toml:"rust-version"`
		Workspace   string `toml:"workspace"`
	} `toml:"package"`
	Lib *struct {
		Name string `toml:"name"`
	} `toml:"lib"`
	Workspace *struct {
		Exclude      []string       `toml:"exclude"`
		Dependencies map[string]any `toml:"dependencies"`
		Package      struct {
			RustVersion string `toml:"rust-version"`
		} `toml:"package"`
	} `toml:"workspace"`
	Patch map[string]map[string]any `toml:"patch"`
	dependencyTables
	Target map[string]dependencyTables `toml:"target"`
}

// dependencyTables are the tables of a manifest that name packages. cargo wants
// to read the manifests of all of them, whichever it compiles.
type dependencyTables struct {
	Normal map[string]any `toml:"dependencies"`
	Build  map[string]any `toml:"build-dependencies"`
	Dev    map[string]any `toml:"dev-dependencies"`
}

// readCargoProject reads the manifest in dir and those it leads to. Files that
// cannot be read say nothing here; cargo explains them better.
func readCargoProject(dir string) cargoProject {
	p := cargoProject{dir: dir, workspace: dir, locals: map[string]string{}}
	own, ok := readManifest(dir)
	if !ok {
		return p
	}
	p.workspace = findWorkspace(dir, own)
	shared, _ := readManifest(p.workspace)
	p.rustVersion = rustVersionOf(own, shared)
	if lockNeeds := lockVersion(p.lockFile()); newerRust(lockNeeds, p.rustVersion) {
		p.rustVersion = lockNeeds
	}
	if own.Package != nil {
		p.locals[dir] = own.Package.Name
		p.library = strings.ReplaceAll(own.Package.Name, "-", "_")
		if own.Lib != nil && own.Lib.Name != "" {
			p.library = own.Lib.Name
		}
	}
	p.follow(dir, own, shared)
	for _, table := range shared.Patch {
		p.addPaths(p.workspace, table, shared)
	}
	return p
}

func (p cargoProject) lockFile() string { return filepath.Join(p.workspace, "Cargo.lock") }

// locked tells whether the versions of the dependencies are settled.
func (p cargoProject) locked() bool {
	info, err := os.Stat(p.lockFile())
	return err == nil && info.Mode().IsRegular()
}

// folders are those with sources: the project's, its dependencies', and that of
// the workspace, relative to which the compiler names files.
func (p cargoProject) folders() []string {
	all := []string{p.dir}
	if p.workspace != p.dir {
		all = []string{p.workspace, p.dir}
	}
	return append(all, p.dependencies...)
}

// roots are what decides the result: of a workspace above the project only its
// manifest and lock file.
func (p cargoProject) roots() []string {
	all := append([]string{p.dir}, p.dependencies...)
	if p.workspace != p.dir {
		all = append(all, filepath.Join(p.workspace, "Cargo.toml"), p.lockFile())
	}
	return all
}

// maxDependencies bounds how many packages are followed by their paths.
const maxDependencies = 500

// follow collects the packages that the manifest in dir names by their paths.
func (p *cargoProject) follow(dir string, m, shared manifest) {
	tables := []dependencyTables{m.dependencyTables}
	for _, t := range m.Target {
		tables = append(tables, t)
	}
	for _, t := range tables {
		for _, table := range []map[string]any{t.Normal, t.Build, t.Dev} {
			p.addPaths(dir, table, shared)
		}
	}
}

func (p *cargoProject) addPaths(dir string, table map[string]any, shared manifest) {
	for _, name := range slices.Sorted(maps.Keys(table)) {
		base, entry := dir, asTable(table[name])
		if inherits, _ := entry["workspace"].(bool); inherits && shared.Workspace != nil {
			base, entry = p.workspace, asTable(shared.Workspace.Dependencies[name])
		}
		if folder, _ := entry["path"].(string); folder != "" {
			p.addPackage(filepath.Join(base, filepath.FromSlash(folder)), folder, shared)
		}
	}
}

func (p *cargoProject) addPackage(folder, given string, shared manifest) {
	if filepath.IsAbs(filepath.FromSlash(given)) {
		folder = filepath.Clean(filepath.FromSlash(given))
	}
	if _, known := p.locals[folder]; known || len(p.locals) >= maxDependencies {
		return
	}
	m, ok := readManifest(folder)
	p.locals[folder] = ""
	if ok && m.Package != nil {
		p.locals[folder] = m.Package.Name
	}
	if !within(folder, p.dir) {
		p.dependencies = append(p.dependencies, folder)
	}
	p.follow(folder, m, shared)
}

// findWorkspace returns the folder of the workspace that the package in dir is
// a member of, dir itself when there is none.
//
// https://doc.rust-lang.org/cargo/reference/workspaces.html
func findWorkspace(dir string, own manifest) string {
	if own.Workspace != nil {
		return dir
	}
	if own.Package != nil && own.Package.Workspace != "" {
		return filepath.Join(dir, filepath.FromSlash(own.Package.Workspace))
	}
	for above := filepath.Dir(dir); ; above = filepath.Dir(above) {
		if m, ok := readManifest(above); ok && m.Workspace != nil {
			if excludes(above, m.Workspace.Exclude, dir) {
				return dir
			}
			return above
		}
		if above == filepath.Dir(above) {
			return dir
		}
	}
}

func excludes(workspace string, excluded []string, dir string) bool {
	return slices.ContainsFunc(excluded, func(name string) bool {
		return within(dir, filepath.Join(workspace, filepath.FromSlash(name)))
	})
}

func rustVersionOf(own, shared manifest) string {
	if own.Package == nil {
		return ""
	}
	if v, ok := own.Package.RustVersion.(string); ok {
		return v
	}
	if asTable(own.Package.RustVersion)["workspace"] == true && shared.Workspace != nil {
		return shared.Workspace.Package.RustVersion
	}
	return ""
}

// maxManifest bounds what is read of a manifest or lock file, in bytes.
const maxManifest = 1 << 20

func readManifest(dir string) (manifest, bool) {
	var m manifest
	err := readTOML(filepath.Join(dir, "Cargo.toml"), &m)
	return m, err == nil
}

// readTOML reads a file into v. What v has no place for is left out.
func readTOML(file string, v any) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil {
		return err
	}
	return toml.Unmarshal(b, v)
}

func asTable(v any) map[string]any {
	t, _ := v.(map[string]any)
	return t
}
