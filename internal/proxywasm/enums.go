package proxywasm

import "fmt"

// Status is what a host function returns to the filter: proxy_status_t.
type Status uint32

// The statuses of the ABI.
const (
	StatusOK                   Status = 0
	StatusNotFound             Status = 1
	StatusBadArgument          Status = 2
	StatusSerializationFailure Status = 3
	StatusParseFailure         Status = 4
	StatusInvalidMemoryAccess  Status = 6
	StatusEmpty                Status = 7
	StatusCasMismatch          Status = 8
	StatusInternalFailure      Status = 10
	StatusUnimplemented        Status = 12
)

// LogLevel is the severity of a filter's log line: proxy_log_level_t.
type LogLevel uint32

// The log levels, the most talkative first.
const (
	LogTrace LogLevel = iota
	LogDebug
	LogInfo
	LogWarn
	LogError
	LogCritical
)

var logLevelNames = [...]string{"trace", "debug", "info", "warn", "error", "critical"}

// String returns the level as Envoy writes it: "info", "critical".
func (l LogLevel) String() string {
	if int(l) < len(logLevelNames) {
		return logLevelNames[l]
	}
	return fmt.Sprintf("level(%d)", uint32(l))
}

// MarshalText makes the name of the level its JSON form.
func (l LogLevel) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// ParseLogLevel reads the name of a level; "warning" is warn, as in Envoy.
func ParseLogLevel(s string) (LogLevel, bool) {
	if s == "warning" {
		return LogWarn, true
	}
	for i, name := range logLevelNames {
		if name == s {
			return LogLevel(i), true
		}
	}
	return LogInfo, false
}

// MapType names a header map: proxy_header_map_type_t.
type MapType uint32

// The header maps of an HTTP stream. The ABI also knows 4 to 7, which belong to
// callouts.
const (
	RequestHeaders   MapType = 0
	RequestTrailers  MapType = 1
	ResponseHeaders  MapType = 2
	ResponseTrailers MapType = 3

	mapGRPCInitial  MapType = 4
	mapGRPCTrailing MapType = 5
	mapCallHeaders  MapType = 6
	mapCallTrailers MapType = 7
	maxMapType              = mapCallTrailers
)

// BufferType names a byte buffer: proxy_buffer_type_t.
type BufferType uint32

// The buffers of an HTTP stream. The ABI also knows the buffers of TCP
// connections, of callouts and of the configuration, which StreamHost is not
// asked for.
const (
	RequestBody  BufferType = 0
	ResponseBody BufferType = 1

	bufferCallResponse BufferType = 4
	bufferGRPCMessage  BufferType = 5
	bufferVMConfig     BufferType = 6
	bufferPluginConfig BufferType = 7
	maxBufferType      BufferType = 8
)

// StreamType names one direction of a stream: proxy_stream_type_t.
type StreamType uint32

// The directions of an HTTP stream.
const (
	RequestStream  StreamType = 0
	ResponseStream StreamType = 1

	upstreamStream StreamType = 3
)

// HeadersStatus is what becomes of an exchange after a headers callback, with
// Envoy's conversions done: StopIteration appears only under
// PluginConfig.AllowOnHeadersStopIteration, ContinueAndEndStream never.
type HeadersStatus int

// The outcomes of a headers callback.
const (
	// HeadersContinue passes the headers on. The map is then gone for the filter.
	HeadersContinue HeadersStatus = 0
	// HeadersStopIteration holds the headers; body callbacks still run.
	HeadersStopIteration HeadersStatus = 1
	// HeadersStopAllIterationAndBuffer holds everything and buffers the body up to the buffer limit.
	HeadersStopAllIterationAndBuffer HeadersStatus = 3
	// HeadersStopAllIterationAndWatermark holds everything and stops reading at the buffer limit.
	HeadersStopAllIterationAndWatermark HeadersStatus = 4
)

// DataStatus is what becomes of a body chunk after a body callback.
type DataStatus int

// The outcomes of a body callback.
const (
	DataContinue DataStatus = 0
	// DataStopIterationAndBuffer keeps the chunk; over the buffer limit the exchange fails with 413.
	DataStopIterationAndBuffer DataStatus = 1
	// DataStopIterationAndWatermark keeps the chunk; at the buffer limit reading stops.
	DataStopIterationAndWatermark DataStatus = 2
	// DataStopIterationNoBuffer drops the chunk.
	DataStopIterationNoBuffer DataStatus = 3
)

// TrailersStatus is what becomes of an exchange after a trailers callback.
type TrailersStatus int

// The outcomes of a trailers callback.
const (
	TrailersContinue      TrailersStatus = 0
	TrailersStopIteration TrailersStatus = 1
)
