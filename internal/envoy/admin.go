package envoy

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Admin asks a running Envoy through its admin interface.
// https://www.envoyproxy.io/docs/envoy/latest/operations/admin
type Admin struct {
	address string
	client  *http.Client
}

// The bounds of one question: what it may take, and how much Envoy may answer.
const (
	adminTimeout  = 5 * time.Second
	maxAdminReply = 64 << 20
)

// NewAdmin returns a client of the admin interface at host:port.
func NewAdmin(address string) *Admin {
	// Every question has its own connection: an Envoy that is to end shall not
	// wait for idle ones.
	transport := &http.Transport{DisableKeepAlives: true, Proxy: nil}
	return &Admin{address: address, client: &http.Client{Transport: transport, Timeout: adminTimeout}}
}

// Address is the host:port of the admin interface.
func (a *Admin) Address() string { return a.address }

// StatusError is an answer of the admin interface other than 200.
type StatusError struct {
	// Path is what was asked, Code the HTTP status, Text what Envoy said.
	Path string
	Code int
	Text string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("Envoy answered %s with %d: %s", e.Path, e.Code, e.Text)
}

// Ready returns nil when Envoy's listeners and workers have started, that is
// when GET /ready answers LIVE. Until then the error is *StatusError or one of
// the network.
func (a *Admin) Ready(ctx context.Context) error {
	_, err := a.call(ctx, http.MethodGet, "/ready")
	return err
}

// ServerInfo is the part of /server_info that says which Envoy runs.
type ServerInfo struct {
	// Version is such as 1.40.0.
	Version string
	// State is LIVE, DRAINING, PRE_INITIALIZING or INITIALIZING.
	State string
}

// ServerInfo asks which Envoy it is.
func (a *Admin) ServerInfo(ctx context.Context) (ServerInfo, error) {
	var reply struct{ Version, State string }
	if err := a.json(ctx, "/server_info", &reply); err != nil {
		return ServerInfo{}, err
	}
	// The form is COMMIT/VERSION/STATE/TYPE/TLS.
	version := reply.Version
	if parts := strings.Split(version, "/"); len(parts) > 1 {
		version = parts[1]
	}
	return ServerInfo{Version: version, State: reply.State}, nil
}

// Listeners returns the addresses, host:port, that the listeners are bound to,
// by their names. A listener inside of Envoy has none and is left out.
func (a *Admin) Listeners(ctx context.Context) (map[string]string, error) {
	var reply struct {
		ListenerStatuses []struct {
			Name         string
			LocalAddress struct {
				SocketAddress *struct {
					Address   string
					PortValue uint16 `json:"port_value"`
				} `json:"socket_address"`
			} `json:"local_address"`
		} `json:"listener_statuses"`
	}
	if err := a.json(ctx, "/listeners?format=json", &reply); err != nil {
		return nil, err
	}
	listeners := map[string]string{}
	for _, l := range reply.ListenerStatuses {
		if at := l.LocalAddress.SocketAddress; at != nil {
			listeners[l.Name] = net.JoinHostPort(at.Address, strconv.Itoa(int(at.PortValue)))
		}
	}
	return listeners, nil
}

// Stats returns the counters and gauges whose names match the regular expression.
func (a *Admin) Stats(ctx context.Context, filter string) (map[string]uint64, error) {
	var reply struct {
		Stats []struct {
			Name  string
			Value json.RawMessage // histograms have none or an object
		}
	}
	if err := a.json(ctx, "/stats?format=json&filter="+url.QueryEscape(filter), &reply); err != nil {
		return nil, err
	}
	stats := map[string]uint64{}
	for _, s := range reply.Stats {
		if n, err := strconv.ParseUint(string(s.Value), 10, 64); err == nil && s.Name != "" {
			stats[s.Name] = n
		}
	}
	return stats, nil
}

// ConfigDump returns /config_dump as Envoy writes it, in JSON.
func (a *Admin) ConfigDump(ctx context.Context) ([]byte, error) {
	return a.call(ctx, http.MethodGet, "/config_dump")
}

// DrainListeners makes Envoy take no new connections; open ones go on.
func (a *Admin) DrainListeners(ctx context.Context) error {
	_, err := a.call(ctx, http.MethodPost, "/drain_listeners")
	return err
}

// Quit makes Envoy end.
func (a *Admin) Quit(ctx context.Context) error {
	_, err := a.call(ctx, http.MethodPost, "/quitquitquit")
	return err
}

func (a *Admin) json(ctx context.Context, path string, into any) error {
	body, err := a.call(ctx, http.MethodGet, path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("read Envoy's answer to %s: %w", path, err)
	}
	return nil
}

func (a *Admin) call(ctx context.Context, method, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+a.address+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAdminReply+1))
	if err != nil {
		return nil, fmt.Errorf("read Envoy's answer to %s: %w", path, err)
	}
	if len(body) > maxAdminReply {
		return nil, fmt.Errorf("the answer of Envoy to %s is larger than %d MiB", path, maxAdminReply>>20)
	}
	if response.StatusCode != http.StatusOK {
		return nil, &StatusError{Path: path, Code: response.StatusCode, Text: strings.TrimSpace(string(body))}
	}
	return body, nil
}
