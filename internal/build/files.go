package build

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/wasmctl/wasmctl/internal/atomicfile"
	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// maxModule is the largest module that a compiler may write, in bytes, as in
// internal/source.
const maxModule = 256 << 20

// readModule reads what a compiler wrote. What is wrong with it is said without
// the path, which is that of a temporary file.
func readModule(path string) (*wasm.Module, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errNoModule
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, hint.Errorf("let it write the module into a file", "what it wrote is no file")
	case info.Size() > maxModule:
		return nil, hint.Errorf("no gateway takes such a module: build without debug information",
			"it has %d MiB, more than %d", info.Size()>>20, maxModule>>20)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return wasm.Decode(b)
}

// checkOutput finds out before a long build that its result could not be written.
func checkOutput(path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return hint.Errorf("name a file in it", "the output %s is a folder", path)
	}
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return hint.Errorf("make the folder first, or name another file", "the output %s: there is no folder %s", path, dir)
	}
	return nil
}

// writeOutput puts the module into a further file, unless it is there already.
func writeOutput(path string, r *Result) error {
	if path == "" {
		return nil
	}
	r.Output = path
	if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, r.Module.Bytes()) {
		return nil
	}
	err := writeFile(path, r.Module.Bytes())
	if errors.Is(err, fs.ErrPermission) {
		return hint.Wrap(err, "name a file in a folder that you may write to")
	}
	return err
}

// writeFile replaces the file as a whole: readers see the old content or the new.
func writeFile(path string, content []byte) error {
	if err := atomicfile.Write(path, content, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// removeAll removes the folder. After a kill the compiler's children may write
// into it for one more moment, hence the further attempts.
func removeAll(dir string) {
	for range 20 {
		if os.RemoveAll(dir) == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
