package proxywasm

// sharedFunctions reach what VMs share: data and queues.
func sharedFunctions() []hostFunction {
	return []hostFunction{
		{name: "proxy_get_shared_data", params: "iiiii", call: getSharedData},
		{name: "proxy_set_shared_data", params: "iiiii", call: setSharedData},
		{name: "proxy_register_shared_queue", params: "iii", call: registerSharedQueue},
		{name: "proxy_resolve_shared_queue", params: "iiiii", call: resolveSharedQueue},
		{name: "proxy_enqueue_shared_queue", params: "iii", call: enqueueSharedQueue},
		{name: "proxy_dequeue_shared_queue", params: "iii", call: dequeueSharedQueue},
	}
}

// getSharedData is proxy_get_shared_data(key, len, ret_ptr, ret_size, ret_cas).
func getSharedData(p *Plugin, a []uint64) uint32 {
	key, ok := p.read(a[0], a[1])
	if !ok {
		return uint32(StatusInvalidMemoryAccess)
	}
	v, ok := p.config.Shared.get(p.config.VMID, key)
	if !ok {
		return uint32(StatusNotFound)
	}
	if status := p.give(v.bytes, a[2], a[3]); status != StatusOK {
		return uint32(status)
	}
	return uint32(statusOf(p.writeU32(a[4], v.cas)))
}

// setSharedData is proxy_set_shared_data(key, len, value, len, cas).
func setSharedData(p *Plugin, a []uint64) uint32 {
	key, keyOK := p.read(a[0], a[1])
	value, valueOK := p.read(a[2], a[3])
	if !keyOK || !valueOK {
		return uint32(StatusInvalidMemoryAccess)
	}
	return uint32(p.config.Shared.set(p.config.VMID, key, value, u32(a[4])))
}

// registerSharedQueue is proxy_register_shared_queue(name, len, ret_id).
func registerSharedQueue(p *Plugin, a []uint64) uint32 {
	name, ok := p.read(a[0], a[1])
	if !ok {
		return uint32(StatusInvalidMemoryAccess)
	}
	id := p.config.Shared.register(p, name)
	if id == 0 {
		return uint32(StatusInternalFailure)
	}
	return uint32(statusOf(p.writeU32(a[2], id)))
}

// resolveSharedQueue is proxy_resolve_shared_queue(vm_id, len, name, len,
// ret_id). An empty vm_id means the filter's own.
func resolveSharedQueue(p *Plugin, a []uint64) uint32 {
	vmID, vmOK := p.read(a[0], a[1])
	name, nameOK := p.read(a[2], a[3])
	if !vmOK || !nameOK {
		return uint32(StatusInvalidMemoryAccess)
	}
	if len(vmID) == 0 {
		vmID = []byte(p.config.VMID)
	}
	id := p.config.Shared.resolve(vmID, name)
	if id == 0 {
		return uint32(StatusNotFound)
	}
	return uint32(statusOf(p.writeU32(a[4], id)))
}

// enqueueSharedQueue is proxy_enqueue_shared_queue(id, data, len).
func enqueueSharedQueue(p *Plugin, a []uint64) uint32 {
	data, ok := p.read(a[1], a[2])
	if !ok {
		return uint32(StatusInvalidMemoryAccess)
	}
	return uint32(p.config.Shared.enqueue(u32(a[0]), data))
}

// dequeueSharedQueue is proxy_dequeue_shared_queue(id, ret_ptr, ret_size).
func dequeueSharedQueue(p *Plugin, a []uint64) uint32 {
	item, status := p.config.Shared.dequeue(u32(a[0]))
	if status != StatusOK {
		return uint32(status)
	}
	return uint32(p.give(item, a[1], a[2]))
}
