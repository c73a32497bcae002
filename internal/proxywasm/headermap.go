package proxywasm

// MaxHeaderMapBytes bounds what one map can hold, so that a filter that adds
// headers in a loop cannot exhaust the host. Envoy has no such limit, but also
// refuses requests with headers of more than 60 KiB.
const MaxHeaderMapBytes = 16 << 20

// HeaderMap is an ordered list of headers with Envoy's rules: names are
// lower-cased, pseudo-headers stay in front, a header of which there is only
// one (:path, content-type, ...) is joined with a comma when it is added again,
// replacing moves a header to the end. In a map of request headers "host" and
// ":authority" are the same header.
//
// Names and values live in one block of memory which Reset keeps, so a reused
// map allocates nothing. The slices it returns are views, valid until the next
// change of the map. A HeaderMap is not safe for concurrent use.
type HeaderMap struct {
	kind    MapType
	pseudo  int // the number of pseudo-headers, which come first
	entries []headerEntry
	arena   []byte // names and values, also of headers that are gone
	size    int
}

type headerEntry struct {
	name, value span
}

// span is a part of the arena, which never exceeds 2 * MaxHeaderMapBytes + arenaSlack.
type span struct{ off, len uint32 }

// arenaSlack is how much memory of removed headers is left alone.
const arenaSlack = 16 << 10

// NewHeaderMap returns an empty map; t decides which headers are single-valued.
func NewHeaderMap(t MapType) *HeaderMap { return &HeaderMap{kind: t} }

// Reset empties the map, keeps its memory and makes it a map of type t.
func (m *HeaderMap) Reset(t MapType) {
	m.kind, m.pseudo, m.size = t, 0, 0
	m.entries, m.arena = m.entries[:0], m.arena[:0]
}

// Len returns the number of headers.
func (m *HeaderMap) Len() int { return len(m.entries) }

// Size returns the sum of the lengths of all names and values in bytes.
func (m *HeaderMap) Size() int { return m.size }

// At returns header i, 0 <= i < Len().
func (m *HeaderMap) At(i int) (name, value []byte) {
	e := &m.entries[i]
	return m.bytes(e.name), m.bytes(e.value)
}

// Get returns the first value of a header; the name may be in any case.
func (m *HeaderMap) Get(name []byte) (value []byte, ok bool) { return lookup(m, name) }

// GetString is Get for a name at hand as a string.
func (m *HeaderMap) GetString(name string) (value []byte, ok bool) { return lookup(m, name) }

// Add appends a header, or joins it to the one there is when its name is
// single-valued. It returns false, and adds nothing, when the map would exceed
// MaxHeaderMapBytes.
func (m *HeaderMap) Add(name, value []byte) bool { return add(m, name, value) }

// AddString is Add for strings.
func (m *HeaderMap) AddString(name, value string) bool { return add(m, name, value) }

// Set removes all headers of the name and appends one: it moves to the end.
// It returns false under the same condition as Add.
func (m *HeaderMap) Set(name, value []byte) bool {
	remove(m, name)
	return add(m, name, value)
}

// SetString is Set for strings.
func (m *HeaderMap) SetString(name, value string) bool {
	remove(m, name)
	return add(m, name, value)
}

// Remove removes all headers of the name and tells whether there were any.
func (m *HeaderMap) Remove(name []byte) bool { return remove(m, name) }

// RemoveString is Remove for a string.
func (m *HeaderMap) RemoveString(name string) bool { return remove(m, name) }

// CopyFrom makes m a copy of other, its type included.
func (m *HeaderMap) CopyFrom(other *HeaderMap) {
	m.Reset(other.kind)
	for i := range other.entries {
		name, value := other.At(i)
		m.insert(store(m, name, true), store(m, value, false))
	}
}

func (m *HeaderMap) bytes(s span) []byte { return m.arena[s.off : s.off+s.len : s.off+s.len] }

// text is what names and values may be given as.
type text interface{ ~string | ~[]byte }

// lookup returns the first value of a header.
func lookup[T text](m *HeaderMap, name T) ([]byte, bool) {
	if i := find(m, name); i >= 0 {
		return m.bytes(m.entries[i].value), true
	}
	return nil, false
}

