package proxywasm

import "bytes"

// propertyFunctions read and write properties.
func propertyFunctions() []hostFunction {
	return []hostFunction{
		{name: "proxy_get_property", params: "iiii", call: getProperty},
		{name: "proxy_set_property", params: "iiii", call: setProperty},
	}
}

// getProperty is proxy_get_property(path, path_len, ret_ptr, ret_size).
func getProperty(p *Plugin, a []uint64) uint32 {
	path, ok := p.read(a[0], a[1])
	if !ok {
		return uint32(StatusInvalidMemoryAccess)
	}
	if len(path) > 1 {
		path = bytes.TrimSuffix(path, []byte{0}) // a last segment may be ended too
	}
	value, status := p.property(p.scratch[:0], path)
	p.keepScratch(value)
	if status != StatusOK {
		return uint32(status)
	}
	return uint32(p.give(value, a[2], a[3]))
}

// maxScratch is how much memory a large value leaves to the next ones.
const maxScratch = 1 << 20

// keepScratch keeps the memory of a value for the next one.
func (p *Plugin) keepScratch(value []byte) {
	if c := cap(value); c > cap(p.scratch) && c <= maxScratch {
		p.scratch = value[:0]
	}
}

// property answers for the plugin itself and asks the host for all others.
func (p *Plugin) property(dst, path []byte) ([]byte, Status) {
	switch string(path) {
	case "":
		return dst, StatusSerializationFailure
	case "\x00":
		return dst, StatusNotFound
	case "plugin_name":
		return append(dst, p.config.Name...), StatusOK
	case "plugin_root_id":
		return append(dst, p.config.RootID...), StatusOK
	case "plugin_vm_id":
		return append(dst, p.config.VMID...), StatusOK
	}
	if p.active != nil {
		return p.active.host.Property(dst, path)
	}
	if p.config.Property != nil {
		return p.config.Property(dst, path)
	}
	return dst, StatusNotFound
}

// setProperty is proxy_set_property(path, path_len, value, value_len).
func setProperty(p *Plugin, a []uint64) uint32 {
	path, pathOK := p.read(a[0], a[1])
	value, valueOK := p.read(a[2], a[3])
	if !pathOK || !valueOK {
		return uint32(StatusInvalidMemoryAccess)
	}
	if p.active == nil {
		return uint32(StatusNotFound)
	}
	return uint32(p.active.host.SetProperty(path, value))
}
