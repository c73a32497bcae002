package archtest_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	module    = "github.com/wasmctl/wasmctl"
	testkit   = "internal/testkit"
	tableFile = "internal/archtest/table_test.go"
)

// pkg is what 'go list -json' says of a package.
type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

// name is the package's path inside this module, and whether it is of it.
func (p pkg) name() (string, bool) { return cutModule(p.ImportPath) }

func cutModule(path string) (string, bool) {
	return strings.CutPrefix(path, module+"/")
}

// Files differ between systems, so the table is held to each of a release's.
var systems = []string{"linux", "darwin", "windows"}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, system := range systems {
		t.Run(system, func(t *testing.T) {
			t.Parallel()
			for _, p := range list(t, system, "./...") {
				name, ok := p.name()
				if !ok {
					continue
				}
				row, ok := table[name]
				if !ok {
					t.Errorf("package %s is in no row: add it to 'table' in %s, and to the table of the design", name, tableFile)
					continue
				}
				checkPackage(t, name, row, p.Imports)
			}
		})
	}
}

func checkPackage(t *testing.T, name string, row, imports []string) {
	t.Helper()
	for _, path := range imports {
		if inside, ok := cutModule(path); ok {
			if !mayImport(name, row, inside) {
				t.Errorf("%s imports %s, which its row in %s does not allow", name, inside, tableFile)
			}
			continue
		}
		if !strings.Contains(strings.Split(path, "/")[0], ".") {
			continue // the standard library
		}
		if name == testkit || name == "bench" {
			continue // nothing of them is in the binary
		}
		places, ok := libraryPlaces(path)
		switch {
		case !ok:
			t.Errorf("%s imports %s, a library without a place: add it to 'libraries' in %s", name, path, tableFile)
		case !slices.Contains(places, name) && !slices.Contains(places, all):
			t.Errorf("%s imports %s, which lives in %s alone (%s)", name, path, strings.Join(places, " and "), tableFile)
		}
	}
}

func mayImport(name string, row []string, inside string) bool {
	switch {
	case slices.Contains(everywhere, inside) || slices.Contains(row, inside):
		return true
	case inside == testkit:
		return false // by tests alone
	}
	return slices.Contains(row, all)
}

// libraryPlaces finds the packages that may import a library.
func libraryPlaces(path string) (places []string, ok bool) {
	longest := -1
	for beginning, in := range libraries {
		if strings.HasPrefix(path, beginning) && len(beginning) > longest {
			longest, places = len(beginning), in
		}
	}
	return places, longest >= 0
}

// What only tests need is not to reach the binary by a detour either.
func TestBinaryHasNoTestCode(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "linux", "-deps", "./cmd/wasmctl") {
		name, _ := p.name()
		if name == testkit || p.ImportPath == "testing" || strings.HasPrefix(p.ImportPath, "github.com/distribution/distribution/") {
			t.Errorf("the binary contains %s: 'go mod why %s' says through what", p.ImportPath, p.ImportPath)
		}
	}
}

// A row that names a package which does not exist allows nothing, so it is a slip.
func TestTableIsConsistent(t *testing.T) {
	t.Parallel()
	for name, row := range table {
		for _, inside := range row {
			if _, ok := table[inside]; !ok && inside != all {
				t.Errorf("the row of %s names %s, which has no row", name, inside)
			}
		}
	}
	for beginning, places := range libraries {
		for _, place := range places {
			if _, ok := table[place]; !ok && place != all {
				t.Errorf("library %s lives in %s, which has no row", beginning, place)
			}
		}
	}
}

// list runs go list at the root of the module.
func list(t *testing.T, system string, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Standard,Imports"}, args...)...)
	cmd.Dir = "../.."
	cmd.Env = append(cmd.Environ(), "GOOS="+system, "CGO_ENABLED=0")
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		t.Fatalf("go list: %v\n%s", err, exit.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	var packages []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
