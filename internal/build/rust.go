package build

// newRust returns the toolchain of this machine.
func newRust(j *job) (toolchain, error) { return nil, unknownLanguage(j) }
