package wasm

import "slices"

// HostFunction is a function that a proxy-wasm host offers to modules.
type HostFunction struct {
	Module, Name string
	Type         FuncType
	// ABI are the versions in which the function exists; none means all.
	ABI []ABIVersion
	// Since is the first release of Envoy that offers the function; "" when all
	// have it that are still in use.
	Since string
}

// The modules that functions are imported from.
const (
	moduleEnv     = "env"
	moduleWASI    = "wasi_snapshot_preview1"
	moduleWASIOld = "wasi_unstable"
	prefixProxy   = "proxy_"
)

// EnvoyFunctions returns what Envoy offers to a module of ABI version v, sorted
// by no order that matters; "" returns the functions of all versions. The WASI
// functions come under both names that their module had.
func EnvoyFunctions(v ABIVersion) []HostFunction {
	functions := []HostFunction{
		{Module: moduleEnv, Name: "pthread_equal", Type: signature("ii", "i")},
		{Module: moduleEnv, Name: "emscripten_notify_memory_growth", Type: signature("i", "")},
	}
	for _, f := range proxyFunctions() {
		if v == "" || len(f.abi) == 0 || slices.Contains(f.abi, v) {
			functions = append(functions, HostFunction{
				Module: moduleEnv, Name: prefixProxy + f.name, Type: signature(f.params, "i"), ABI: f.abi,
			})
		}
	}
	for _, f := range wasiFunctions() {
		t := signature(f.params, f.results)
		since := ""
		if slices.Contains(laterWASI(), f.name) {
			since = "1.39"
		}
		functions = append(functions,
			HostFunction{Module: moduleWASI, Name: f.name, Type: t, Since: since},
			HostFunction{Module: moduleWASIOld, Name: f.name, Type: t, Since: since})
	}
	return functions
}

// signature makes a type of one letter a value: i for i32, I for i64.
func signature(params, results string) FuncType {
	return FuncType{Params: letters(params), Results: letters(results)}
}

func letters(s string) []ValueType {
	if s == "" {
		return nil
	}
	types := make([]ValueType, len(s))
	for i, c := range s {
		types[i] = I32
		if c == 'I' {
			types[i] = I64
		}
	}
	return types
}

// proxyFunction is a row of the ABI's table: the name without "proxy_" and one
// letter a parameter. Every function returns a status as i32.
type proxyFunction struct {
	name, params string
	abi          []ABIVersion
}

// proxyFunctions is the table of the functions that a host offers to filters.
// Envoy's host returns a status also where the specification of 0.1.0 says that
// a function has no result, and so the SDKs declare it.
//
// https://github.com/proxy-wasm/spec/tree/main/abi-versions
func proxyFunctions() []proxyFunction {
	first := []ABIVersion{ABI010}
	second := []ABIVersion{ABI020, ABI021}
	return []proxyFunction{
		{"log", "iii", nil},
		{"get_log_level", "i", []ABIVersion{ABI021}},
		{"get_status", "iii", nil},
		{"get_property", "iiii", nil},
		{"set_property", "iiii", nil},
		{"send_local_response", "iiiiiiii", nil},
		{"get_configuration", "ii", first},
		{"continue_request", "", first},
		{"continue_response", "", first},
		{"clear_route_cache", "", first},
		{"continue_stream", "i", second},
		{"close_stream", "i", second},
		{"get_shared_data", "iiiii", nil},
		{"set_shared_data", "iiiii", nil},
		{"register_shared_queue", "iii", nil},
		{"resolve_shared_queue", "iiiii", nil},
		{"enqueue_shared_queue", "iii", nil},
		{"dequeue_shared_queue", "iii", nil},
		{"get_header_map_value", "iiiii", nil},
		{"add_header_map_value", "iiiii", nil},
		{"replace_header_map_value", "iiiii", nil},
		{"remove_header_map_value", "iii", nil},
		{"get_header_map_pairs", "iii", nil},
		{"set_header_map_pairs", "iii", nil},
		{"get_header_map_size", "ii", nil},
		{"get_buffer_status", "iii", nil},
		{"get_buffer_bytes", "iiiii", nil},
		{"set_buffer_bytes", "iiiii", nil},
		{"http_call", "iiiiiiiiii", nil},
		{"grpc_call", "iiiiiiiiiiii", nil},
		{"grpc_stream", "iiiiiiiii", nil},
		{"grpc_send", "iiii", nil},
		{"grpc_cancel", "i", nil},
		{"grpc_close", "i", nil},
		{"set_tick_period_milliseconds", "i", nil},
		{"get_current_time_nanoseconds", "i", nil},
		{"define_metric", "iiii", nil},
		{"increment_metric", "iI", nil},
		{"record_metric", "iI", nil},
		{"get_metric", "ii", nil},
		{"set_effective_context", "i", nil},
		{"done", "", nil},
		{"call_foreign_function", "iiiiii", nil},
	}
}
