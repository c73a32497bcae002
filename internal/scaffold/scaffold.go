// Package scaffold makes new projects out of the embedded templates: it renders
// a template to a plan in memory and writes the plan, all of it or nothing.
package scaffold

import (
	"context"
	"io/fs"

	"github.com/wasmctl/wasmctl/internal/project"
)

// Language is a programming language that templates are offered in.
type Language struct {
	Name project.Language `json:"name"`
	// Title is the name of the language as people write it.
	Title string `json:"title"`
	// Description says in a line what a project in the language is made with.
	Description string     `json:"description"`
	Templates   []Template `json:"templates"`
}

// Template is a kind of filter that a project can start from.
type Template struct {
	Name string `json:"name"`
	// Description says in a line what the filter does.
	Description string `json:"description"`
}

// Languages lists what is offered, in the order to show it in.
func Languages() []Language { panic("todo") }

// Templates lists the templates of a language, in the order to show them in. The
// error is *UnknownError.
func Templates(language string) ([]Template, error) { panic("todo") }

// UnknownError says that a language or a template is not offered.
type UnknownError struct {
	// Kind is "language" or "template".
	Kind string
	Name string
	// Offered are the valid names.
	Offered []string
}

func (e *UnknownError) Error() string { panic("todo") }

// Parameters are what a template is rendered with.
type Parameters struct {
	// Language and Template are names that Languages lists.
	Language string `json:"language"`
	Template string `json:"template"`
	// Name is the name of the filter; project.ValidateName.
	Name string `json:"name"`
	// Module is the module path of a Go project. "" means Name.
	Module string `json:"module,omitempty"`
}

// Plan is a project in memory, ready to be written.
type Plan struct {
	Parameters Parameters
	// Files are sorted by path.
	Files []File
}

// File is one file of a plan.
type File struct {
	// Path is relative to the project folder, with slashes.
	Path    string
	Mode    fs.FileMode
	Content []byte
}

// Render checks the parameters and renders the template to a plan.
func Render(p Parameters) (*Plan, error) { panic("todo") }

// WriteOptions change how a plan is written.
type WriteOptions struct {
	// Force allows a target folder that is not empty. No file is overwritten even so.
	Force bool
}

// Write writes the plan into the folder dir, which it makes with its parents
// when it does not exist. The errors are *NotEmptyError, *ConflictError and
// those of the file system; after any of them the folder is as it was before.
func (p *Plan) Write(ctx context.Context, dir string, o WriteOptions) error { panic("todo") }

// NotEmptyError says that the target folder holds something already.
type NotEmptyError struct{ Dir string }

func (e *NotEmptyError) Error() string { panic("todo") }

// ConflictError says which files would have been overwritten.
type ConflictError struct {
	Dir   string
	Files []string
}

func (e *ConflictError) Error() string { panic("todo") }
