package cli

import (
	"bytes"
	"io"
	"sync"
)

// heldLog keeps Envoy's log back until Envoy is up: when it does not come up,
// the error quotes the lines that explain it, and nobody wants them twice.
type heldLog struct {
	to       io.Writer
	mu       sync.Mutex
	held     bytes.Buffer
	released bool
}

// maxHeld bounds what is kept of a start that logs without end, in bytes.
const maxHeld = 1 << 20

func (l *heldLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.released {
		return l.to.Write(p)
	}
	if l.held.Len()+len(p) > maxHeld {
		return len(p), nil
	}
	return l.held.Write(p)
}

// release writes what was held and lets through what comes.
func (l *heldLog) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.released = true
	_, _ = l.held.WriteTo(l.to) // a log that nobody can read must not end Envoy
}
