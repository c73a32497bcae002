package proxy

import (
	"context"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// maxCallBody bounds the body of the response to a call, as Envoy does.
const maxCallBody = 32 << 20

// httpCall is a request of a filter on its way: Envoy's async client. It runs in
// a goroutine of its own and ends in an event of the VM.
type httpCall struct {
	vm      *vm
	cluster *cluster
	token   uint32
	timeout time.Duration
	stop    context.CancelCauseFunc

	request  proxywasm.HeaderMap
	body     []byte
	trailers *proxywasm.HeaderMap
	response proxywasm.HTTPResponse
	began    time.Time
}

// errCallTimeout ends a call that takes longer than the filter allows.
var errCallTimeout = errors.New("the call has timed out")

// HTTPCall implements proxywasm.PluginHost.
func (v *vm) HTTPCall(c proxywasm.HTTPCall) proxywasm.Status {
	ctx, stop := context.WithCancelCause(v.slot.srv.calls)
	call := &httpCall{
		vm: v, cluster: v.slot.srv.clusters[string(c.Cluster)],
		token: c.Token, timeout: c.Timeout, stop: stop, began: time.Now(),
	}
	if !v.admit(call.cluster, c.Token, call) {
		stop(nil)
		return proxywasm.StatusInternalFailure
	}
	call.request.CopyFrom(c.Headers)
	if len(c.Body) > 0 {
		call.body = append([]byte(nil), c.Body...)
		call.request.Put("content-length", strconv.Itoa(len(c.Body)))
	}
	if c.Trailers != nil {
		call.trailers = proxywasm.NewHeaderMap(proxywasm.RequestTrailers)
		call.trailers.CopyFrom(c.Trailers)
	}
	addCallHeaders(&call.request, c.Timeout)
	v.slot.srv.inFlight.Go(func() { call.run(ctx) })
	return proxywasm.StatusOK
}

// addCallHeaders adds what Envoy sends along with a filter's own headers.
func addCallHeaders(h *proxywasm.HeaderMap, timeout time.Duration) {
	h.RemoveString("transfer-encoding") // how the body is sent is not the filter's business
	h.Put("x-envoy-internal", "true")
	if timeout > 0 {
		h.Put("x-envoy-expected-rq-timeout-ms", timeoutHeader(timeout))
	}
}

// cancel implements pendingCall.
func (c *httpCall) cancel() { c.stop(errInterrupted) }

// run makes the request, which ends in an event.
func (c *httpCall) run(ctx context.Context) {
	if c.timeout > 0 {
		var end context.CancelFunc
		ctx, end = context.WithTimeoutCause(ctx, c.timeout, errCallTimeout)
		defer end()
	}
	err := c.exchange(ctx)
	c.stop(nil)
	if err != nil {
		c.fail(err)
	}
	countClass(&c.cluster.stats.rqClass, c.status())
	c.vm.post(func() error {
		delete(c.vm.calls, c.token)
		return c.vm.plugin.OnHTTPCallResponse(c.token, c.response)
	})
}

func (c *httpCall) status() int {
	if c.response.Headers == nil {
		return 0
	}
	v, _ := c.response.Headers.GetString(":status")
	return parseStatus(v)
}

// exchange sends the request and reads the response. The error says why there is
// no complete one.
func (c *httpCall) exchange(ctx context.Context) error {
	if fault := checkCall(&c.request); fault != nil {
		return fault
	}
	st := &c.cluster.stats
	st.rqTotal.Add(1)
	st.rqActive.Add(1)
	defer st.rqActive.Add(-1)
	up, err := c.cluster.open(ctx, limits{})
	if err != nil {
		return causeOf(ctx, err)
	}
	watch := context.AfterFunc(ctx, up.interrupt)
	err = c.carry(up)
	up.close(watch() && err == nil)
	return causeOf(ctx, err)
}

// checkCall refuses what cannot be sent, as Envoy's router does.
func checkCall(h *proxywasm.HeaderMap) error {
	if method, _ := h.GetString(":method"); string(method) == "CONNECT" {
		return &headerError{"missing required header: :protocol"}
	}
	if fault := checkHeaderLines(h); fault != nil {
		return fault
	}
	return nil
}

// causeOf prefers why a context ended over what that has led to.
func causeOf(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (c *httpCall) carry(up upstreamStream) error {
	if err := c.send(up); err != nil {
		var reset *resetError
		if errors.As(err, &reset) {
			return err
		}
		// The response may be there already.
	}
	headers := proxywasm.NewHeaderMap(proxywasm.ResponseHeaders)
	end, err := up.readHeaders(headers, nil)
	if err != nil {
		return err
	}
	headers.SetString("x-envoy-upstream-service-time", milliseconds(time.Since(c.began)))
	c.response.Headers = headers
	for !end {
		piece, err := up.next(nil)
		if end = err == io.EOF; err != nil && !end {
			return err
		}
		if len(c.response.Body)+len(piece) > maxCallBody {
			return errors.New("the response is too large")
		}
		c.response.Body = append(c.response.Body, piece...)
	}
	trailers := proxywasm.NewHeaderMap(proxywasm.ResponseTrailers)
	if up.readTrailers(trailers) {
		c.response.Trailers = trailers
	}
	return nil
}

func (c *httpCall) send(up upstreamStream) error {
	if _, ok := up.(*h1Stream); ok {
		c.trailers = nil // which have no place in a message of known length
	}
	end := len(c.body) == 0 && c.trailers == nil
	if err := up.writeHeaders(&c.request, end); err != nil {
		return err
	}
	if len(c.body) > 0 {
		if err := up.writeData(c.body); err != nil {
			return err
		}
	}
	if !end {
		if err := up.writeEnd(c.trailers); err != nil {
			return err
		}
	}
	return up.flush()
}

// fail makes the response of a call that got none: until the response has begun
// Envoy answers in the upstream's place; a broken one is no response at all.
func (c *httpCall) fail(err error) {
	if c.response.Headers != nil {
		c.cluster.stats.rqReset.Add(1)
		c.response = proxywasm.HTTPResponse{}
		return
	}
	reply := c.cluster.callFault(err)
	h := proxywasm.NewHeaderMap(proxywasm.ResponseHeaders)
	h.AddString(":status", strconv.Itoa(reply.status))
	h.AddString("content-length", strconv.Itoa(len(reply.body)))
	h.AddString("content-type", "text/plain")
	c.response = proxywasm.HTTPResponse{Headers: h, Body: reply.body}
}

// callFault counts why a call got no response and returns what stands in its place.
func (c *cluster) callFault(err error) *localReply {
	var fault *headerError
	switch {
	case errors.As(err, &fault):
		return headerFault(fault)
	case errors.Is(err, errCallTimeout):
		c.stats.rqTimeout.Add(1)
		return upstreamFault(responseTimeout())
	}
	c.stats.rqReset.Add(1)
	return upstreamFault(err)
}
