package wasm

// wasiFunction is a row of the table of WASI functions: one letter a parameter.
type wasiFunction struct{ name, params, results string }

// laterWASI are the functions that Envoy 1.37 does not offer and 1.39 does.
func laterWASI() []string {
	return []string{
		"clock_res_get", "fd_advise", "fd_allocate", "fd_datasync", "fd_fdstat_set_rights", "fd_filestat_get",
		"fd_filestat_set_size", "fd_filestat_set_times", "fd_pread", "fd_pwrite", "fd_readdir", "fd_renumber", "fd_sync",
		"fd_tell", "path_create_directory", "path_filestat_get", "path_filestat_set_times", "path_link", "path_readlink",
		"path_remove_directory", "path_rename", "path_symlink", "path_unlink_file", "sock_accept", "sock_recv", "sock_send",
		"sock_shutdown",
	}
}

// wasiFunctions is the table of the WASI functions that Envoy offers. Many of
// them do nothing but fail, yet all of them link. Envoy declares path_link and
// path_symlink with one parameter less than WASI does: a module that really
// imports one of them does not load.
//
// https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md
func wasiFunctions() []wasiFunction {
	return []wasiFunction{
		{"args_get", "ii", "i"},
		{"args_sizes_get", "ii", "i"},
		{"environ_get", "ii", "i"},
		{"environ_sizes_get", "ii", "i"},
		{"clock_res_get", "ii", "i"},
		{"clock_time_get", "iIi", "i"},
		{"fd_advise", "iIIi", "i"},
		{"fd_allocate", "iII", "i"},
		{"fd_close", "i", "i"},
		{"fd_datasync", "i", "i"},
		{"fd_fdstat_get", "ii", "i"},
		{"fd_fdstat_set_flags", "ii", "i"},
		{"fd_fdstat_set_rights", "iII", "i"},
		{"fd_filestat_get", "ii", "i"},
		{"fd_filestat_set_size", "iI", "i"},
		{"fd_filestat_set_times", "iIIi", "i"},
		{"fd_pread", "iiiIi", "i"},
		{"fd_prestat_get", "ii", "i"},
		{"fd_prestat_dir_name", "iii", "i"},
		{"fd_pwrite", "iiiIi", "i"},
		{"fd_read", "iiii", "i"},
		{"fd_readdir", "iiiIi", "i"},
		{"fd_renumber", "ii", "i"},
		{"fd_seek", "iIii", "i"},
		{"fd_sync", "i", "i"},
		{"fd_tell", "ii", "i"},
		{"fd_write", "iiii", "i"},
		{"path_create_directory", "iii", "i"},
		{"path_filestat_get", "iiiii", "i"},
		{"path_filestat_set_times", "iiiiIIi", "i"},
		{"path_link", "iiiiii", "i"},
		{"path_open", "iiiiiIIii", "i"},
		{"path_readlink", "iiiiii", "i"},
		{"path_remove_directory", "iii", "i"},
		{"path_rename", "iiiiii", "i"},
		{"path_symlink", "iiii", "i"},
		{"path_unlink_file", "iii", "i"},
		{"poll_oneoff", "iiii", "i"},
		{"proc_exit", "i", ""},
		{"random_get", "ii", "i"},
		{"sched_yield", "", "i"},
		{"sock_accept", "iii", "i"},
		{"sock_recv", "iiiiii", "i"},
		{"sock_send", "iiiii", "i"},
		{"sock_shutdown", "ii", "i"},
	}
}
