package proxywasm

// Stream is the filter's context of one HTTP exchange. Its callbacks return
// *TrapError when the filter traps, and ErrFailed when the VM had failed
// before. A callback that the filter does not export costs nothing and
// continues. A Stream must not be used after OnDelete.
type Stream struct {
	plugin *Plugin
	host   StreamHost
	id     uint32
	phase  streamPhase
}

// streamPhase is how far an exchange is; it decides what the filter can reach.
type streamPhase uint8

const (
	phaseCreate streamPhase = iota // on_context_create: no maps yet
	phaseOpen                      // between it and the end
	phaseLog                       // on_log: maps can be read, not changed
	phaseClosed                    // on_done, on_delete: no maps any more
	phaseEnded                     // after on_delete
)

// ID returns the id of the context: 2 and above.
func (s *Stream) ID() uint32 { return s.id }

// OnRequestHeaders runs proxy_on_request_headers; end says that nothing follows.
func (s *Stream) OnRequestHeaders(end bool) (HeadersStatus, error) {
	return s.headers(onRequestHeaders, RequestHeaders, end)
}

// OnRequestBody runs proxy_on_request_body. size is the length of what
// StreamHost.Body returns: the chunk, or all that is buffered.
func (s *Stream) OnRequestBody(size int, end bool) (DataStatus, error) {
	return s.data(onRequestBody, size, end)
}

// OnRequestTrailers runs proxy_on_request_trailers.
func (s *Stream) OnRequestTrailers() (TrailersStatus, error) {
	return s.trailers(onRequestTrailers, RequestTrailers)
}

// OnResponseHeaders runs proxy_on_response_headers; end says that nothing follows.
func (s *Stream) OnResponseHeaders(end bool) (HeadersStatus, error) {
	return s.headers(onResponseHeaders, ResponseHeaders, end)
}

// OnResponseBody runs proxy_on_response_body, like OnRequestBody.
func (s *Stream) OnResponseBody(size int, end bool) (DataStatus, error) {
	return s.data(onResponseBody, size, end)
}

// OnResponseTrailers runs proxy_on_response_trailers.
func (s *Stream) OnResponseTrailers() (TrailersStatus, error) {
	return s.trailers(onResponseTrailers, ResponseTrailers)
}

// Handles tells which callbacks the filter exports, so that the data plane can
// leave out work that nothing would see.
func (s *Stream) Handles() Callbacks { return s.plugin.Handles() }

// OnLog runs proxy_on_log: the exchange is over, its maps can be read once more.
func (s *Stream) OnLog() error {
	s.phase = phaseLog
	_, err := s.plugin.run(s, onLog, s.id, 0, 0)
	s.phase = phaseClosed
	return err
}

// OnDone runs proxy_on_done. Envoy ignores its result for streams.
func (s *Stream) OnDone() error {
	s.phase = phaseClosed
	_, err := s.plugin.run(s, onDone, s.id, 0, 0)
	return err
}

// OnDelete runs proxy_on_delete and ends the stream. The Stream goes back to the
// plugin even when the VM has failed.
func (s *Stream) OnDelete() error {
	if s.phase == phaseEnded {
		return nil
	}
	s.phase = phaseClosed
	_, err := s.plugin.run(s, onDelete, s.id, 0, 0)
	s.plugin.forget(s)
	return err
}

// What a headers callback can return: proxy_action_t as Envoy widens it.
const (
	headersContinueAndEndStream = 2
	maxHeadersStatus            = uint32(HeadersStopAllIterationAndWatermark)
)

// headers runs a headers callback and converts its result as Envoy does.
func (s *Stream) headers(cb callback, t MapType, end bool) (HeadersStatus, error) {
	s.phase = phaseOpen
	if !s.plugin.has(cb) {
		return HeadersContinue, s.plugin.alive()
	}
	result, err := s.plugin.run(s, cb, s.id, s.count(t), flag(end))
	switch {
	case err != nil:
		return HeadersStopAllIterationAndWatermark, err
	case s.plugin.replied || result > maxHeadersStatus:
		return HeadersStopAllIterationAndWatermark, nil
	case result == headersContinueAndEndStream:
		return HeadersContinue, nil
	case result == uint32(HeadersStopIteration) && !s.plugin.config.AllowOnHeadersStopIteration:
		return HeadersStopAllIterationAndWatermark, nil
	}
	return HeadersStatus(result), nil
}

// data runs a body callback.
func (s *Stream) data(cb callback, size int, end bool) (DataStatus, error) {
	s.phase = phaseOpen
	if !s.plugin.has(cb) {
		return DataContinue, s.plugin.alive()
	}
	result, err := s.plugin.run(s, cb, s.id, uint32(size), flag(end))
	if err != nil || s.plugin.replied || result > uint32(DataStopIterationNoBuffer) {
		return DataStopIterationNoBuffer, err
	}
	return DataStatus(result), nil
}

// trailers runs a trailers callback.
func (s *Stream) trailers(cb callback, t MapType) (TrailersStatus, error) {
	s.phase = phaseOpen
	if !s.plugin.has(cb) {
		return TrailersContinue, s.plugin.alive()
	}
	result, err := s.plugin.run(s, cb, s.id, s.count(t), 0)
	if err != nil || s.plugin.replied || result != uint32(TrailersContinue) {
		return TrailersStopIteration, err
	}
	return TrailersContinue, nil
}

// count returns the number of headers in a map.
func (s *Stream) count(t MapType) uint32 {
	if m := s.host.HeaderMap(t); m != nil {
		return uint32(m.Len())
	}
	return 0
}

func flag(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
