package build

// newAssemblyScript returns the toolchain of this machine.
func newAssemblyScript(j *job) (toolchain, error) { return nil, unknownLanguage(j) }
