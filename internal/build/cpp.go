package build

// newCpp returns the toolchain of this machine.
func newCpp(j *job) (toolchain, error) { return nil, unknownLanguage(j) }
