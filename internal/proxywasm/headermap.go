package proxywasm

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
	entries []headerEntry
	arena   []byte
	size    int
}

type headerEntry struct {
	name, value span
}

type span struct{ off, len uint32 }

// NewHeaderMap returns an empty map; t decides which headers are single-valued.
func NewHeaderMap(t MapType) *HeaderMap { return &HeaderMap{kind: t} }

// Reset empties the map, keeps its memory and makes it a map of type t.
func (m *HeaderMap) Reset(t MapType) { panic("todo") }

// Len returns the number of headers.
func (m *HeaderMap) Len() int { return len(m.entries) }

// Size returns the sum of the lengths of all names and values.
func (m *HeaderMap) Size() int { return m.size }

// At returns header i, 0 <= i < Len().
func (m *HeaderMap) At(i int) (name, value []byte) { panic("todo") }

// Get returns the first value of a header; the name may be in any case.
func (m *HeaderMap) Get(name []byte) (value []byte, ok bool) { panic("todo") }

// GetString is Get for a name at hand as a string.
func (m *HeaderMap) GetString(name string) (value []byte, ok bool) { panic("todo") }

// Add appends a header, or joins it to the one there is when its name is
// single-valued. It returns false, and adds nothing, when the map would exceed
// MaxHeaderMapBytes.
func (m *HeaderMap) Add(name, value []byte) bool { panic("todo") }

// AddString is Add for strings.
func (m *HeaderMap) AddString(name, value string) bool { panic("todo") }

// Set removes all headers of the name and appends one: it moves to the end.
// It returns false under the same condition as Add.
func (m *HeaderMap) Set(name, value []byte) bool { panic("todo") }

// SetString is Set for strings.
func (m *HeaderMap) SetString(name, value string) bool { panic("todo") }

// Remove removes all headers of the name and tells whether there were any.
func (m *HeaderMap) Remove(name []byte) bool { panic("todo") }

// RemoveString is Remove for a string.
func (m *HeaderMap) RemoveString(name string) bool { panic("todo") }

// CopyFrom makes m a copy of other, its type included.
func (m *HeaderMap) CopyFrom(other *HeaderMap) { panic("todo") }

// MaxHeaderMapBytes bounds what one map can hold, so that a filter that adds
// headers in a loop cannot exhaust the host.
const MaxHeaderMapBytes = 16 << 20

// AppendPairs appends the pair list of m to dst: the form in which the ABI
// passes maps. An empty map appends nothing.
func AppendPairs(dst []byte, m *HeaderMap) []byte { panic("todo") }
