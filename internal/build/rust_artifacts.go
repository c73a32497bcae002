package build

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// cargoArtifacts reads the messages of cargo as they come and keeps the modules
// that they name.
//
// https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages
type cargoArtifacts struct {
	line    []byte
	skip    bool // the line is too long to be one of ours
	modules []cargoModule
}

// cargoModule is a library for dynamic loading that cargo has built: a module.
type cargoModule struct {
	manifest string // the Cargo.toml of its package
	file     string
}

// maxCargoLine bounds one message, in bytes; those that name modules are short.
const maxCargoLine = 1 << 20

// Write implements io.Writer.
func (a *cargoArtifacts) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		part, more, complete := bytes.Cut(rest, []byte("\n"))
		if a.skip = a.skip || len(a.line)+len(part) > maxCargoLine; !a.skip {
			a.line = append(a.line, part...)
		}
		rest = more
		if complete {
			if !a.skip {
				a.message(a.line)
			}
			a.line, a.skip = a.line[:0], false
		}
	}
	return len(b), nil
}

func (a *cargoArtifacts) message(line []byte) {
	var m struct {
		Reason   string `json:"reason"`
		Manifest string `json:"manifest_path"`
		Target   struct {
			CrateTypes []string `json:"crate_types"`
		} `json:"target"`
		Files []string `json:"filenames"`
	}
	if json.Unmarshal(line, &m) != nil || m.Reason != "compiler-artifact" || !slices.Contains(m.Target.CrateTypes, "cdylib") {
		return
	}
	for _, file := range m.Files {
		if strings.HasSuffix(file, ".wasm") {
			a.modules = append(a.modules, cargoModule{m.Manifest, file})
		}
	}
}

// choose returns the file of the project's module: that of the package in its
// folder, else the only one.
func (a *cargoArtifacts) choose(p cargoProject) (string, error) {
	own := filepath.Join(p.dir, "Cargo.toml")
	for _, m := range a.modules {
		if sameFile(m.manifest, own) {
			return m.file, nil
		}
	}
	var names []string
	for _, m := range a.modules {
		names = append(names, filepath.Base(filepath.Dir(m.manifest)))
	}
	switch len(names) {
	case 0:
		return "", hint.Errorf("put into Cargo.toml:\n\n    [lib]\n    crate-type = [\"cdylib\"]\n", "the package makes no module: it is no cdylib")
	case 1:
		return a.modules[0].file, nil
	}
	return "", hint.Errorf("put a wasmctl.yaml into the folder of each package that is a filter, and build those folders",
		"the workspace makes several modules: %s", strings.Join(names, ", "))
}

// tailWriter hands on what is written, and keeps the last part of it.
type tailWriter struct {
	to   io.Writer
	tail []byte
}

// maxTail is how much of the messages of cargo is looked at, in bytes.
const maxTail = 16 << 10

// Write implements io.Writer.
func (w *tailWriter) Write(b []byte) (int, error) {
	w.tail = append(w.tail, b...)
	if over := len(w.tail) - maxTail; over > 0 {
		w.tail = append(w.tail[:0], w.tail[over:]...)
	}
	if w.to == nil {
		return len(b), nil
	}
	n, err := w.to.Write(b)
	if err != nil {
		err = fmt.Errorf("pass on the messages of cargo: %w", err)
	}
	return n, err
}

func (w *tailWriter) String() string { return string(w.tail) }
