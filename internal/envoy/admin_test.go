package envoy

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wasmctl/wasmctl/internal/chain"
)

// admin is an admin interface with these answers, as Envoy 1.40 gives them.
func admin(t *testing.T, answers map[string]string) *Admin {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := answers[r.Method+" "+r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusServiceUnavailable)
			text = "PRE_INITIALIZING\n"
		}
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(server.Close)
	return NewAdmin(strings.TrimPrefix(server.URL, "http://"))
}

func TestAdminAnswers(t *testing.T) {
	t.Parallel()
	m := module(t)
	c := &chain.Chain{Filters: []chain.Filter{{Name: "a:b", Module: m}, {Name: "gone", Module: m}, {Name: "c", Module: m, VMID: "v"}}}
	a := admin(t, map[string]string{
		"GET /ready":       "LIVE\n",
		"GET /server_info": `{"version":"9e55/1.40.0/Clean/RELEASE/BoringSSL","state":"LIVE"}`,
		"GET /listeners": `{"listener_statuses":[
			{"name":"wasmctl","local_address":{"socket_address":{"address":"::1","port_value":45961}}},
			{"name":"echo","local_address":{"envoy_internal_address":{"server_listener_name":"echo"}}}]}`,
		"GET /stats": `{"stats":[{"name":"wasm.envoy.wasm.runtime.v8.active","value":6},
			{"name":"wasm.a_b.vm_reload","value":0},{"name":"wasm.c.vm_reload","value":0},
			{"histograms":{"supported_quantiles":[]}},{"name":"text","value":"x"}]}`,
		"POST /quitquitquit": "OK\n", "POST /drain_listeners": "OK\n", "GET /config_dump": "{}",
	})
	if err := errors.Join(a.Ready(t.Context()), a.Quit(t.Context()), a.DrainListeners(t.Context())); err != nil {
		t.Error(err)
	}
	if dump, err := a.ConfigDump(t.Context()); err != nil || string(dump) != "{}" {
		t.Errorf("%s, %v", dump, err)
	}
	if info, err := a.ServerInfo(t.Context()); err != nil || info != (ServerInfo{"1.40.0", "LIVE"}) {
		t.Errorf("%+v, %v", info, err)
	}
	listeners, err := a.Listeners(t.Context())
	if diff := cmp.Diff(map[string]string{"wasmctl": "[::1]:45961"}, listeners); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if state, err := a.Wasm(t.Context(), c, 1); err != nil || state != (WasmState{Active: 6, Expected: 6}) {
		t.Errorf("%+v, %v", state, err)
	}
	loaded, err := a.LoadedFilters(t.Context(), c)
	if diff := cmp.Diff(map[string]bool{"a:b": true, "gone": false, "c": true}, loaded); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestAdminErrors(t *testing.T) {
	t.Parallel()
	a := admin(t, map[string]string{"GET /server_info": "no JSON", "GET /config_dump": strings.Repeat("x", maxAdminReply+1)})
	var status *StatusError
	if err := a.Ready(t.Context()); !errors.As(err, &status) || status.Code != 503 || status.Text != "PRE_INITIALIZING" {
		t.Errorf("%v", err)
	}
	if _, err := a.ServerInfo(t.Context()); err == nil || !strings.Contains(err.Error(), "/server_info") {
		t.Errorf("%v", err)
	}
	if _, err := a.ConfigDump(t.Context()); err == nil || !strings.Contains(err.Error(), "larger than 64 MiB") {
		t.Errorf("%v", err)
	}
	if _, err := NewAdmin("127.0.0.1:1").Listeners(t.Context()); err == nil {
		t.Error("nobody answered")
	}
}
