package build

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/wasmctl/wasmctl/internal/tool"
)

// cppTarget is what filters are compiled for. wasm32-wasip1 is the newer name,
// under which Debian's packages have no libraries.
const cppTarget = "--target=wasm32-wasi"

// cppCompiler is a clang++ that may be able to compile for WASI.
type cppCompiler struct {
	// name is how make is told of it: a name on PATH, or a path. path is where
	// it is.
	name, path string
}

// findCppCompilers looks for clang++: what CXX names, if that is a clang, or else
// that of a WASI SDK, clang++-19 and the like on PATH, the highest first, and
// clang++. It starts no program.
func findCppCompilers(j *job) []cppCompiler {
	if named := j.getenv("CXX"); strings.Contains(filepath.Base(named), "clang") {
		path, err := findOnPath(j, named)
		if err != nil {
			return nil
		}
		return []cppCompiler{{named, path}}
	}
	var found []cppCompiler
	if sdk := j.getenv("WASI_SDK_PATH"); sdk != "" {
		if path, err := tool.Find(filepath.Join(sdk, "bin", "clang++")); err == nil {
			found = append(found, cppCompiler{filepath.ToSlash(path), path})
		}
	}
	for _, number := range clangNumbers(j.getenv("PATH")) {
		name := "clang++-" + strconv.Itoa(number)
		if path, err := findOnPath(j, name); err == nil {
			found = append(found, cppCompiler{name, path})
		}
	}
	if path, err := findOnPath(j, "clang++"); err == nil {
		found = append(found, cppCompiler{"clang++", path})
	}
	return found
}

// clangNumbers returns the numbers of clang++-19 and the like in the folders of
// a PATH, the highest first.
func clangNumbers(path string) []int {
	var numbers []int
	for _, dir := range filepath.SplitList(path) {
		found, err := filepath.Glob(filepath.Join(escapeGlob(dir), "clang++-*"))
		if err != nil {
			continue
		}
		for _, file := range found {
			if n, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(file), "clang++-")); err == nil {
				numbers = append(numbers, n)
			}
		}
	}
	slices.SortFunc(numbers, func(a, b int) int { return cmp.Compare(b, a) })
	return slices.Compact(numbers)
}

// identity tells this compiler with its libraries from another one. The libraries
// are where Debian's packages and the WASI SDK put them.
func (c cppCompiler) identity() string {
	id := "compiler " + c.name + " " + fileIdentity(c.path)
	real, err := filepath.EvalSymlinks(c.path)
	if err != nil {
		return id
	}
	home := filepath.Dir(filepath.Dir(real)) // what has the folder bin
	for _, file := range []string{
		filepath.Join(home, "bin", "wasm-ld"),
		filepath.Join(home, "lib", "wasm32-wasi", "libc++.a"),
		filepath.Join(home, "share", "wasi-sysroot", "lib", "wasm32-wasi", "libc.a"),
		"/usr/lib/wasm32-wasi/libc.a",
	} {
		id += " " + fileIdentity(file)
	}
	return id
}

// cppParts is what a compiler says of itself and of what it would use.
type cppParts struct {
	// version is "19.1.7"; apple is set for the clang of Xcode, which has numbers
	// of its own and no WebAssembly.
	version string
	apple   bool
	// missing names what is not installed: linker, C library, C++ library,
	// runtime.
	missing []string
}

// The names in cppParts.missing.
const (
	partLinker  = "the linker wasm-ld"
	partLibc    = "wasi-libc"
	partLibcxx  = "libc++ for WebAssembly"
	partRuntime = "compiler-rt for WebAssembly"
)

// ask lets the compiler print what it would run to compile and link; nothing is
// compiled. One call tells its version and the places of all it needs.
func (c cppCompiler) ask(ctx context.Context, j *job) (cppParts, error) {
	args := []string{cppTarget, "-mexec-model=reactor", "-###", "-x", "c++", "-", "-o", "module.wasm"}
	if sysroot := j.getenv("SYSROOT"); sysroot != "" {
		args = append(args, "--sysroot="+sysroot)
	}
	var messages strings.Builder
	err := tool.Command{
		Path: c.path, Args: args, Dir: j.project.Dir, Env: j.env, Stdout: &messages, Stderr: &messages,
	}.Run(ctx)
	switch {
	case ctx.Err() != nil:
		return cppParts{}, err
	case err != nil:
		return cppParts{}, fmt.Errorf("%s cannot be used: %w: %s", c.name, err, strings.TrimSpace(messages.String()))
	}
	parts := readCppParts(messages.String())
	if parts.version == "" {
		return cppParts{}, fmt.Errorf("%s cannot be used: it does not tell its version", c.name)
	}
	return parts, nil
}

// readCppParts reads what clang -### prints: a line with the version, and the
// commands for the compiler and the linker, each word in quotes.
func readCppParts(output string) cppParts {
	var p cppParts
	var words []string
	linker := ""
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if before, version, ok := strings.Cut(line, "clang version "); ok && p.version == "" {
			p.version, _, _ = strings.Cut(version, " ")
			p.apple = strings.HasPrefix(before, "Apple")
		}
		if strings.HasPrefix(line, `"`) {
			command := quotedWords(line)
			linker = command[0] // that of the last command
			words = append(words, command...)
		}
	}
	has := func(suffix string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.HasSuffix(filepath.ToSlash(w), suffix) && exists(w) })
	}
	libraries := func(name string) bool {
		return slices.ContainsFunc(words, func(w string) bool {
			dir, ok := strings.CutPrefix(w, "-L")
			return ok && exists(filepath.Join(dir, name))
		})
	}
	headers := slices.ContainsFunc(words, func(w string) bool {
		return strings.HasSuffix(filepath.ToSlash(w), "c++/v1") && exists(filepath.Join(w, "version"))
	})
	if _, err := tool.Find(linker); err != nil {
		p.missing = append(p.missing, partLinker)
	}
	if !has("crt1-reactor.o") {
		p.missing = append(p.missing, partLibc)
	}
	if !headers || !libraries("libc++.a") {
		p.missing = append(p.missing, partLibcxx)
	}
	if !has("builtins-wasm32.a") && !has("libclang_rt.builtins.a") {
		p.missing = append(p.missing, partRuntime)
	}
	return p
}

// quotedWords splits a line of words in quotes, in which \ stands before " and \.
// It returns at least one.
func quotedWords(line string) []string {
	var words []string
	var word strings.Builder
	inside := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"' && inside:
			words = append(words, word.String())
			word.Reset()
			inside = false
		case c == '"':
			inside = true
		case inside:
			if c == '\\' && i+1 < len(line) {
				i++
			}
			word.WriteByte(line[i])
		}
	}
	return append(words, "")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
