package proxy

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// The status codes of gRPC that the host gives itself.
//
// https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
const (
	grpcOK       = 0
	grpcUnknown  = 2
	grpcInternal = 13
)

// Limits of gRPC calls.
const (
	// maxGRPCMessage bounds one message, in either direction.
	maxGRPCMessage = 32 << 20
	// maxGRPCQueue bounds the bytes that a filter has sent and the cluster has not
	// taken yet.
	maxGRPCQueue = 64 << 20
	// grpcFrameHead is the flag for compression and the length in front of a message.
	grpcFrameHead = 5
)

// grpcCall is a gRPC call or stream of a filter on its way: Envoy's gRPC client.
// One goroutine reads, and for a stream another one writes.
type grpcCall struct {
	vm      *vm
	cluster *cluster
	token   uint32
	stream  bool
	timeout time.Duration
	stop    context.CancelCauseFunc

	request proxywasm.HeaderMap
	began   time.Time
	out     grpcQueue

	// What a call has answered, until it is known whether it succeeded.
	answer   []byte
	answered bool
	// begun says that response headers came.
	begun bool
	// details are Envoy's response code details, which it adds to the message.
	details string
}

// GRPCCall implements proxywasm.PluginHost.
func (v *vm) GRPCCall(c proxywasm.GRPCCall) proxywasm.Status {
	call := v.newGRPCCall(c)
	call.timeout = c.Timeout
	addGRPCHeaders(&call.request, c, grpcTimeout(c.Timeout))
	call.out.push(c.Message, true)
	return v.startGRPC(call)
}

// GRPCStream implements proxywasm.PluginHost.
func (v *vm) GRPCStream(c proxywasm.GRPCCall) proxywasm.Status {
	call := v.newGRPCCall(c)
	call.stream = true
	addGRPCHeaders(&call.request, c, "")
	return v.startGRPC(call)
}

func (v *vm) newGRPCCall(c proxywasm.GRPCCall) *grpcCall {
	call := &grpcCall{
		vm: v, cluster: v.slot.srv.clusters[string(c.Cluster)],
		token: c.Token, began: time.Now(), details: "via_upstream",
	}
	call.out.init()
	return call
}

func (v *vm) startGRPC(call *grpcCall) proxywasm.Status {
	if !v.admit(call.cluster, call.token, call) {
		return proxywasm.StatusInternalFailure
	}
	ctx, stop := context.WithCancelCause(v.slot.srv.calls)
	call.stop = stop
	v.slot.srv.inFlight.Go(func() { call.run(ctx) })
	return proxywasm.StatusOK
}

// GRPCSend implements proxywasm.PluginHost.
func (v *vm) GRPCSend(token uint32, message []byte, end bool) {
	if c, ok := v.calls[token].(*grpcCall); ok && !c.out.push(message, end) {
		c.stop(errGRPCQueue)
	}
}

var errGRPCQueue = errors.New("the cluster does not take what the filter sends")

// GRPCEnd implements proxywasm.PluginHost.
func (v *vm) GRPCEnd(token uint32) {
	if c, ok := v.calls[token].(*grpcCall); ok {
		c.out.close()
	}
}

// GRPCCancel implements proxywasm.PluginHost.
func (v *vm) GRPCCancel(token uint32) {
	if c, ok := v.calls[token]; ok {
		delete(v.calls, token)
		c.cancel()
	}
}

// addGRPCHeaders makes the headers of a request: gRPC over HTTP/2, "Requests".
// The filter's own come behind, and join what is there already.
func addGRPCHeaders(h *proxywasm.HeaderMap, c proxywasm.GRPCCall, timeout string) {
	h.AddString(":method", "POST")
	h.AddString(":path", "/"+string(c.Service)+"/"+string(c.Method))
	h.AddString(":authority", string(c.Cluster))
	h.AddString("te", "trailers")
	if timeout != "" {
		h.AddString("grpc-timeout", timeout)
	}
	h.AddString("content-type", "application/grpc")
	for i := range c.Metadata.Len() {
		h.Add(c.Metadata.At(i))
	}
	addCallHeaders(h, c.Timeout)
}

// grpcTimeout is the value of grpc-timeout, of at most 8 digits. As in Envoy a
// call without a timeout of its own says 0, which servers take literally.
func grpcTimeout(d time.Duration) string {
	const most = 99_999_999
	if ms := d.Milliseconds(); ms <= most {
		return strconv.FormatInt(ms, 10) + "m"
	}
	return strconv.FormatInt(int64(d/time.Second), 10) + "S"
}

// cancel implements pendingCall.
func (c *grpcCall) cancel() {
	c.stop(errInterrupted)
	c.out.close()
}

// tell has an event of this call run, unless the call was ended before.
func (c *grpcCall) tell(event func(p *proxywasm.Plugin) error) {
	c.vm.post(func() error {
		if c.vm.calls[c.token] != pendingCall(c) {
			return nil
		}
		return event(c.vm.plugin)
	})
}

// run carries the call to its end, which is told in events.
func (c *grpcCall) run(ctx context.Context) {
	if c.timeout > 0 {
		var end context.CancelFunc
		ctx, end = context.WithTimeoutCause(ctx, c.timeout, errCallTimeout)
		defer end()
	}
	st := &c.cluster.stats
	st.rqTotal.Add(1)
	st.rqActive.Add(1)
	status, message := c.exchange(ctx)
	st.rqActive.Add(-1)
	c.stop(nil)
	c.out.close()
	c.tell(func(p *proxywasm.Plugin) error {
		delete(c.vm.calls, c.token)
		if c.stream || status != grpcOK {
			return p.OnGRPCClose(c.token, uint32(status), c.withDetails(message))
		}
		return p.OnGRPCMessage(c.token, c.answer)
	})
}

func (c *grpcCall) withDetails(message string) string {
	if message == "" {
		return c.details
	}
	return message + "{" + c.details + "}"
}

// exchange sends and receives until the call is over, and returns its status.
func (c *grpcCall) exchange(ctx context.Context) (status int, message string) {
	status, message, err := c.connect(ctx)
	if err != nil {
		return c.fail(causeOf(ctx, err))
	}
	if !c.stream && status == grpcOK && !c.answered {
		return grpcInternal, ""
	}
	return status, message
}

func (c *grpcCall) connect(ctx context.Context) (int, string, error) {
	if fault := checkCall(&c.request); fault != nil {
		return 0, "", fault
	}
	up, err := c.cluster.open(ctx, limits{})
	if err != nil {
		return 0, "", err
	}
	watch := context.AfterFunc(ctx, up.interrupt)
	var writer sync.WaitGroup
	if err = up.writeHeaders(&c.request, false); err == nil {
		writer.Go(func() { c.write(up) })
	}
	status, message, err := c.read(up, err)
	c.out.close()
	if err != nil || !c.out.sentAll() {
		up.interrupt() // nobody waits for what is still to be written
	}
	writer.Wait()
	up.close(watch() && err == nil && c.out.sentAll())
	return status, message, err
}

// write sends the messages that the filter has queued, until it ends its side.
func (c *grpcCall) write(up upstreamStream) {
	for {
		frames, end := c.out.take()
		if len(frames) > 0 && up.writeData(frames) != nil {
			return // the reader finds out why
		}
		if end && up.writeEnd(nil) != nil {
			return
		}
		if up.flush() != nil || end {
			return
		}
	}
}
