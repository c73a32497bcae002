// Package project reads wasmctl.yaml, the file that makes a folder a filter
// project: it finds the file, decodes it strictly and checks what it says. What
// is built from a project is no concern of this package.
package project

import (
	"errors"
)

// FileName is the name of the file at the root of a project.
const FileName = "wasmctl.yaml"

// ErrNotFound says that no folder from the given one upwards holds a project.
var ErrNotFound = errors.New("no " + FileName + " found")

// Language is the programming language of a project, as wasmctl.yaml and the
// command line spell it.
type Language string

// The languages that a project can be written in.
const (
	Go Language = "go"
)

// Languages lists the languages that a project can be written in.
func Languages() []Language { return []Language{Go} }

// Project is a folder with a wasmctl.yaml.
type Project struct {
	// Dir is the folder, as an absolute path.
	Dir string `json:"dir"`
	// Name is the name of the filter; see ValidateName.
	Name string `json:"name"`
	// Language decides how the project is built.
	Language Language `json:"language"`
	// Config is the file with the example configuration of the filter, YAML or
	// JSON, relative to Dir and with slashes. "" means that there is none.
	Config string `json:"config,omitempty"`
	// Schema is the JSON Schema of the configuration, relative to Dir and with
	// slashes. "" means that there is none.
	Schema string `json:"schema,omitempty"`
}

// Find returns the project that dir belongs to: that of the nearest folder, dir
// itself or one above it, with a wasmctl.yaml. The errors are ErrNotFound and
// those of Load.
func Find(dir string) (*Project, error) { panic("todo") }

// Load reads the project whose wasmctl.yaml is in dir itself. The error is
// ErrNotFound without that file, *FileError when its content is wrong.
func Load(dir string) (*Project, error) { panic("todo") }

// ConfigPath returns the path of the example configuration, "" without one.
func (p *Project) ConfigPath() string { panic("todo") }

// SchemaPath returns the path of the JSON Schema, "" without one.
func (p *Project) SchemaPath() string { panic("todo") }
