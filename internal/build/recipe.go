package build

// recipe is how the projects of one language are built in a builder container,
// whatever engine runs it. The languages write recipes; builder.go carries them
// out: mounts, volumes, user, limits, network.
type recipe struct {
	// name is the language, and the name of the embedded Dockerfile:
	// builders/NAME.Dockerfile.
	name string
	// probe prints the version of the toolchain; parseVersion takes it from what
	// was printed and returns it as toolchain.version does.
	probe        []string
	parseVersion func(output string) (string, error)
	// caches are the folders below paths.cache that are kept in named volumes,
	// one a name, shared by all projects of the language.
	caches []string
	// roots are as in toolchain: what is mounted, read-only, and hashed.
	roots []string
	// settings are the flags and choices that decide the result, besides the image.
	settings string
	// locks are the files, relative to the project, that decide which
	// dependencies are fetched. While they do not change, fetch is left out.
	locks []string
	// fetch gets the dependencies into the caches; it has the network. Nil means
	// that the language has none.
	fetch func(paths) step
	// compile writes the module to paths.out. It has no network. When the job
	// asks for it and the image has wasm-opt, it optimises too.
	compile func(paths) step
}

// paths are places inside a builder container. All but project are writable.
type paths struct {
	// project is the project's folder, out the file for the module, temp a
	// folder for intermediate files, cache the folder of the caches.
	project, out, temp, cache string
	// key is different for each project folder and fit for a file name: what is
	// kept in a cache for one project alone goes into a folder of that name.
	key string
}

// step is one program to run in the project's folder.
type step struct {
	args []string // the program first
	env  []string
	// name is what errors call the step where it is a script; "" is the program.
	name string
}

func (s step) title() string {
	if s.name != "" {
		return s.name
	}
	return s.args[0]
}
