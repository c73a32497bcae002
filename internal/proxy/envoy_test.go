package proxy

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// scenario is a script of a filter and what clients do meanwhile. Both hosts
// must show the same: the log, line by line, the answers, what the services
// were asked, the filters' metrics.
type scenario struct {
	name, script string
	// first takes the module that is built for ABI 0.1.0.
	first bool
	// requests are paths of GET, or whole requests. One that begins with & is sent
	// without waiting for its answer.
	requests []string
	// until is a piece of the last line that the filter logs.
	until string
	// sorted compares the log without its order, where that is left to chance.
	sorted bool
}

// outcome is what a scenario has led to.
type outcome struct {
	Log, Answers, Requests, Calls, Stats []string
}

// TestEnvoyAgrees runs each scenario in a real Envoy, which has a listener with
// a filter for each, and here.
func TestEnvoyAgrees(t *testing.T) {
	t.Parallel()
	envoy := testkit.Need(t, testkit.Envoy)
	services := services{startService(t), testkit.StartGRPC(t)}
	real := startEnvoy(t, envoy, services)
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			theirs := s.play(t, real(t, s), services)
			ours := s.play(t, startHere(t, s, services), services)
			if diff := cmp.Diff(theirs, ours); diff != "" {
				t.Errorf("the hosts differ (-Envoy +embedded):\n%s", diff)
			}
		})
	}
}

// services are what the filters of a scenario can call.
type services struct {
	http *service
	grpc *testkit.GRPC
}

// running is a host in which a scenario plays.
type running struct {
	listen, admin string
	log           func() []string
}

func (s *scenario) play(t *testing.T, h running, services services) outcome {
	t.Helper()
	o := outcome{Answers: s.ask(t, h)}
	h.await(t, s.until)
	o.Log, o.Requests, o.Calls = h.log(), services.http.requests(), services.grpc.Calls()
	if s.name == "metrics" {
		o.Stats = customStats(t, h.admin)
	}
	for i, line := range o.Log {
		o.Log[i] = varying.ReplaceAllString(line, "$1=N")
	}
	for i, request := range o.Requests {
		o.Requests[i] = requestID.ReplaceAllString(request, "x-request-id: ID")
	}
	if s.name == cancelling {
		o.Calls = nil
	}
	slices.Sort(o.Requests)
	slices.Sort(o.Calls)
	if s.sorted {
		slices.Sort(o.Log)
	}
	return o
}

// ask sends the requests and returns the answers.
func (s *scenario) ask(t *testing.T, h running) (answers []string) {
	t.Helper()
	var waiting []chan string
	for _, request := range s.requests {
		path, later := strings.CutPrefix(request, "&")
		if !later {
			answers = append(answers, askRaw(h.listen, request))
			continue
		}
		answer := make(chan string, 1)
		go func() { answer <- askRaw(h.listen, path) }()
		waiting = append(waiting, answer)
		h.await(t, path)
	}
	for _, answer := range waiting {
		answers = append(answers, <-answer)
	}
	return answers
}

// await waits until the filter has logged the text.
func (h *running) await(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		log := h.log()
		if slices.ContainsFunc(log, func(l string) bool { return strings.Contains(l, text) }) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no %q in the log:\n%s", text, strings.Join(log, "\n"))
		}
	}
}

var (
	varying   = regexp.MustCompile(`(x-envoy-upstream-service-time)=\d+`)
	requestID = regexp.MustCompile(`x-request-id: [0-9a-f-]+`)
)

// askRaw sends a request and returns what came back, without what always differs.
func askRaw(address, request string) string {
	if strings.HasPrefix(request, "/") {
		request = "GET " + request + " HTTP/1.1\r\nhost: h\r\n\r\n"
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, request); err != nil {
		return err.Error()
	}
	method, _, _ := strings.Cut(request, " ")
	return describe((&conn{Conn: c, r: bufio.NewReader(c)}).receiveQuietly(method))
}

func describe(a answer) string {
	if a.status == 0 {
		return "no answer"
	}
	var headers []string
	for _, h := range a.headers {
		if name, _, _ := strings.Cut(h, ":"); name != "date" && name != "server" && name != "x-envoy-upstream-service-time" {
			headers = append(headers, h)
		}
	}
	return fmt.Sprintf("%d %q %q close=%v", a.status, headers, a.body, a.close)
}

// customStats are the metrics of filters as the admin interface shows them.
func customStats(t *testing.T, admin string) (lines []string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		lines = nil
		for line := range strings.Lines(get200(t, "http://"+admin+"/stats")) {
			if strings.HasPrefix(line, customPrefix) {
				lines = append(lines, interval.ReplaceAllString(strings.TrimSpace(line), "(,"))
			}
		}
		// Envoy takes up what histograms have recorded now and then.
		if !slices.Contains(lines, customPrefix+"h: No recorded values") || time.Now().After(end) {
			return lines
		}
	}
}

// interval is the half of a histogram's figures that only Envoy keeps.
var interval = regexp.MustCompile(`\([^,]*,`)

func startHere(t *testing.T, s scenario, services services) running {
	t.Helper()
	named := func(f *chain.Filter) {
		f.Name, f.RootID, f.VMID, f.VMConfiguration = s.name, s.name, s.name, []byte(vmScript)
		if s.first {
			f.Module = module010(t)
		}
	}
	h := run(t, filter(s.script), last(named), upstreamAt("http", services.http.addr),
		withCluster("up", "http", services.http.addr.String()), withCluster("grpc", "h2c", services.grpc.Addr),
		withCluster("dead", "http", closedPort), withCluster("deadgrpc", "h2c", closedPort),
		func(o *Options) { o.OnRequest = nil })
	return running{
		listen: h.Addr().String(), admin: h.AdminAddr().String(),
		log: func() []string {
			h.mu.Lock()
			defer h.mu.Unlock()
			var lines []string
			for _, line := range h.logs {
				lines = append(lines, strings.TrimPrefix(line, s.name+" info "))
			}
			return lines
		},
	}
}

