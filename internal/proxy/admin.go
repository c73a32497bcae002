package proxy

import (
	"fmt"
	"net/http"
	"time"
)

// newAdmin is the server of the admin listener: /ready, /stats and
// /stats/prometheus, as Envoy has them.
func (s *Server) newAdmin() *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/ready", s.serveReady)
	mux.HandleFunc("/stats", s.serveStats)
	mux.HandleFunc("/stats/prometheus", s.servePrometheus)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(w, "no such page: %s\n\n", r.URL.Path)
		}
		fmt.Fprint(w, "admin pages:\n  /ready               LIVE, or DRAINING with status 503\n"+
			"  /stats               the counters, one \"name: value\" a line\n  /stats?format=json   the same as JSON\n"+
			"  /stats/prometheus    the same in the text format of Prometheus\n")
	})
	return &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, ErrorLog: discardLog()}
}

func (s *Server) serveReady(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if s.draining.Load() != 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "DRAINING")
		return
	}
	fmt.Fprintln(w, "LIVE")
}
