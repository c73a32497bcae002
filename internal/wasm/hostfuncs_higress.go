package wasm

import "slices"

// higressFunctions returns what Higress offers: what Envoy had when Higress took
// it over, some of WASI that was added for Go, and calls of its own. Its own ABI
// version has what 0.2.1 has.
//
// https://github.com/higress-group/proxy-wasm-cpp-host/blob/main/include/proxy-wasm/exports.h
func higressFunctions() []HostFunction {
	wasi := []string{
		"fd_write", "fd_read", "fd_seek", "fd_close", "fd_fdstat_get", "fd_fdstat_set_flags", "environ_get",
		"environ_sizes_get", "args_get", "args_sizes_get", "clock_time_get", "random_get", "sched_yield", "poll_oneoff",
		"proc_exit", "path_open", "fd_prestat_get", "fd_prestat_dir_name", "path_filestat_get", "fd_filestat_get",
	}
	var functions []HostFunction
	for _, f := range EnvoyFunctions("") {
		if f.Module != moduleEnv && !slices.Contains(wasi, f.Name) {
			continue
		}
		if slices.Contains(f.ABI, ABI021) {
			f.ABI = append(slices.Clone(f.ABI), ABI02100)
		}
		f.Since = ""
		functions = append(functions, f)
	}
	return append(functions, onlyInHigress()...)
}

// onlyInHigress are the functions that Higress alone offers.
func onlyInHigress() []HostFunction {
	recent := []ABIVersion{ABI021, ABI02100}
	return []HostFunction{
		{Module: moduleEnv, Name: "proxy_redis_init", Type: signature("iiiiiii", "i")},
		{Module: moduleEnv, Name: "proxy_redis_call", Type: signature("iiiii", "i")},
		{Module: moduleEnv, Name: "proxy_inject_encoded_data_to_filter_chain", Type: signature("iii", "i")},
		{Module: moduleEnv, Name: "proxy_get_upstream_hosts", Type: signature("ii", "i"), ABI: recent},
		{Module: moduleEnv, Name: "proxy_set_upstream_override_host", Type: signature("ii", "i"), ABI: recent},
	}
}

func higressCallbacks() []HostFunction {
	return []HostFunction{{
		Name: "proxy_on_redis_call_response", Type: signature("iiii", ""), ABI: []ABIVersion{ABI020, ABI021, ABI02100},
	}}
}
