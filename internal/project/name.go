package project

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// MaxNameLength is the longest name of a project, in bytes: that of a DNS label
// (RFC 1123 §2.1), so that a name can also name objects in a cluster.
const MaxNameLength = 63

// nameRule says what ValidateName accepts.
const nameRule = "use lower-case letters, digits and single '-', beginning with a letter"

// NameError says why a name cannot be the name of a filter.
type NameError struct {
	Name string
	// Reason goes on from "the name ...": "is empty".
	Reason string
}

func (e *NameError) Error() string {
	return fmt.Sprintf("the name %q %s", e.Name, e.Reason)
}

// ValidateName tells whether name may be the name of a filter. A name begins
// with a lower-case letter and goes on with lower-case letters, digits and
// single '-', with no '-' at the end: it is part of file names, registry
// references, headers and identifiers, and this is what they all allow. Device
// names of Windows, such as "con", are no file names there and so no names here.
// The error is *NameError.
func ValidateName(name string) error {
	reason := nameFault(name)
	if reason == "" {
		return nil
	}
	next := nameRule
	if near := NameFrom(name); near != "" {
		next += fmt.Sprintf("; for example %q", near)
	}
	return hint.Wrap(&NameError{Name: name, Reason: reason}, next)
}

// NameFrom makes a valid name out of any text, such as the name of a folder:
// "My Filter" becomes "my-filter". It returns "" when nothing of the text is fit
// for a name.
func NameFrom(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case 'A' <= r && r <= 'Z':
			r += 'a' - 'A'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		default:
			r = '-'
		}
		if b.Len() == 0 && (r < 'a' || r > 'z') {
			continue
		}
		if r == '-' && strings.HasSuffix(b.String(), "-") {
			continue
		}
		if b.Len() == MaxNameLength {
			break
		}
		b.WriteRune(r)
	}
	name := strings.TrimRight(b.String(), "-")
	if nameFault(name) != "" {
		return ""
	}
	return name
}

// nameFault returns what is wrong with a name, "" when it is valid.
func nameFault(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > MaxNameLength:
		return fmt.Sprintf("has %d characters, more than %d", len(name), MaxNameLength)
	case name[0] < 'a' || name[0] > 'z':
		return "does not begin with a lower-case letter"
	case strings.HasSuffix(name, "-"):
		return "ends with '-'"
	case strings.Contains(name, "--"):
		return "has two '-' in a row"
	case IsDevice(name):
		return "is the name of a device on Windows"
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return fmt.Sprintf("contains %q", r)
		}
	}
	return ""
}

// IsDevice reports whether Windows keeps a file name for a device. The name is in
// lower case and has no extension: one makes no difference there.
func IsDevice(name string) bool {
	switch name {
	case "con", "prn", "aux", "nul", "conin$", "conout$":
		return true
	}
	port, ok := strings.CutPrefix(name, "com")
	if !ok {
		port, ok = strings.CutPrefix(name, "lpt")
	}
	const digits = "0123456789¹²³"
	return ok && utf8.RuneCountInString(port) == 1 && strings.Contains(digits, port)
}
