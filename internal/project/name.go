package project

// MaxNameLength is the longest name of a project, in bytes: that of a DNS label,
// so that a name can also name objects in a cluster.
const MaxNameLength = 63

// ValidateName tells whether name may be the name of a filter. A name begins
// with a lower-case letter and goes on with lower-case letters, digits and
// single '-', with no '-' at the end: it is part of file names, registry
// references, headers and identifiers, and this is what they all allow.
func ValidateName(name string) error { panic("todo") }
