package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// upstreamArgument makes this program the upstream of the measurements.
const upstreamArgument = "upstream"

const (
	request  = "GET /some/path?q=1 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"
	response = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nhello, world\n"
)

// serveUpstream answers every request without a body in the same way. It costs
// as little as an upstream can.
func serveUpstream(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go answer(c)
	}
}

func answer(c net.Conn) {
	defer c.Close()
	lines := bufio.NewReader(c)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return
		}
		if len(bytes.TrimSpace(line)) > 0 {
			continue
		}
		if _, err := io.WriteString(c, response); err != nil {
			return
		}
	}
}

// startUpstream starts this program as an upstream, and waits until it answers.
func startUpstream() (p *process, address string, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	if address, err = freeAddress(); err != nil {
		return nil, "", err
	}
	if p, err = start(nil, self, upstreamArgument, address); err != nil {
		return nil, "", err
	}
	for range 1000 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return p, address, nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.stop()
	return nil, "", errors.New("the upstream does not listen")
}

// connections are kept for all requests of a sample.
const connections = 4

// send sends n requests to address over a few connections that are kept, one at
// a time on each, and checks every response.
func send(ctx context.Context, address string, n int) error {
	done := make(chan error, connections)
	for range connections {
		go func() { done <- sendOn(ctx, address, n/connections) }()
	}
	var err error
	for range connections {
		err = errors.Join(err, <-done)
	}
	return err
}

func sendOn(ctx context.Context, address string, n int) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	r := bufio.NewReader(c)
	for range n {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := io.WriteString(c, request); err != nil {
			return err
		}
		if err := checkResponse(r); err != nil {
			return err
		}
	}
	return nil
}

func checkResponse(r *bufio.Reader) error {
	response, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	size, err := io.Copy(io.Discard, response.Body)
	response.Body.Close()
	if err == nil && (response.StatusCode != http.StatusOK || response.Header.Get(filterHeader) == "" || size != 13) {
		err = fmt.Errorf("unexpected response: %s, %d bytes, headers %v", response.Status, size, response.Header)
	}
	return err
}
