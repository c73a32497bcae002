package proxywasm

import "github.com/tetratelabs/wazero/api"

// read returns a view of the filter's memory, false when it is not all inside.
// The view is valid until the filter allocates.
func (p *Plugin) read(ptr, size uint64) ([]byte, bool) {
	return p.memory.Read(u32(ptr), u32(size))
}

// writeU32 stores a 32-bit number in the filter's memory.
func (p *Plugin) writeU32(ptr uint64, v uint32) bool {
	return p.memory.WriteUint32Le(u32(ptr), v)
}

// statusOf returns StatusOK for a memory access that worked.
func statusOf(ok bool) Status {
	if !ok {
		return StatusInvalidMemoryAccess
	}
	return StatusOK
}

// allocate asks the filter for size > 0 bytes and returns where they are and a
// view of them, false when the filter has no memory for them.
func (p *Plugin) allocate(size int) (ptr uint32, at []byte, ok bool) {
	was := p.restricted
	p.restricted = true
	p.allocStack[0] = api.EncodeU32(uint32(size))
	err := p.allocator.CallWithStack(p.ctx, p.allocStack[:])
	p.restricted = was
	if err != nil {
		// The filter has trapped: the call it is in must end too.
		panic(&allocationError{err})
	}
	ptr = u32(p.allocStack[0])
	if ptr == 0 {
		return 0, nil, false
	}
	at, ok = p.memory.Read(ptr, uint32(size))
	return ptr, at, ok
}

// allocationError is a trap in the filter's allocator.
type allocationError struct{ err error }

func (e *allocationError) Error() string { return "allocating memory: " + e.err.Error() }
func (e *allocationError) Unwrap() error { return e.err }

// give copies data into memory of the filter and stores where it is and how
// long. Nothing is allocated for no data: SDKs cannot handle that.
func (p *Plugin) give(data []byte, retPtr, retSize uint64) Status {
	if len(data) == 0 {
		return p.giveAt(0, 0, retPtr, retSize)
	}
	ptr, at, ok := p.allocate(len(data))
	if !ok {
		return StatusInvalidMemoryAccess
	}
	copy(at, data)
	return p.giveAt(ptr, len(data), retPtr, retSize)
}

// giveMap is give for the pair list of m.
func (p *Plugin) giveMap(m *HeaderMap, retPtr, retSize uint64) Status {
	size := pairsSize(m)
	if size == 0 {
		return p.giveAt(0, 0, retPtr, retSize)
	}
	ptr, at, ok := p.allocate(size)
	if !ok {
		return StatusInvalidMemoryAccess
	}
	putPairs(at, m)
	return p.giveAt(ptr, size, retPtr, retSize)
}

func (p *Plugin) giveAt(ptr uint32, size int, retPtr, retSize uint64) Status {
	return statusOf(p.writeU32(retPtr, ptr) && p.writeU32(retSize, uint32(size)))
}
