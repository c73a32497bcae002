package proxy

import (
	"bufio"
	"io"
	"net"
	"testing"
)

// BenchmarkRequest is one request over a kept connection, to an HTTP/1.1
// upstream and back. Client and upstream run in the same process and do as
// little as they can; the figure includes them.
func BenchmarkRequest(b *testing.B) {
	up := serveRaw(b, func(c net.Conn, r *bufio.Reader) {
		answer := []byte("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello")
		for skipHead(r) == nil {
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
	})
	quiet := func(o *Options) { o.OnRequest = nil }
	for _, bb := range []struct {
		name string
		host []setting
	}{
		{"none", []setting{quiet}},
		{"script", []setting{filter("request_headers add request x-a 1", "response_headers add response x-b 2"), quiet}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			h := run(b, append(bb.host, upstreamAt("http", up))...)
			c := h.dial()
			body := make([]byte, 5)
			b.ReportAllocs()
			for b.Loop() {
				c.send(get)
				if skipHead(c.r) != nil {
					b.Fatal("the connection has ended")
				}
				if _, err := io.ReadFull(c.r, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// skipHead reads up to a blank line.
func skipHead(r *bufio.Reader) error {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil || len(line) == 2 {
			return err
		}
	}
}
