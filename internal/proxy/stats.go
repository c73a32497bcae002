package proxy

import (
	"runtime"
	"strconv"
	"sync/atomic"
	"time"
)

// stats are the counters of a Server. Their names on the admin listener are
// Envoy's where they mean the same.
type stats struct {
	started time.Time

	cxTotal, cxActive          atomic.Int64
	rqTotal, rqActive, rqReset atomic.Int64
	rqHTTP1, rqHTTP2           atomic.Int64
	rqClass                    [6]atomic.Int64 // by status/100; 0 is unused
}

// clusterStats are the counters of a cluster.
type clusterStats struct {
	cxTotal, cxActive, cxFailed  atomic.Int64
	rqTotal, rqActive, rqRetried atomic.Int64
	rqTimeout, rqReset           atomic.Int64
	rqOverflow                   atomic.Int64
	rqClass                      [6]atomic.Int64
}

func countClass(classes *[6]atomic.Int64, status int) {
	if c := status / 100; c >= 1 && c <= 5 {
		classes[c].Add(1)
	}
}

// snapshot is all figures by name.
func (s *Server) snapshot() map[string]int64 {
	st := &s.stats
	in := "http." + ingressName + "."
	out := map[string]int64{
		in + "downstream_cx_total":       st.cxTotal.Load(),
		in + "downstream_cx_active":      st.cxActive.Load(),
		in + "downstream_rq_total":       st.rqTotal.Load(),
		in + "downstream_rq_active":      st.rqActive.Load(),
		in + "downstream_rq_rx_reset":    st.rqReset.Load(),
		in + "downstream_rq_http1_total": st.rqHTTP1.Load(),
		in + "downstream_rq_http2_total": st.rqHTTP2.Load(),
		"server.uptime":                  int64(time.Since(st.started).Seconds()),
		"server.concurrency":             int64(len(s.workers)),
		"server.live":                    int64(1 - s.draining.Load()),
	}
	addClasses(out, in+"downstream_rq_", &st.rqClass)
	for _, c := range s.clusters {
		c.addStats(out)
	}
	s.addFilters(out)
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	out["server.memory_allocated"] = int64(mem.HeapAlloc)
	out["server.memory_heap_size"] = int64(mem.HeapSys)
	out["wasmctl.goroutines"] = int64(runtime.NumGoroutine())
	return out
}

func (c *cluster) addStats(out map[string]int64) {
	up, st := "cluster."+c.name+".upstream_", &c.stats
	out[up+"cx_total"] = st.cxTotal.Load()
	out[up+"cx_active"] = st.cxActive.Load()
	out[up+"cx_connect_fail"] = st.cxFailed.Load()
	out[up+"rq_total"] = st.rqTotal.Load()
	out[up+"rq_active"] = st.rqActive.Load()
	out[up+"rq_retry"] = st.rqRetried.Load()
	out[up+"rq_timeout"] = st.rqTimeout.Load()
	out[up+"rq_rx_reset"] = st.rqReset.Load()
	out[up+"rq_pending_overflow"] = st.rqOverflow.Load()
	addClasses(out, up+"rq_", &st.rqClass)
}

func addClasses(out map[string]int64, prefix string, classes *[6]atomic.Int64) {
	completed := int64(0)
	for i := 1; i < len(classes); i++ {
		n := classes[i].Load()
		out[prefix+strconv.Itoa(i)+"xx"] = n
		completed += n
	}
	out[prefix+"completed"] = completed
}

// addFilters adds the figures of each filter, summed over the workers.
func (s *Server) addFilters(out map[string]int64) {
	for _, w := range s.workers {
		w.mu.Lock()
		for _, slot := range w.slots {
			prefix := "wasm." + slot.name + "."
			out[prefix+"created"] += int64(slot.created)
			out[prefix+"traps"] += int64(slot.traps)
			active := int64(0)
			if slot.vm != nil {
				p := slot.vm.plugin.Stats()
				if !slot.vm.plugin.Failed() {
					active = 1
				}
				out[prefix+"memory_bytes"] += int64(p.MemoryBytes)
				out[prefix+"streams_active"] += int64(p.StreamsActive)
				out[prefix+"streams_created"] += int64(p.StreamsCreated)
			}
			out[prefix+"active"] += active
		}
		w.mu.Unlock()
	}
}
