package scaffold

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/wasmctl/wasmctl/internal/project"
)

// NameError says that a template has a file whose name cannot be in a project.
type NameError struct {
	// Path is the file in the project, with slashes.
	Path string
	// Reason goes on from the path: "leads out of the project".
	Reason string
}

func (e *NameError) Error() string {
	return fmt.Sprintf("the template has a file %q, which %s", shorten(e.Path), e.Reason)
}

const (
	// maxNameLength is the longest name of a file or folder in most file
	// systems, maxPathLength leaves room below the 260 characters of Windows;
	// both in bytes.
	maxNameLength, maxPathLength = 255, 200
)

// checkPath refuses the path of a file in a project when it leads out of it,
// when some system could not store it or would take it for another, or when a
// program there would run what it holds. The error is *NameError.
func checkPath(name string) error {
	reason := ""
	switch {
	case name == "" || name == ".":
		reason = "has no name"
	case strings.HasPrefix(name, "/"):
		reason = "is not below the project"
	case len(name) > maxPathLength:
		reason = fmt.Sprintf("has a path of more than %d bytes", maxPathLength)
	case !utf8.ValidString(name):
		reason = "has a name that is not UTF-8"
	}
	for element := range strings.SplitSeq(name, "/") {
		if reason == "" {
			reason = elementFault(element)
		}
	}
	if reason != "" {
		return &NameError{Path: name, Reason: reason}
	}
	return nil
}

// forbidden are characters that a file name on Windows cannot have, and the
// separators of either kind.
const forbidden = `\/:*?"<>|`

// elementFault is what is wrong with the name of a file or a folder, "" for a
// good one.
func elementFault(name string) string {
	switch {
	case name == "" || name == ".":
		return "has an empty name in its path"
	case name == "..":
		return "leads out of the project"
	case len(name) > maxNameLength:
		return fmt.Sprintf("has a name of more than %d bytes", maxNameLength)
	case strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "):
		return "has a name that ends with '.' or a blank, which Windows drops"
	case isGit(name):
		return "is git's own: it could make git run programs"
	case isDevice(name):
		return "is the name of a device on Windows"
	}
	for _, r := range name {
		switch {
		case strings.ContainsRune(forbidden, r):
			return fmt.Sprintf("has %q in its name", r)
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == utf8.RuneError:
			return fmt.Sprintf("has the invisible character %U in its name", r)
		}
	}
	return ""
}

// isGit reports whether a file system could take the name for that of git's own
// folder: without regard to case, and by the short name that Windows gives it.
func isGit(name string) bool {
	name = strings.ToLower(name)
	return name == ".git" || strings.HasPrefix(name, "git~")
}

// isDevice reports whether Windows keeps a file name, with any extension, for a device.
func isDevice(name string) bool {
	name, _, _ = strings.Cut(strings.ToLower(name), ".")
	return project.IsDevice(strings.TrimRight(name, " "))
}

// fold is what two paths have in common that a file system could take for one.
func fold(name string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFD.String(name)))
}

// claims are the paths of a project, to find two that are one on some system.
type claims map[string]string

// add claims a path that checkPath takes for a file, and the folders above it for
// folders. The error is *NameError.
func (c claims) add(name string) error {
	key := fold(name)
	if other, taken := c[key]; taken {
		return collision(name, strings.TrimSuffix(other, "/"))
	}
	c[key] = name
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		key := fold(dir)
		other, taken := c[key]
		if taken && other != dir+"/" {
			return collision(name, strings.TrimSuffix(other, "/"))
		}
		c[key] = dir + "/"
	}
	return nil
}

func collision(name, other string) error {
	if name == other {
		return &NameError{Path: name, Reason: "it has twice"}
	}
	return &NameError{Path: name, Reason: fmt.Sprintf("some systems cannot tell from %q", shorten(other))}
}
