package proxywasm

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestHeaderMap(t *testing.T) {
	t.Parallel()
	start := []string{":authority", "a.com", ":path", "/", "X-One", "1", "x-two", "2", "x-one", "3"}
	tests := []struct {
		name   string
		kind   MapType
		change func(m *HeaderMap)
		want   string
	}{
		{"as given, in lower case", RequestHeaders, func(*HeaderMap) {}, ":authority=a.com|:path=/|x-one=1|x-two=2|x-one=3"},
		{"add repeats", RequestHeaders, func(m *HeaderMap) { m.AddString("X-Two", "4") }, ":authority=a.com|:path=/|x-one=1|x-two=2|x-one=3|x-two=4"},
		{"set collapses and moves", RequestHeaders, func(m *HeaderMap) { m.SetString("x-oNe", "5") }, ":authority=a.com|:path=/|x-two=2|x-one=5"},
		{"set of a pseudo-header stays in front", RequestHeaders, func(m *HeaderMap) { m.SetString(":authority", "b") }, ":path=/|:authority=b|x-one=1|x-two=2|x-one=3"},
		{"remove all of a name", RequestHeaders, func(m *HeaderMap) { m.RemoveString("X-ONE") }, ":authority=a.com|:path=/|x-two=2"},
		{"host is authority", RequestHeaders, func(m *HeaderMap) { m.SetString("Host", "c") }, ":path=/|:authority=c|x-one=1|x-two=2|x-one=3"},
		{"host added is joined", RequestHeaders, func(m *HeaderMap) { m.AddString("host", "c") }, ":authority=a.com,c|:path=/|x-one=1|x-two=2|x-one=3"},
		{"host removed", RequestHeaders, func(m *HeaderMap) { m.RemoveString("host") }, ":path=/|x-one=1|x-two=2|x-one=3"},
		{"host is another header in a response", ResponseHeaders, func(m *HeaderMap) { m.Reset(ResponseHeaders); m.AddString("host", "c") }, "host=c"},
		{"single-valued is joined", RequestHeaders, func(m *HeaderMap) {
			m.AddString("Content-Type", "a")
			m.AddString("content-type", "")
			m.AddString("content-type", "b")
		}, ":authority=a.com|:path=/|x-one=1|x-two=2|x-one=3|content-type=a,b"},
		{"pseudo-headers removed and added", RequestHeaders, func(m *HeaderMap) {
			m.RemoveString(":path")
			m.RemoveString(":authority")
			m.AddString("x-last", "")
			m.AddString(":path", "/n")
		}, ":path=/n|x-one=1|x-two=2|x-one=3|x-last="},
		{"empty name", RequestHeaders, func(m *HeaderMap) { m.Reset(RequestHeaders); m.AddString("", "v") }, "=v"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := NewHeaderMap(tt.kind)
			for i := 0; i < len(start); i += 2 {
				m.AddString(start[i], start[i+1])
			}
			tt.change(m)
			if got := dump(m); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			checkSize(t, m)
		})
	}
}

// checkSize recomputes what the map keeps count of.
func checkSize(t *testing.T, m *HeaderMap) {
	t.Helper()
	size, pseudo := 0, 0
	for i := range m.Len() {
		name, value := m.At(i)
		size += len(name) + len(value)
		if bytes.HasPrefix(name, []byte(":")) {
			pseudo++
		}
	}
	if size != m.Size() || pseudo != m.pseudo {
		t.Errorf("size %d pseudo %d, want %d and %d", m.Size(), m.pseudo, size, pseudo)
	}
}

func TestHeaderMapGet(t *testing.T) {
	t.Parallel()
	m := NewHeaderMap(RequestHeaders)
	m.AddString(":authority", "a.com")
	m.AddString("X-A", "1")
	m.AddString("x-a", "2")
	for name, want := range map[string]string{"x-A": "1", "HOST": "a.com", ":authority": "a.com", "x-b": "", "": ""} {
		value, ok := m.Get([]byte(name))
		other, otherOK := m.GetString(name)
		if string(value) != want || ok != (want != "") || !bytes.Equal(value, other) || ok != otherOK {
			t.Errorf("Get(%q) = %q, %v", name, value, ok)
		}
	}
}

func TestHeaderMapStaysSmall(t *testing.T) {
	t.Parallel()
	m := NewHeaderMap(RequestHeaders)
	m.AddString(":path", "/")
	value := strings.Repeat("v", 1000)
	for i := range 10_000 {
		m.SetString("x-again", value)
		m.SetString(fmt.Sprint("x-", i%7), value)
	}
	if len(m.arena) > 4*m.Size()+2*arenaSlack {
		t.Errorf("%d bytes are kept for %d bytes of headers", len(m.arena), m.Size())
	}
	checkSize(t, m)
}

func TestHeaderMapIsBounded(t *testing.T) {
	t.Parallel()
	m := NewHeaderMap(ResponseHeaders)
	big := bytes.Repeat([]byte("v"), 1<<20)
	added := 0
	for m.Add([]byte("x-big"), big) {
		added++
	}
	if added != MaxHeaderMapBytes>>20-1 {
		t.Errorf("%d MiB were taken", added)
	}
}

func TestHeaderMapCopyAndAllocations(t *testing.T) {
	m := NewHeaderMap(RequestHeaders)
	other := NewHeaderMap(ResponseHeaders)
	fill := func() {
		m.Reset(RequestHeaders)
		m.AddString(":path", "/")
		m.AddString("content-type", "text/plain")
		m.AddString("x-a", "1")
		m.SetString("x-a", "2")
		m.RemoveString("content-type")
		other.CopyFrom(m)
	}
	fill()
	if dump(other) != ":path=/|x-a=2" {
		t.Errorf("copy is %s", dump(other))
	}
	if n := testing.AllocsPerRun(100, fill); n != 0 {
		t.Errorf("%v allocations for a map that is used again", n)
	}
}

func TestBufferReplace(t *testing.T) {
	t.Parallel()
	tests := []struct {
		start, length int
		data, want    string
		status        Status
	}{
		{0, 5, "", "", StatusOK},
		{0, 99, "new", "new", StatusOK},
		{0, 2, "XYZ", "XYZllo", StatusOK},
		{0, 2, "", "llo", StatusOK},
		{0, 0, "pre-", "pre-hello", StatusOK},
		{5, 0, "!", "hello!", StatusOK},
		{99, 7, "!", "hello!", StatusOK},
		{2, 1, "x", "hello", StatusBadArgument},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			t.Parallel()
			b := &Buffer{}
			_, _ = b.Write([]byte("hello"))
			if status := b.Replace(tt.start, tt.length, []byte(tt.data)); status != tt.status || string(b.Bytes()) != tt.want {
				t.Errorf("%d %q", status, b.Bytes())
			}
		})
	}
}

func TestView(t *testing.T) {
	t.Parallel()
	tests := []struct {
		start, length uint32
		want          string
	}{
		{0, 5, "hello"},
		{1, 3, "ell"},
		{3, 99, "lo"},
		{5, 1, ""},
		{1 << 31, 1, ""},
		{1, 1<<32 - 1, "ello"},
		{1<<32 - 1, 1<<32 - 1, ""},
	}
	for _, tt := range tests {
		if got := view([]byte("hello"), tt.start, tt.length); string(got) != tt.want {
			t.Errorf("view(%d, %d) = %q, want %q", tt.start, tt.length, got, tt.want)
		}
	}
}
