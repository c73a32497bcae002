package proxy

import (
	"errors"
	"io"

	"github.com/wasmctl/wasmctl/internal/proxywasm"
)

// This file has the reading half of h1Stream.

// readHeaders implements upstreamStream. Interim responses are passed over.
func (s *h1Stream) readHeaders(h *proxywasm.HeaderMap, w watcher) (bool, error) {
	s.watch = w
	for {
		head, err := s.wire.head(s.awaitHead)
		if err != nil {
			if (err == io.EOF || isReset(err)) && s.wire.br.Buffered() == 0 && s.retry() {
				continue
			}
			return false, headError(err)
		}
		var p responseHead
		err = p.parse(head, h, s.head)
		if err != nil {
			return false, protocolFault(err)
		}
		_, _ = s.wire.br.Discard(len(head))
		if p.status < 200 {
			if p.status == 101 {
				return false, protocolFault(errors.New("the upstream switched protocols unasked"))
			}
			h.Reset(proxywasm.ResponseHeaders)
			continue
		}
		s.keep = p.keep
		s.body.reset(p.kind, p.length)
		return s.body.done, nil
	}
}

func headError(err error) error {
	var reset *resetError
	var malformed *malformedError
	switch {
	case errors.Is(err, errClientGone), errors.As(err, &reset):
		return err
	case errors.As(err, &malformed), errors.Is(err, errHeadTooLarge):
		return protocolFault(err)
	}
	return terminated(err)
}

// awaitHead waits for more of a head. The time starts when the request was sent.
func (s *h1Stream) awaitHead(n int) error {
	limit := s.limits.headers
	err := s.wire.await(n, activeTick, limit, s.watch)
	if errors.Is(err, errWaitTooLong) {
		return responseTimeout()
	}
	return err
}

func (s *h1Stream) await(n int) error {
	return s.wire.await(n, activeTick, s.limits.idle, s.watch)
}

func (s *h1Stream) ready() bool { return s.body.ready(&s.wire) }

func (s *h1Stream) next(w watcher) ([]byte, error) {
	s.watch = w
	p, err := s.body.next(&s.wire, s.wait)
	if err == io.EOF && s.body.kind == bodyUntilClose {
		s.body.done, s.keep = true, false
	}
	return p, err
}

// readTrailers: the trailers of HTTP/1.1 responses are dropped, as Envoy does.
func (s *h1Stream) readTrailers(*proxywasm.HeaderMap) bool { return false }
