package cli

import (
	"bytes"
	"strings"
	"testing"
)

func TestHeldLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := &heldLog{to: &out}
	write := func(text string) {
		t.Helper()
		if n, err := l.Write([]byte(text)); n != len(text) || err != nil {
			t.Fatalf("wrote %d of %d bytes: %v", n, len(text), err)
		}
	}
	write("first\n")
	write(strings.Repeat("x", maxHeld)) // does not fit and is dropped
	if out.Len() > 0 {
		t.Fatalf("%q came before its time", out.String())
	}
	l.release()
	write("second\n")
	if got, want := out.String(), "first\nsecond\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
