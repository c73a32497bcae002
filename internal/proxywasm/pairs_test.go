package proxywasm

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

func TestPairs(t *testing.T) {
	t.Parallel()
	m := NewHeaderMap(ResponseTrailers)
	m.AddString("a", "1")
	m.AddString("bc", "")
	want := "\x02\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00a\x001\x00bc\x00\x00"
	got := AppendPairs([]byte("before"), m)
	if string(got) != "before"+want {
		t.Errorf("got %q", got)
	}
	back := NewHeaderMap(ResponseTrailers)
	addPairs(back, got[len("before"):])
	if dump(back) != "a=1|bc=" {
		t.Errorf("read back %s", dump(back))
	}
	if empty := AppendPairs(nil, NewHeaderMap(RequestHeaders)); empty != nil {
		t.Errorf("an empty map is %q", empty)
	}
}

// TestPairsLenient has lists that Envoy takes for empty ones.
func TestPairsLenient(t *testing.T) {
	t.Parallel()
	m := NewHeaderMap(RequestTrailers)
	m.AddString("name", "value")
	good := AppendPairs(nil, m)
	many := NewHeaderMap(RequestTrailers)
	for range maxPairs + 1 {
		many.AddString("a", "b")
	}
	big := NewHeaderMap(RequestTrailers)
	big.AddString("a", strings.Repeat("b", maxPairsBytes))
	tests := map[string][]byte{
		"nothing":           nil,
		"three bytes":       good[:3],
		"cut":               good[:len(good)-1],
		"left over":         append(bytes.Clone(good), 0),
		"no NUL":            bytes.Replace(good, []byte("name\x00"), []byte("name\x01"), 1),
		"count too high":    binary.LittleEndian.AppendUint32(nil, 1<<32-1),
		"length too high":   bytes.Replace(good, []byte("\x05\x00\x00\x00"), []byte("\xff\xff\xff\xff"), 1),
		"too many pairs":    AppendPairs(nil, many),
		"too many bytes":    AppendPairs(nil, big),
		"count without end": {1, 0, 0, 0},
	}
	for name, list := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := NewHeaderMap(RequestTrailers)
			addPairs(got, list)
			if got.Len() != 0 {
				t.Errorf("read as %s", dump(got))
			}
		})
	}
}

func FuzzPairs(f *testing.F) {
	m := NewHeaderMap(RequestTrailers)
	m.AddString("name", "value")
	m.AddString("", "")
	f.Add(AppendPairs(nil, m))
	f.Add([]byte{0, 0, 0, 0})
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, list []byte) {
		got := NewHeaderMap(RequestTrailers)
		addPairs(got, list)
		count, ok := checkPairs(list)
		if ok && got.Len() != count || !ok && got.Len() != 0 {
			t.Fatalf("%d pairs of %d, %v", got.Len(), count, ok)
		}
		if !ok || count == 0 {
			return
		}
		// Names may change to lower case, nothing else.
		if again := AppendPairs(nil, got); !bytes.EqualFold(again, list) && isASCII(list) {
			t.Fatalf("%q became %q", list, again)
		}
	})
}

func isASCII(b []byte) bool {
	return bytes.IndexFunc(b, func(r rune) bool { return r > 127 }) < 0
}
