package proxywasm

// wasiStubs are the functions of WASI that have nothing to work on in a filter:
// files, directories and sockets. They return the error number that Envoy
// returns. path_link and path_symlink have a parameter less than in WASI, since
// that is how Envoy declares them: a module that imports them loads in neither.
func wasiStubs() []hostFunction {
	return []hostFunction{
		stub("fd_advise", "illi", errnoNosys),
		stub("fd_allocate", "ill", errnoNosys),
		stub("fd_close", "i", errnoSuccess),
		stub("fd_datasync", "i", errnoNosys),
		stub("fd_fdstat_set_flags", "ii", errnoNosys),
		stub("fd_fdstat_set_rights", "ill", errnoNosys),
		stub("fd_filestat_get", "ii", errnoBadf),
		stub("fd_filestat_set_size", "il", errnoNosys),
		stub("fd_filestat_set_times", "illi", errnoNosys),
		stub("fd_pread", "iiili", errnoNosys),
		stub("fd_prestat_dir_name", "iii", errnoNosys),
		stub("fd_prestat_get", "ii", errnoBadf), // ends the search for open directories
		stub("fd_pwrite", "iiili", errnoNosys),
		stub("fd_read", "iiii", errnoNosys),
		stub("fd_readdir", "iiili", errnoNosys),
		stub("fd_renumber", "ii", errnoNosys),
		stub("fd_seek", "ilii", errnoSuccess),
		stub("fd_sync", "i", errnoNosys),
		stub("fd_tell", "ii", errnoNosys),
		stub("path_create_directory", "iii", errnoNosys),
		stub("path_filestat_get", "iiiii", errnoNotsup),
		stub("path_filestat_set_times", "iiiilli", errnoNosys),
		stub("path_link", "iiiiii", errnoNosys),
		stub("path_open", "iiiiillii", errnoNoent),
		stub("path_readlink", "iiiiii", errnoNosys),
		stub("path_remove_directory", "iii", errnoNosys),
		stub("path_rename", "iiiiii", errnoNosys),
		stub("path_symlink", "iiii", errnoNosys),
		stub("path_unlink_file", "iii", errnoNosys),
		stub("sched_yield", "", errnoSuccess),
		stub("sock_accept", "iii", errnoNosys),
		stub("sock_recv", "iiiiii", errnoNosys),
		stub("sock_send", "iiiii", errnoNosys),
		stub("sock_shutdown", "ii", errnoNosys),
	}
}

// stub is a function that only returns an error number.
func stub(name, params string, errno uint32) hostFunction {
	return hostFunction{
		name: name, params: params, always: true,
		call: func(*Plugin, []uint64) uint32 { return errno },
	}
}
