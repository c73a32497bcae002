package proxywasm

import "sync"

// Shared is what the VMs of a host share: data and queues, both by vm_id. All
// VMs that are given the same Shared see the same. It may be used from several
// goroutines.
type Shared struct {
	mu sync.Mutex
	// data is by vm_id and key.
	data     map[string]map[string]sharedValue
	dataSize int
	cas      uint32 // of the last write
	queues   map[uint32]*sharedQueue
	names    map[queueName]uint32
}

// NewShared returns an empty Shared.
func NewShared() *Shared {
	return &Shared{
		data:   map[string]map[string]sharedValue{},
		queues: map[uint32]*sharedQueue{},
		names:  map[queueName]uint32{},
	}
}

// Limits of what filters can make the host keep. Envoy has none.
const (
	maxSharedData   = 256 << 20 // bytes of all keys and values
	maxSharedQueues = 10_000
	maxQueueLength  = 100_000
	maxQueueBytes   = 64 << 20
	// sharedOverhead is what an entry costs beside its bytes.
	sharedOverhead = 64
)

// sharedValue is a value with its compare-and-swap number, which is never 0.
type sharedValue struct {
	bytes []byte // never changed, so that it can be read without the lock
	cas   uint32
}

func (s *Shared) get(vmID string, key []byte) (sharedValue, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.data[vmID][string(key)]
	return v, ok
}

// set stores a copy of value. cas is that of the value to replace; 0 replaces
// any, and a key that is not there takes any.
func (s *Shared) set(vmID string, key, value []byte, cas uint32) Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, exists := s.data[vmID][string(key)]
	if exists && cas != 0 && cas != old.cas {
		return StatusCasMismatch
	}
	size := s.dataSize + len(value) - len(old.bytes)
	if !exists {
		size += len(key) + sharedOverhead
	}
	if size > maxSharedData {
		return StatusInternalFailure
	}
	if s.cas++; s.cas == 0 {
		s.cas++
	}
	if s.data[vmID] == nil {
		s.data[vmID] = map[string]sharedValue{}
	}
	s.data[vmID][string(key)] = sharedValue{append([]byte(nil), value...), s.cas}
	s.dataSize = size
	return StatusOK
}

// queueName is how a queue is found: by the vm_id of who registered it.
type queueName struct{ vmID, name string }

type sharedQueue struct {
	items [][]byte
	bytes int
	// owner is the VM that is told of new items: the last one that registered
	// the queue. nil after it was closed.
	owner *Plugin
}

// register makes p the owner of its queue of that name, which may exist
// already. It returns the queue's id, 0 when there are too many.
func (s *Shared) register(p *Plugin, name []byte) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := queueName{p.config.VMID, string(name)}
	id, ok := s.names[key]
	if !ok {
		if len(s.names) >= maxSharedQueues {
			return 0
		}
		id = uint32(len(s.names)) + 1
		s.names[key] = id
		s.queues[id] = &sharedQueue{}
	}
	s.queues[id].owner = p
	return id
}

// resolve returns the id of a queue, 0 when there is none.
func (s *Shared) resolve(vmID, name []byte) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names[queueName{string(vmID), string(name)}]
}

// enqueue appends a copy of data and tells the queue's owner.
func (s *Shared) enqueue(id uint32, data []byte) Status {
	owner, status := s.push(id, data)
	if owner != nil {
		owner.host.QueueReady(id) // outside the lock
	}
	return status
}

func (s *Shared) push(id uint32, data []byte) (owner *Plugin, status Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, ok := s.queues[id]
	if !ok {
		return nil, StatusNotFound
	}
	if len(q.items) >= maxQueueLength || q.bytes+len(data) > maxQueueBytes {
		return nil, StatusInternalFailure
	}
	q.items = append(q.items, append([]byte(nil), data...))
	q.bytes += len(data)
	return q.owner, StatusOK
}

// dequeue takes the oldest item; StatusEmpty when there is none.
func (s *Shared) dequeue(id uint32) ([]byte, Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, ok := s.queues[id]
	switch {
	case !ok:
		return nil, StatusNotFound
	case len(q.items) == 0:
		return nil, StatusEmpty
	}
	item := q.items[0]
	q.items[0] = nil
	q.items = q.items[1:]
	q.bytes -= len(item)
	return item, StatusOK
}

// forget takes p, which is closed, off its queues. Their items stay for the VM
// that registers them next.
func (s *Shared) forget(p *Plugin) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		if q.owner == p {
			q.owner = nil
		}
	}
}
