package wasm

// callback is a function that the host calls if the module exports it: its name
// and type, one letter a value, and the versions it belongs to; none means all.
type callback struct {
	name, params, results string
	abi                   []ABIVersion
}

// callbacks is the table of the exports that Envoy looks up. One of these names
// with another type keeps the module from loading; all of them are optional.
//
// https://github.com/proxy-wasm/spec/tree/main/abi-versions
func callbacks() []callback {
	first := []ABIVersion{ABI010}
	second := []ABIVersion{ABI020, ABI021, ABI02100}
	return []callback{
		{"proxy_validate_configuration", "ii", "i", nil},
		{"proxy_on_context_create", "ii", "", nil},
		{"proxy_on_vm_start", "ii", "i", nil},
		{"proxy_on_configure", "ii", "i", nil},
		{"proxy_on_tick", "i", "", nil},
		{"proxy_on_new_connection", "i", "i", nil},
		{"proxy_on_downstream_data", "iii", "i", nil},
		{"proxy_on_upstream_data", "iii", "i", nil},
		{"proxy_on_downstream_connection_close", "ii", "", nil},
		{"proxy_on_upstream_connection_close", "ii", "", nil},
		{"proxy_on_request_headers", "ii", "i", first},
		{"proxy_on_request_headers", "iii", "i", second},
		{"proxy_on_request_body", "iii", "i", nil},
		{"proxy_on_request_trailers", "ii", "i", nil},
		{"proxy_on_request_metadata", "ii", "i", nil},
		{"proxy_on_response_headers", "ii", "i", first},
		{"proxy_on_response_headers", "iii", "i", second},
		{"proxy_on_response_body", "iii", "i", nil},
		{"proxy_on_response_trailers", "ii", "i", nil},
		{"proxy_on_response_metadata", "ii", "i", nil},
		{"proxy_on_http_call_response", "iiiii", "", nil},
		{"proxy_on_grpc_receive_initial_metadata", "iii", "", nil},
		{"proxy_on_grpc_receive_trailing_metadata", "iii", "", nil},
		{"proxy_on_grpc_receive", "iii", "", nil},
		{"proxy_on_grpc_close", "iii", "", nil},
		{"proxy_on_queue_ready", "ii", "", nil},
		{"proxy_on_foreign_function", "iii", "", second},
		{"proxy_on_done", "i", "i", nil},
		{"proxy_on_log", "i", "", nil},
		{"proxy_on_delete", "i", "", nil},
	}
}
