package proxywasm

// StreamHost is what the data plane offers to one stream of a filter. Its
// methods are called only while a callback of that stream (or, through
// set_effective_context, of another context of the same VM) runs, on the same
// goroutine. They must not call back into the Stream.
//
// Slices handed to a method are views of the filter's memory: they are valid
// until the method returns and must be copied to be kept.
type StreamHost interface {
	// HeaderMap returns a map that the filter can reach now, or nil when it
	// cannot. As in Envoy a headers or trailers map is there from its callback
	// on while that callback runs or its result holds the headers, and gone
	// once they were passed on (HeadersContinue, ContinueStream, a later body
	// callback). During OnLog the maps of the finished exchange are there again
	// (request, response headers and response trailers as far as they existed);
	// the Stream itself keeps the filter from writing to them. During
	// NewStream, OnDone and OnDelete there is none.
	HeaderMap(t MapType) *HeaderMap
	// Body returns the body bytes that the running callback is about, or nil
	// outside a body callback of that direction.
	Body(t BufferType) *Buffer
	// SendLocalResponse asks to answer the client in place of the upstream. It
	// is acted on after the running callback has returned; the first one wins.
	// The statuses that the callback returns already say "stop".
	SendLocalResponse(r LocalResponse)
	// ContinueStream asks to resume a held direction after the running callback
	// has returned; it wins over the status that the callback returns. Request
	// maps and body are gone for the filter from the call on.
	ContinueStream(t StreamType)
	// CloseStream asks to close the client's connection without a response
	// after the running callback has returned.
	CloseStream(t StreamType)
	// Property appends the value of a property to dst, in the binary form of
	// the ABI (integers 8 bytes little endian, lists and maps as pair lists),
	// and returns the extended slice. The path's segments are separated by NUL
	// bytes: "request\x00path". plugin_name, plugin_root_id and plugin_vm_id
	// never arrive here.
	Property(dst, path []byte) ([]byte, Status)
	// SetProperty stores a value under the whole path (Envoy's filter state key
	// "wasm.PATH"), to be read back by Property.
	SetProperty(path, value []byte) Status
}

// LocalResponse is an answer that a filter makes itself. Its fields are views
// that are valid until StreamHost.SendLocalResponse returns.
type LocalResponse struct {
	// Code is the HTTP status, as given by the filter.
	Code uint32
	// Details are the response code details, as given by the filter: in Envoy
	// blanks in them become "_".
	Details []byte
	Body    []byte
	// Headers are the additional headers in their order; never nil.
	Headers *HeaderMap
	// GRPCStatus is 0 to 16, or -1 when the filter gave none.
	GRPCStatus int32
}

// PropertySource answers get_property for what does not belong to a stream
// (xds.node, xds.listener_direction), in the manner of StreamHost.Property.
type PropertySource func(dst, path []byte) ([]byte, Status)
