package proxywasm

// Stream is the filter's context of one HTTP exchange. Its callbacks return
// *TrapError when the filter traps, and ErrFailed when the VM had failed
// before. A callback that the filter does not export costs nothing and
// continues. A Stream must not be used after OnDelete.
type Stream struct{}

// OnRequestHeaders runs proxy_on_request_headers; end says that nothing follows.
func (s *Stream) OnRequestHeaders(end bool) (HeadersStatus, error) { panic("todo") }

// OnRequestBody runs proxy_on_request_body. size is the length of what
// StreamHost.Body returns: the chunk, or all that is buffered.
func (s *Stream) OnRequestBody(size int, end bool) (DataStatus, error) { panic("todo") }

// OnRequestTrailers runs proxy_on_request_trailers.
func (s *Stream) OnRequestTrailers() (TrailersStatus, error) { panic("todo") }

// OnResponseHeaders runs proxy_on_response_headers; end says that nothing follows.
func (s *Stream) OnResponseHeaders(end bool) (HeadersStatus, error) { panic("todo") }

// OnResponseBody runs proxy_on_response_body, like OnRequestBody.
func (s *Stream) OnResponseBody(size int, end bool) (DataStatus, error) { panic("todo") }

// OnResponseTrailers runs proxy_on_response_trailers.
func (s *Stream) OnResponseTrailers() (TrailersStatus, error) { panic("todo") }

// Handles tells which callbacks the filter exports, so that the data plane can
// leave out work that nothing would see.
func (s *Stream) Handles() Callbacks { panic("todo") }

// OnLog runs proxy_on_log: the exchange is over, its maps can be read once more.
func (s *Stream) OnLog() error { panic("todo") }

// OnDone runs proxy_on_done. Envoy ignores its result for streams.
func (s *Stream) OnDone() error { panic("todo") }

// OnDelete runs proxy_on_delete and ends the stream. The Stream goes back to the
// plugin even when the VM has failed.
func (s *Stream) OnDelete() error { panic("todo") }

// Callbacks says which stream callbacks a filter exports.
type Callbacks struct {
	RequestHeaders, RequestBody, RequestTrailers    bool
	ResponseHeaders, ResponseBody, ResponseTrailers bool
	Log                                             bool
}
