package proxywasm

import "time"

// PluginHost is what the data plane offers to one VM beside its streams: a
// timer, the queue's doorbell, and calls to other services. But for QueueReady
// its methods are called only while the VM runs, on the same goroutine, also
// within Program.NewPlugin. They must not call back into the Plugin; what they
// cause arrives later through Plugin.OnTick and the other methods for events,
// which need the same serialisation as callbacks of streams.
//
// Slices and maps handed to a method are valid until it returns.
type PluginHost interface {
	// SetTickPeriod asks for OnTick after d and from then on every d. Each call
	// starts the time anew; 0 ends it.
	SetTickPeriod(d time.Duration)
	// QueueReady asks for OnQueueReady of that queue. It is called from any
	// goroutine, also while another VM runs.
	QueueReady(queue uint32)
	// HasCluster tells whether calls can go to that name.
	HasCluster(name []byte) bool
	// HTTPCall starts a request, whose response arrives through
	// OnHTTPCallResponse. StatusInternalFailure says that it cannot start now.
	HTTPCall(c HTTPCall) Status
	// GRPCCall starts a call with one message and one answer: OnGRPCMessage when
	// it succeeded, else OnGRPCClose.
	GRPCCall(c GRPCCall) Status
	// GRPCStream starts a stream of messages in both directions.
	GRPCStream(c GRPCCall) Status
	// GRPCSend sends a message on a stream; end says that it is the last one.
	GRPCSend(token uint32, message []byte, end bool)
	// GRPCEnd says that the filter sends no more messages on a stream.
	GRPCEnd(token uint32)
	// GRPCCancel ends a call or stream at once; nothing more arrives.
	GRPCCancel(token uint32)
}

// HTTPCall is a request that a filter sends to a cluster.
type HTTPCall struct {
	// Token is what the response is told apart by.
	Token   uint32
	Cluster []byte
	// Headers have :method, :path and :authority.
	Headers *HeaderMap
	Body    []byte
	// Trailers is nil without any.
	Trailers *HeaderMap
	// Timeout covers the whole exchange; 0 means none.
	Timeout time.Duration
}

// GRPCCall is a gRPC request that a filter sends to a cluster.
type GRPCCall struct {
	Token           uint32
	Cluster         []byte
	Service, Method []byte
	// Metadata are the headers that the filter adds.
	Metadata *HeaderMap
	// Message is the one message of a call; streams have none here.
	Message []byte
	// Timeout covers a whole call, 0 means none. Streams have none.
	Timeout time.Duration
}

// HTTPResponse is the answer to an HTTPCall.
type HTTPResponse struct {
	// Headers is nil when no complete response came: the call has failed.
	Headers *HeaderMap
	Body    []byte
	// Trailers is nil without any.
	Trailers *HeaderMap
}

// noHost is the PluginHost of a VM that has none: no time passes, and there is
// nobody to call.
type noHost struct{}

func (noHost) SetTickPeriod(time.Duration)   {}
func (noHost) QueueReady(uint32)             {}
func (noHost) HasCluster([]byte) bool        { return false }
func (noHost) HTTPCall(HTTPCall) Status      { return StatusInternalFailure }
func (noHost) GRPCCall(GRPCCall) Status      { return StatusInternalFailure }
func (noHost) GRPCStream(GRPCCall) Status    { return StatusInternalFailure }
func (noHost) GRPCSend(uint32, []byte, bool) {}
func (noHost) GRPCEnd(uint32)                {}
func (noHost) GRPCCancel(uint32)             {}