// find returns the place of the first header of the name, or -1.
func find[T text](m *HeaderMap, name T) int {
	if isHost(m, name) {
		return find(m, ":authority")
	}
	for i := range m.entries {
		s := m.entries[i].name
		if int(s.len) == len(name) && equalLower(m.arena[s.off:s.off+s.len], name) {
			return i
		}
	}
	return -1
}

// isHost tells whether the name is the other name of :authority.
func isHost[T text](m *HeaderMap, name T) bool {
	return m.kind == RequestHeaders && len(name) == 4 && equalLower([]byte("host"), name)
}

// equalLower compares a lower-case name with one in any case, of the same length.
func equalLower[T text](lower []byte, name T) bool {
	for i, c := range lower {
		if c != lowerByte(name[i]) {
			return false
		}
	}
	return true
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func add[N, V text](m *HeaderMap, name N, value V) bool {
	if isHost(m, name) {
		return add(m, ":authority", value)
	}
	if m.size+len(name)+len(value)+1 > MaxHeaderMapBytes {
		return false
	}
	m.compact()
	n := store(m, name, true)
	if isSingleValued(m.kind, m.bytes(n)) {
		if i := find(m, m.bytes(n)); i >= 0 {
			m.join(i, store(m, value, false))
			return true
		}
	}
	m.insert(n, store(m, value, false))
	return true
}

// store copies s into the arena, names in lower case.
func store[T text](m *HeaderMap, s T, lower bool) span {
	at := span{uint32(len(m.arena)), uint32(len(s))}
	m.arena = append(m.arena, s...)
	if lower {
		for i, c := range m.arena[at.off:] {
			m.arena[int(at.off)+i] = lowerByte(c)
		}
	}
	return at
}

// insert adds an entry: a pseudo-header behind the other ones, else at the end.
func (m *HeaderMap) insert(name, value span) {
	m.size += int(name.len + value.len)
	m.entries = append(m.entries, headerEntry{name, value})
	if name.len > 0 && m.arena[name.off] == ':' {
		copy(m.entries[m.pseudo+1:], m.entries[m.pseudo:])
		m.entries[m.pseudo] = headerEntry{name, value}
		m.pseudo++
	}
}

// join appends a comma and a value to entry i. An empty value is not joined,
// and nothing is put before the first.
func (m *HeaderMap) join(i int, value span) {
	e := &m.entries[i]
	if value.len == 0 {
		return
	}
	off, was := uint32(len(m.arena)), e.value.len
	m.arena = append(m.arena, m.bytes(e.value)...)
	if was > 0 {
		m.arena = append(m.arena, ',')
	}
	m.arena = append(m.arena, m.bytes(value)...)
	e.value = span{off, uint32(len(m.arena)) - off}
	m.size += int(e.value.len - was)
}

func remove[T text](m *HeaderMap, name T) bool {
	if isHost(m, name) {
		return remove(m, ":authority")
	}
	kept := m.entries[:0]
	for _, e := range m.entries {
		if int(e.name.len) != len(name) || !equalLower(m.bytes(e.name), name) {
			kept = append(kept, e)
			continue
		}
		m.size -= int(e.name.len + e.value.len)
		if e.name.len > 0 && m.arena[e.name.off] == ':' {
			m.pseudo--
		}
	}
	removed := len(kept) < len(m.entries)
	m.entries = kept
	return removed
}

// compact moves the headers to the front of the arena when most of it belongs
// to headers that are gone.
func (m *HeaderMap) compact() {
	if len(m.arena) < 2*m.size+arenaSlack {
		return
	}
	fresh := make([]byte, 0, m.size+arenaSlack/4)
	for i := range m.entries {
		e := &m.entries[i]
		name, value := m.bytes(e.name), m.bytes(e.value)
		e.name.off = uint32(len(fresh))
		fresh = append(fresh, name...)
		e.value.off = uint32(len(fresh))
		fresh = append(fresh, value...)
	}
	m.arena = fresh
}

// Put gives a header one value: in its place when it is there, else at the end.
// It returns false under the same condition as Add.
func (m *HeaderMap) Put(name, value string) bool {
	i := find(m, name)
	if i < 0 {
		return add(m, name, value)
	}
	if m.size+len(value) > MaxHeaderMapBytes {
		return false
	}
	m.compact()
	e := &m.entries[i]
	was := e.value.len
	e.value = store(m, value, false)
	m.size += int(e.value.len) - int(was)
	return true
}
