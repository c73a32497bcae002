package build

import "context"

// chooseToolchain returns the toolchain of the place that the options name.
func chooseToolchain(_ context.Context, j *job) (toolchain, error) { return hostToolchain(j) }
