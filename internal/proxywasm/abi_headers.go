package proxywasm

// headerFunctions are the functions that read and change header maps.
func headerFunctions() []hostFunction {
	return []hostFunction{
		{name: "proxy_get_header_map_value", params: "iiiii", call: getHeaderMapValue},
		{name: "proxy_add_header_map_value", params: "iiiii", call: addHeaderMapValue},
		{name: "proxy_replace_header_map_value", params: "iiiii", call: replaceHeaderMapValue},
		{name: "proxy_remove_header_map_value", params: "iii", call: removeHeaderMapValue},
		{name: "proxy_get_header_map_pairs", params: "iii", call: getHeaderMapPairs},
		{name: "proxy_set_header_map_pairs", params: "iii", call: setHeaderMapPairs},
		{name: "proxy_get_header_map_size", params: "ii", call: getHeaderMapSize},
	}
}

// readableMap returns the map that the filter can read now, nil when there is none.
func (p *Plugin) readableMap(t MapType) *HeaderMap {
	if t > ResponseTrailers {
		return p.callMap(t)
	}
	s := p.active
	if s == nil || (s.phase != phaseOpen && s.phase != phaseLog) {
		return nil
	}
	return s.host.HeaderMap(t)
}

// callMap returns a map of the answer to a call, in every context, while the
// callback for it runs.
func (p *Plugin) callMap(t MapType) *HeaderMap {
	switch {
	case t == mapGRPCInitial:
		return p.grpcInitial
	case t == mapGRPCTrailing:
		return p.grpcTrailing
	case p.response == nil:
		return nil
	case t == mapCallHeaders:
		return p.response.Headers
	}
	return p.response.Trailers
}

// writableMap is readableMap for changes, which a finished exchange does not
// take, and neither does the answer to a call.
func (p *Plugin) writableMap(t MapType) *HeaderMap {
	if t > ResponseTrailers || p.active != nil && p.active.phase == phaseLog {
		return nil
	}
	return p.readableMap(t)
}

// getHeaderMapValue is proxy_get_header_map_value(type, key, len, ret_ptr, ret_size).
func getHeaderMapValue(p *Plugin, a []uint64) uint32 {
	t := MapType(u32(a[0]))
	if t > maxMapType {
		return uint32(StatusBadArgument)
	}
	key, ok := p.read(a[1], a[2])
	if !ok {
		return uint32(StatusInvalidMemoryAccess)
	}
	m := p.readableMap(t)
	if m == nil {
		if p.active != nil && p.active.phase == phaseLog {
			return p.noValue(a[3], a[4])
		}
		return uint32(StatusBadArgument)
	}
	value, ok := m.Get(key)
	if !ok {
		return p.noValue(a[3], a[4])
	}
	return uint32(p.give(value, a[3], a[4]))
}

// noValue says that a header is not there, which under ABI 0.1.0 is the same as
// an empty one.
func (p *Plugin) noValue(retPtr, retSize uint64) uint32 {
	if p.first {
		return uint32(p.giveAt(0, 0, retPtr, retSize))
	}
	return uint32(StatusNotFound)
}

// addHeaderMapValue is proxy_add_header_map_value(type, key, len, value, len).
func addHeaderMapValue(p *Plugin, a []uint64) uint32 {
	return changeMap(p, a, (*HeaderMap).Add)
}

// replaceHeaderMapValue is proxy_replace_header_map_value(type, key, len, value, len).
func replaceHeaderMapValue(p *Plugin, a []uint64) uint32 {
	return changeMap(p, a, (*HeaderMap).Set)
}

func changeMap(p *Plugin, a []uint64, change func(m *HeaderMap, name, value []byte) bool) uint32 {
	t := MapType(u32(a[0]))
	if t > maxMapType {
		return uint32(StatusBadArgument)
	}
	key, keyOK := p.read(a[1], a[2])
	value, valueOK := p.read(a[3], a[4])
	if !keyOK || !valueOK {
		return uint32(StatusInvalidMemoryAccess)
	}
	m := p.writableMap(t)
	if m == nil {
		return uint32(StatusBadArgument)
	}
	if !change(m, key, value) {
		return uint32(StatusInternalFailure)
	}
	return uint32(StatusOK)
}

// removeHeaderMapValue is proxy_remove_header_map_value(type, key, len).
func removeHeaderMapValue(p *Plugin, a []uint64) uint32 {
	t := MapType(u32(a[0]))
	if t > maxMapType {
		return uint32(StatusBadArgument)
	}
	key, ok := p.read(a[1], a[2])
	if !ok {
		return uint32(StatusInvalidMemoryAccess)
	}
	m := p.writableMap(t)
	if m == nil {
		return uint32(StatusBadArgument)
	}
	m.Remove(key)
	return uint32(StatusOK)
}

// getHeaderMapPairs is proxy_get_header_map_pairs(type, ret_ptr, ret_size). A
// map that is not there is an empty one, unlike in the other functions.
func getHeaderMapPairs(p *Plugin, a []uint64) uint32 {
	t := MapType(u32(a[0]))
	if t > maxMapType {
		return uint32(StatusBadArgument)
	}
	m := p.readableMap(t)
	if m == nil {
		return uint32(p.giveAt(0, 0, a[1], a[2]))
	}
	return uint32(p.giveMap(m, a[1], a[2]))
}

// setHeaderMapPairs is proxy_set_header_map_pairs(type, ptr, size).
func setHeaderMapPairs(p *Plugin, a []uint64) uint32 {
	t := MapType(u32(a[0]))
	if t > maxMapType {
		return uint32(StatusBadArgument)
	}
	list, ok := p.read(a[1], a[2])
	if !ok {
		return uint32(StatusInvalidMemoryAccess)
	}
	m := p.writableMap(t)
	if m == nil {
		return uint32(StatusBadArgument)
	}
	m.Reset(t)
	addPairs(m, list)
	return uint32(StatusOK)
}

// getHeaderMapSize is proxy_get_header_map_size(type, ret_size): in bytes, and
// of maps that can be changed only.
func getHeaderMapSize(p *Plugin, a []uint64) uint32 {
	t := MapType(u32(a[0]))
	if t > maxMapType {
		return uint32(StatusBadArgument)
	}
	m := p.writableMap(t)
	if m == nil {
		return uint32(StatusBadArgument)
	}
	return uint32(statusOf(p.writeU32(a[1], uint32(m.Size()))))
}
