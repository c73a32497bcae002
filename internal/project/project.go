// Package project reads wasmctl.yaml, the file that makes a folder a filter
// project: it finds the file, decodes it strictly and checks what it says. What
// is built from a project is no concern of this package.
package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/yamlfile"
)

// FileName is the name of the file at the root of a project.
const FileName = "wasmctl.yaml"

// ErrNotFound says that no folder from the given one upwards holds a project.
var ErrNotFound = errors.New("no " + FileName + " found")

// notFoundHint is the next step when there is no project.
const notFoundHint = "make a project with 'wasmctl init', or name the folder of one"

// Language is the programming language of a project, as wasmctl.yaml and the
// command line spell it.
type Language string

// The languages that a project can be written in.
const (
	Go             Language = "go"
	Rust           Language = "rust"
	Cpp            Language = "cpp"
	AssemblyScript Language = "assemblyscript"
)

// Languages lists the languages that a project can be written in.
func Languages() []Language { return []Language{Go, Rust, Cpp, AssemblyScript} }

// Project is a folder with a wasmctl.yaml.
type Project struct {
	// Dir is the folder, as an absolute path.
	Dir string `json:"dir"`
	// Name is the name of the filter; see ValidateName.
	Name string `json:"name"`
	// Language decides how the project is built. With a command of its own it is
	// any word, or "".
	Language Language `json:"language,omitempty"`
	// Config is the file with the example configuration of the filter, YAML or
	// JSON, relative to Dir and with slashes. "" means that there is none.
	Config string `json:"config,omitempty"`
	// Schema is the JSON Schema of the configuration, relative to Dir and with
	// slashes. "" means that there is none.
	Schema string `json:"schema,omitempty"`
	// Build is how the project is built where its language alone does not say.
	Build Build `json:"build,omitzero"`
}

// Build is the mapping "build" of wasmctl.yaml. The zero value is what a project
// without it has.
type Build struct {
	// Command builds the module in place of the language's toolchain.
	Command Command `json:"command,omitzero"`
	// Fetch gets what Command needs from the network. It runs before it, and is
	// left out of builds without network.
	Fetch Command `json:"fetch,omitzero"`
	// Output is the file that Command writes the module to, relative to the
	// project and with slashes; "" when it writes to the file in WASMCTL_OUT.
	Output string `json:"output,omitempty"`
	// Image is the builder image of builds in containers; "" is that of the language.
	Image string `json:"image,omitempty"`
	// Optimize is "auto", "on" or "off": whether wasm-opt runs over the module; ""
	// is "auto".
	Optimize string `json:"optimize,omitempty"`
	// Names keeps the names of functions in the module.
	Names bool `json:"names,omitempty"`
	// Ignore are files and folders that are no sources, relative to the project
	// and with slashes: a change in them starts no build.
	Ignore []string `json:"ignore,omitempty"`
}

// IsZero tells whether the project says nothing about its build.
func (b Build) IsZero() bool {
	return b.Command.IsZero() && b.Fetch.IsZero() && b.Output == "" && b.Image == "" && b.Optimize == "" &&
		!b.Names && len(b.Ignore) == 0
}

// Command is a program to run in the project's folder, in one of two forms.
type Command struct {
	// Shell is a text for the system's shell.
	Shell string `json:"shell,omitempty"`
	// Args is the program and its arguments, which no shell looks at.
	Args []string `json:"args,omitempty"`
}

// IsZero tells whether there is no command.
func (c Command) IsZero() bool { return c.Shell == "" && len(c.Args) == 0 }

// ConfigPath returns the path of the example configuration, "" without one.
// That the file exists has not been checked: not every command needs it.
func (p *Project) ConfigPath() string { return p.path(p.Config) }

// SchemaPath returns the path of the JSON Schema, "" without one. That the file
// exists has not been checked.
func (p *Project) SchemaPath() string { return p.path(p.Schema) }

func (p *Project) path(name string) string {
	if name == "" {
		return ""
	}
	return filepath.Join(p.Dir, filepath.FromSlash(name))
}

// Find returns the project that dir belongs to: that of the nearest folder, dir
// itself or one above it, with a wasmctl.yaml. The errors are ErrNotFound and
// those of Load.
func Find(dir string) (*Project, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the project of %s: %w", dir, err)
	}
	if info, err := os.Stat(abs); err != nil {
		return nil, hint.Wrap(fmt.Errorf("find the project of %s: %w", dir, err), notFoundHint)
	} else if !info.IsDir() {
		return nil, hint.Errorf("name the folder of a project", "%s is not a folder", dir)
	}
	for at := abs; ; {
		found, err := load(at, display(dir, abs, at))
		if !errors.Is(err, ErrNotFound) {
			return found, err
		}
		up := filepath.Dir(at)
		if up == at {
			return nil, hint.Errorf(notFoundHint, "%w in %s or above it", ErrNotFound, abs)
		}
		at = up
	}
}

// Load reads the project whose wasmctl.yaml is in dir itself. The error is
// ErrNotFound without that file, *FileError when its content is wrong.
func Load(dir string) (*Project, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("load the project in %s: %w", dir, err)
	}
	return load(abs, display(dir, abs, abs))
}

// display returns the path of the project file in the folder at for messages:
// spelled as the user spelled the folder, when that is the one.
func display(dir, abs, at string) string {
	if at == abs {
		return filepath.Join(dir, FileName)
	}
	return filepath.Join(at, FileName)
}

func load(dir, name string) (*Project, error) {
	text, err := yamlfile.Read(filepath.Join(dir, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hint.Errorf(notFoundHint, "%w in %s", ErrNotFound, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	p, err := decode(name, text)
	if err != nil {
		return nil, err
	}
	p.Dir = dir
	return p, nil
}
