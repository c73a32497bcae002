package build

// ContainerOptions are the settings of builds in builder containers.
type ContainerOptions struct {
	// Image is used instead of the built-in builder image; Base replaces
	// debian:trixie-slim under the built-in one.
	Image, Base string
	// NoCache builds the builder image anew, without layers of earlier builds;
	// Pull gets a newer base image first.
	NoCache, Pull bool
	// Copy copies the sources into the container and the module out of it, where
	// folders cannot be mounted. It is chosen by itself for a remote daemon.
	Copy bool
	// CAFile is a PEM bundle that programs in the container trust.
	CAFile string
	// Memory is in bytes, CPUs in cores, PIDs a number of processes; 0 means the
	// default of each.
	Memory int64
	CPUs   float64
	PIDs   int64
}