// startEnvoy starts Envoy, waits until it listens, and returns where the
// scenarios play.
func startEnvoy(t *testing.T, envoy string, services services) func(*testing.T, scenario) running {
	t.Helper()
	dir := t.TempDir()
	config, adminFile, log := filepath.Join(dir, "envoy.json"), filepath.Join(dir, "admin"), filepath.Join(dir, "log")
	if err := os.WriteFile(config, envoyConfig(t, services), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), envoy, "-c", config, "--concurrency", "1", "--disable-hot-restart",
		"--admin-address-path", adminFile, "-l", "info", "--log-format", "%v")
	stderr, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stderr.Close() })
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for end := time.Now().Add(time.Minute); !strings.Contains(readText(log), "starting main dispatch loop"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("Envoy does not start:\n%s", readText(log))
		}
	}
	admin := readText(adminFile)
	return func(t *testing.T, s scenario) running {
		t.Helper()
		h := running{admin: admin, log: func() []string { return wasmLines(log, s.name) }}
		for line := range strings.Lines(get200(t, "http://"+admin+"/listeners")) {
			if name, address, _ := strings.Cut(strings.TrimSpace(line), "::"); name == s.name {
				h.listen = address
			}
		}
		return h
	}
}

func get200(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	return string(text)
}

// vmScript is the configuration of each VM; it does nothing.
const vmScript = "none info"

func module010(t *testing.T) *wasm.Module {
	t.Helper()
	b, err := os.ReadFile("../../testdata/modules/script010.wasm")
	if err != nil {
		t.Fatal(err)
	}
	m, err := wasm.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func readText(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}

// wasmLines takes a filter's lines out of Envoy's log: "wasm log NAME ROOT VM: TEXT",
// without the first name in the root context.
func wasmLines(path, name string) []string {
	var lines []string
	for line := range strings.Lines(readText(path)) {
		before, text, _ := strings.Cut(line, ": ")
		if strings.HasPrefix(before, "wasm log ") && strings.HasSuffix(before, " "+name) {
			lines = append(lines, strings.TrimSuffix(text, "\n"))
		}
	}
	return lines
}

// object is JSON.
type object = map[string]any

const extensions = "type.googleapis.com/envoy.extensions."

func envoyConfig(t *testing.T, services services) []byte {
	t.Helper()
	var listeners []object
	for _, s := range scenarios() {
		listeners = append(listeners, envoyListener(t, s))
	}
	config, err := json.Marshal(object{
		"admin":                object{"address": anyPort()},
		"stats_flush_interval": "0.1s",
		"static_resources": object{
			"listeners": listeners,
			"clusters": []object{
				envoyCluster("up", services.http.addr.String(), false), envoyCluster("grpc", services.grpc.Addr, true),
				envoyCluster("dead", closedPort, false), envoyCluster("deadgrpc", closedPort, true),
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func anyPort() object {
	return object{"socket_address": object{"address": "127.0.0.1", "port_value": 0}}
}

// envoyListener is a listener with the filter of a scenario in a VM of its own.
func envoyListener(t *testing.T, s scenario) object {
	t.Helper()
	name := "script.wasm"
	if s.first {
		name = "script010.wasm"
	}
	module, err := filepath.Abs("../../testdata/modules/" + name)
	if err != nil {
		t.Fatal(err)
	}
	plugin := object{
		"name": s.name, "root_id": s.name,
		"configuration": object{"@type": "type.googleapis.com/google.protobuf.StringValue", "value": s.script},
		"vm_config":     object{"vm_id": s.name, "configuration": object{"@type": "type.googleapis.com/google.protobuf.StringValue", "value": vmScript}, "runtime": "envoy.wasm.runtime.v8", "code": object{"local": object{"filename": module}}},
	}
	manager := object{
		"@type": extensions + "filters.network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "main",
		"http_filters": []object{
			{"name": "wasm", "typed_config": object{"@type": extensions + "filters.http.wasm.v3.Wasm", "config": plugin}},
			{"name": "router", "typed_config": object{"@type": extensions + "filters.http.router.v3.Router"}},
		},
		"route_config": object{"virtual_hosts": []object{{
			"name": "all", "domains": []string{"*"},
			"routes": []object{{"match": object{"prefix": "/"}, "route": object{"cluster": "up"}}},
		}}},
	}
	return object{
		"name": s.name, "address": anyPort(),
		"filter_chains": []object{{"filters": []object{{"name": "hcm", "typed_config": manager}}}},
	}
}

func envoyCluster(name, address string, http2 bool) object {
	_, port, _ := net.SplitHostPort(address)
	at := object{"socket_address": object{"address": "127.0.0.1", "port_value": json.Number(port)}}
	c := object{"name": name, "load_assignment": object{
		"cluster_name": name, "endpoints": []object{{"lb_endpoints": []object{{"endpoint": object{"address": at}}}}},
	}}
	if http2 {
		const options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
		c["typed_extension_protocol_options"] = object{options: object{
			"@type": "type.googleapis.com/" + options, "explicit_http_config": object{"http2_protocol_options": object{}},
		}}
	}
	return c
}
