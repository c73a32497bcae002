package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/tool"
)

// cpp builds projects with make and clang. The Makefile of the project knows the
// flags; wasmctl passes it variables, which docs/cpp.md describes. Objects are
// kept in build/.cpp for the next build.
type cpp struct {
	*job
	make string // the program
	// compilers may be able to compile for WASI, the preferred one first.
	compilers []cppCompiler
	// chosen is the first of them that can; it is known once version was called.
	chosen cppCompiler
}

func newCpp(j *job) (*cpp, error) {
	makeProgram, err := findOnPath(j, "make")
	if err != nil {
		makeProgram, err = findOnPath(j, "gmake")
	}
	if err != nil {
		return nil, hint.Errorf(getCpp(), "%w: make is needed to build %s: %w", ErrToolMissing, j.project.Name, err)
	}
	c := &cpp{job: j, make: makeProgram, compilers: findCppCompilers(j)}
	if len(c.compilers) == 0 {
		return nil, hint.Errorf(getCpp(), "%w: clang++ is needed to build %s: there is none on PATH", ErrToolMissing, j.project.Name)
	}
	return c, nil
}

func (c *cpp) roots() []string { return []string{c.project.Dir} }

// settings names the compilers and their libraries by their files: which of them
// builds follows from that.
func (c *cpp) settings(context.Context) (string, error) {
	lines := append([]string{"make " + fileIdentity(c.make)}, cppChoices(c.job)...)
	for _, compiler := range c.compilers {
		lines = append(lines, compiler.identity())
	}
	for _, name := range cppVariables() {
		lines = append(lines, name+"="+c.getenv(name))
	}
	return strings.Join(lines, "\n"), nil
}

// cppVariables are the variables of the environment that change what clang does,
// and those that Makefiles use by custom.
func cppVariables() []string {
	return []string{"SYSROOT", "CPATH", "CPLUS_INCLUDE_PATH", "CPPFLAGS", "CXXFLAGS", "LDFLAGS"}
}

// cppChoices are the variables for make that follow from what is asked for. They
// are always given, so that the environment does not decide.
func cppChoices(j *job) []string {
	debug, names := "DEBUG=", "NAMES="
	if j.debug {
		debug += "1"
	}
	if j.options.Names {
		names += "1"
	}
	return []string{debug, names}
}

// cppObjects is the folder for the objects of a kind of build, in one for all.
func cppObjects(j *job) string {
	if j.debug {
		return "wasmctl-debug"
	}
	return "wasmctl-release"
}

// cppMakefiles are the names that make looks for.
func cppMakefiles() []string { return []string{"GNUmakefile", "makefile", "Makefile"} }

func (c *cpp) compile(ctx context.Context, out, _ string) error {
	if err := requireMakefile(c.job); err != nil {
		return err
	}
	rel, err := filepath.Rel(c.project.Dir, out)
	if err != nil {
		return fmt.Errorf("place for the module: %w", err)
	}
	objects, err := trackObjects(ctx, c.job, cppObjects(c.job))
	if err != nil {
		return err
	}
	args := append([]string{
		"--silent", "--no-print-directory", "-j" + strconv.Itoa(runtime.NumCPU()),
		"CXX=" + c.chosen.name, "OUT=" + filepath.ToSlash(rel),
		"OBJ=" + FolderName + "/.cpp/" + cppObjects(c.job), "ID=" + objects.ID,
	}, cppChoices(c.job)...)
	err = tool.Command{
		Path: c.make, Args: args, Dir: c.project.Dir, Stdout: c.stderr, Stderr: c.stderr,
		// What a make around wasmctl was told is not for this one.
		Env: append(append([]string{}, c.env...), "MAKEFLAGS=", "MFLAGS=", "MAKELEVEL=", "PWD="+c.project.Dir),
	}.Run(ctx)
	if err := errors.Join(err, objects.keep()); err != nil {
		return err
	}
	if _, err := os.Stat(out); errors.Is(err, os.ErrNotExist) {
		return hint.Errorf("let the default target of the Makefile write the file that the variable OUT names",
			"make ended well and wrote no module")
	}
	return nil
}

// requireMakefile makes sure that the project says how it is built.
func requireMakefile(j *job) error {
	for _, name := range cppMakefiles() {
		if _, err := os.Stat(filepath.Join(j.project.Dir, name)); err == nil {
			return nil
		}
	}
	return hint.Errorf("'wasmctl init --language cpp' makes a project with one; or set build.command in wasmctl.yaml",
		"there is no Makefile in %s", j.project.Dir)
}
