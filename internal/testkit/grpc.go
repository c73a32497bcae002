package testkit

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// GRPC is a gRPC server, of Google's implementation, whose methods of any
// service take and give any bytes as messages:
//
//	Echo      answers each message with itself; trailing metadata x-trailing
//	Initial   the same, with initial metadata x-initial sent at once
//	Three     answers the first message with three, then ends with ABORTED
//	Fail      ends with NOT_FOUND after the first message
//	Deny      ends with PERMISSION_DENIED at once
//	Slow      answers nothing
type GRPC struct {
	// Addr is where it listens, host:port.
	Addr string

	stopped chan struct{}
	mu      sync.Mutex
	calls   []string
}

// StartGRPC starts a server that ends with the test.
func StartGRPC(tb testing.TB) *GRPC {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	g := &GRPC{Addr: l.Addr().String(), stopped: make(chan struct{})}
	server := grpc.NewServer(grpc.ForceServerCodec(rawCodec{}), grpc.UnknownServiceHandler(g.handle))
	go func() { _ = server.Serve(l) }()
	tb.Cleanup(func() {
		close(g.stopped)
		server.Stop()
	})
	return g
}

// Calls returns the calls so far, and forgets them: method, whether there is a
// deadline, metadata sorted by name.
func (g *GRPC) Calls() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	calls := g.calls
	g.calls = nil
	return calls
}

// rawCodec passes messages on as bytes.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }

func (rawCodec) Unmarshal(b []byte, v any) error {
	*v.(*[]byte) = slices.Clone(b)
	return nil
}

func (rawCodec) Name() string { return "proto" }

func (g *GRPC) handle(_ any, s grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(s)
	g.note(method, s)
	switch method[strings.LastIndexByte(method, '/')+1:] {
	case "Deny":
		return status.Error(codes.PermissionDenied, "go away")
	case "Fail":
		_, _ = receive(s)
		return status.Error(codes.NotFound, "no such thing: 50%")
	case "Slow":
		<-g.stopped // also past the deadline
		return nil
	case "Three":
		return three(s)
	case "Initial":
		if err := s.SendHeader(metadata.Pairs("x-initial", "1")); err != nil {
			return err
		}
	}
	s.SetTrailer(metadata.Pairs("x-trailing", "2"))
	for {
		message, err := receive(s)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = s.SendMsg(&message)
		}
		if err != nil {
			return err
		}
	}
}

func (g *GRPC) note(method string, s grpc.ServerStream) {
	md, _ := metadata.FromIncomingContext(s.Context())
	_, limited := s.Context().Deadline()
	call := []string{method, fmt.Sprint("deadline=", limited)}
	for _, name := range slices.Sorted(maps.Keys(md)) {
		call = append(call, fmt.Sprintf("%s=%q", name, md[name]))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls = append(g.calls, strings.Join(call, " "))
}

func receive(s grpc.ServerStream) (message []byte, err error) {
	err = s.RecvMsg(&message)
	return message, err
}

func three(s grpc.ServerStream) error {
	message, err := receive(s)
	if err != nil {
		return err
	}
	for i := range 3 {
		answer := fmt.Appendf(nil, "%s%d", message, i)
		if err := s.SendMsg(&answer); err != nil {
			return err
		}
	}
	return status.Error(codes.Aborted, "enough")
}
