package proxy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// newAdmin is the server of the admin listener: /ready and /stats, as Envoy has them.
func (s *Server) newAdmin() *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/ready", s.serveReady)
	mux.HandleFunc("/stats", s.serveStats)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(w, "no such page: %s\n\n", r.URL.Path)
		}
		fmt.Fprint(w, "admin pages:\n  /ready               LIVE, or DRAINING with status 503\n"+
			"  /stats               the counters, one \"name: value\" a line\n  /stats?format=json   the same as JSON\n")
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

// serveStats writes the counters sorted by name; with ?format=json in the form
// of Envoy: {"stats":[{"name":…,"value":…},…]}.
func (s *Server) serveStats(w http.ResponseWriter, r *http.Request) {
	figures := s.snapshot()
	names := make([]string, 0, len(figures))
	for name := range figures {
		names = append(names, name)
	}
	slices.Sort(names)
	if r.URL.Query().Get("format") != "json" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		for _, name := range names {
			fmt.Fprintf(w, "%s: %d\n", name, figures[name])
		}
		return
	}
	type stat struct {
		Name  string `json:"name"`
		Value int64  `json:"value"`
	}
	list := make([]stat, 0, len(names))
	for _, name := range names {
		list = append(list, stat{name, figures[name]})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"stats": list})
}
