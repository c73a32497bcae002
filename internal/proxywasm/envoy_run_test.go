package proxywasm

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// runInEnvoy sends a request through Envoy with the script and returns what the
// stream's callbacks have logged.
func runInEnvoy(t *testing.T, envoy, script string) []string {
	t.Helper()
	dir := t.TempDir()
	module, err := filepath.Abs(filepath.Join(modulesDir, "script.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	config, admin := filepath.Join(dir, "envoy.yaml"), filepath.Join(dir, "admin")
	if err := os.WriteFile(config, fmt.Appendf(nil, envoyBootstrap, strconv.Quote(script), module), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), envoy, "-c", config, "--concurrency", "1", "--disable-hot-restart",
		"--admin-address-path", admin, "-l", "info", "--log-format", "%v")
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	request(t, admin)
	_ = cmd.Process.Signal(os.Interrupt)
	_ = cmd.Wait() // ended by the signal; whether it worked is in the log
	return streamLines(log.String())
}

// streamLines takes the filter's lines of stream callbacks out of Envoy's log:
// "wasm log same: TEXT", or "wasm log: TEXT" while the root context is in effect,
// where TEXT may go on in further lines.
func streamLines(log string) []string {
	begin := regexp.MustCompile(`(?m)^wasm log(?: same[^:\n]*)?: ?`)
	var lines []string
	at := begin.FindAllStringIndex(log, -1)
	for i, m := range at {
		text := log[m[1]:]
		if i+1 < len(at) {
			text = log[m[1]:at[i+1][0]]
		}
		lines = append(lines, strings.TrimSuffix(text, "\n"))
	}
	// Behind the last line Envoy goes on with its own.
	if n := len(lines); n > 0 {
		lines[n-1], _, _ = strings.Cut(lines[n-1], "\n")
	}
	return slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "configure ") })
}

// request waits for Envoy and gets /path from its listener.
func request(t *testing.T, adminFile string) {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second}
	deadline := time.Now().Add(60 * time.Second)
	for time.Now().Before(deadline) {
		if address := listenerAddress(adminFile); address != "" {
			if r, err := client.Get("http://" + address + "/path"); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
				_ = r.Body.Close()
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("Envoy did not answer")
}

// listenerAddress asks the admin interface, "" while there is no answer.
func listenerAddress(adminFile string) string {
	admin, err := os.ReadFile(adminFile)
	if err != nil {
		return ""
	}
	r, err := http.Get("http://" + string(admin) + "/listeners")
	if err != nil {
		return ""
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	_, address, _ := strings.Cut(strings.TrimSpace(string(text)), "::")
	return address
}

const envoyBootstrap = `
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
static_resources:
  listeners:
  - name: main
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: main
          route_config:
            virtual_hosts:
            - {name: all, domains: ["*"], routes: [{match: {prefix: /}, direct_response: {status: 200, body: {inline_string: hi}}}]}
          http_filters:
          - name: wasm
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
              config:
                name: same
                configuration: {"@type": type.googleapis.com/google.protobuf.StringValue, value: %s}
                vm_config: {runtime: envoy.wasm.runtime.v8, code: {local: {filename: %q}}}
          - name: router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
`
