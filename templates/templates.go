// Package templates holds the project templates as embedded files; package
// scaffold renders them.
//
// The folders are LANGUAGE/TEMPLATE, where "any" stands for every language or
// every template. A project is made from four layers, in this order, and a file
// of a later layer takes the place of one with the same path:
//
//	any/any            any/TEMPLATE
//	LANGUAGE/any       LANGUAGE/TEMPLATE
//
// With --ide two more come before them: any/ide and LANGUAGE/ide.
//
// In a layer:
//
//   - template.yaml becomes no file. It says what the language or the template
//     is called and does, and which parameters it has. docs/templates.md has the
//     reference; here it also has "title" and "aliases", of a language.
//   - FILE.tmpl is a template for text/template with the delimiters <% and %>,
//     which no language here uses; it becomes FILE. The suffix also keeps the
//     go.mod and the sources of a template from being taken for ours.
//     One that renders to white space alone becomes no file: so a layer leaves
//     out what an earlier one has.
//   - FILE without the suffix is copied as it is.
//   - FILE.part.tmpl becomes no file. It defines pieces of text that differ from
//     layer to layer and that a file of another layer takes in:
//     <% template "NAME" . %>. A later layer's piece takes the place of an earlier
//     one of the same name.
//   - dot_NAME, of a file or a folder, becomes .NAME.
//
// What a template may use is the type data in package scaffold.
package templates

import "embed"

// FS holds the folders described above.
//
//go:embed any go rust cpp assemblyscript
var FS embed.FS

// Names lists the templates that every language has, in the order to show them in.
func Names() []string { return []string{"http-headers", "path-rewrite", "empty"} }
