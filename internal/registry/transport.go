package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"time"

	"oras.land/oras-go/v2/registry/remote/retry"

	"github.com/wasmctl/wasmctl/internal/progress"
)

// retries is when a request is sent again: up to four times over less than
// half a minute, if the registry is overloaded or failing, or drops the
// connection. A host that does not answer at all is not asked again.
var retries retry.Policy = &retry.GenericPolicy{
	Retryable: retryable,
	Backoff:   retry.ExponentialBackoff(200*time.Millisecond, 2, 0.1),
	MinWait:   100 * time.Millisecond,
	MaxWait:   5 * time.Second,
	MaxRetry:  4,
}

func retryable(resp *http.Response, err error) (bool, error) {
	if err != nil {
		return dropped(err), nil
	}
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true, nil
	}
	return false, nil
}

// dropped tells whether a connection ended in the middle of an exchange.
func dropped(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// silentError is a registry from which nothing was heard for a time.
type silentError struct{ after time.Duration }

func (e *silentError) Error() string { return fmt.Sprintf("no answer within %s", e.after) }

// watched is a transport that gives up when nothing moves for a time, and that
// reports what moves. net/http knows only a limit for the whole exchange, which
// a large blob on a slow line would exceed.
type watched struct {
	base    http.RoundTripper
	silence time.Duration
}

// transfer is the blob that the requests of a context move.
type transfer struct {
	report progress.Func
	task   string
	total  int64
}

type transferKey struct{}

func withTransfer(ctx context.Context, t transfer) context.Context {
	return context.WithValue(ctx, transferKey{}, t)
}

func (w *watched) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	silent := &silentError{after: w.silence}
	timer := time.AfterFunc(w.silence, func() { cancel(silent) })
	stop := func() {
		timer.Stop()
		cancel(nil)
	}
	t, _ := ctx.Value(transferKey{}).(transfer)
	watch := func(body io.ReadCloser, report progress.Func) io.ReadCloser {
		return &watchedBody{
			ReadCloser: body,
			counted:    report.Reader(body, t.task, t.total),
			moved:      func() { timer.Reset(w.silence) },
			cause:      func() error { return context.Cause(ctx) },
		}
	}
	req = req.Clone(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		report := t.report
		if req.Method != http.MethodPut {
			report = nil
		}
		req.Body = watch(req.Body, report)
	}
	resp, err := w.base.RoundTrip(req)
	if err != nil {
		if cause := context.Cause(ctx); cause == error(silent) {
			err = cause
		}
		stop()
		return nil, err
	}
	report := t.report
	if req.Method != http.MethodGet || resp.StatusCode != http.StatusOK {
		report = nil
	}
	body := watch(resp.Body, report).(*watchedBody)
	body.closed = stop
	resp.Body = body
	return resp, nil
}

type watchedBody struct {
	io.ReadCloser
	counted io.Reader
	moved   func()
	cause   func() error
	closed  func()
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.counted.Read(p)
	if n > 0 {
		b.moved()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		if silent := (*silentError)(nil); errors.As(b.cause(), &silent) {
			err = silent
		}
	}
	return n, err
}

func (b *watchedBody) Close() error {
	err := b.ReadCloser.Close()
	if b.closed != nil {
		b.closed()
	}
	return err
}
