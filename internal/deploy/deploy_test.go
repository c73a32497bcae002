package deploy

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wasmctl/wasmctl/internal/chain"
)

func TestEnvoyAnswersWithTheFilters(t *testing.T) {
	t.Parallel()
	for via, options := range ways() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			c := one(markModule(t, "first"))
			c.Filters = append(c.Filters, chain.Filter{Name: "second", Module: markModule(t, "second"), RootID: "root", VMID: "vm"})
			o := options(t, c)
			o.Concurrency = 2
			d := start(t, o)
			if d.Via != via || d.Version != "1.40.0" || len(d.Filters) != 2 || !d.Filters[1].Active {
				t.Errorf("%+v", d)
			}
			for _, http2 := range []bool{false, true} {
				checkAnswer(t, d, http2)
			}
			lines := regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d info wasm log (my-filter|second): marked\\ntwice$`)
			eventually(t, "log lines", func() bool {
				return len(lines.FindAllString(o.Log.(*lockedBuffer).String(), -1)) == 4
			})
			t.Log(o.Log)
		})
	}
}

func checkAnswer(t *testing.T, d *Deployment, http2 bool) {
	t.Helper()
	response, text := ask(t, d.ListenAddr, http2, "a \"b\"\n\x01é")
	if response.StatusCode != http.StatusOK || (response.ProtoMajor == 2) != http2 {
		t.Fatalf("%s %s: %s", response.Proto, response.Status, text)
	}
	// The response passes the filters in reverse order.
	if diff := cmp.Diff([]string{"second", "first"}, response.Header.Values("x-mark")); diff != "" {
		t.Error(diff)
	}
	e := parseEcho(t, text)
	if e.Method != "POST" || e.Path != "/a?b=c" || e.Body != "a \"b\"\n\x01é" {
		t.Errorf("echo %+v", e)
	}
	if diff := cmp.Diff([]string{"1", "2"}, e.Headers["x-twice"]); diff != "" {
		t.Error(diff)
	}
	if got := e.Trailers["x-trailer"]; http2 != (len(got) == 1) {
		t.Errorf("trailers %q", got)
	}
	t.Log(text)
}

func TestEnvoyReachesUpstreams(t *testing.T) {
	t.Parallel()
	for via, options := range ways() {
		for _, scheme := range []string{"http", "h2c"} {
			t.Run(string(via)+" "+scheme, func(t *testing.T) {
				t.Parallel()
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("x-proto", r.Proto)
				}))
				server.Config.Protocols = new(http.Protocols)
				server.Config.Protocols.SetHTTP1(scheme == "http")
				server.Config.Protocols.SetUnencryptedHTTP2(scheme == "h2c")
				server.Start()
				t.Cleanup(server.Close)
				c := one(markModule(t, "x"))
				at, _ := url.Parse(server.URL)
				c.Upstream = &url.URL{Scheme: scheme, Host: "localhost:" + at.Port()}
				d := start(t, options(t, c))
				response, _ := ask(t, d.ListenAddr, false, "")
				want := map[string]string{"http": "HTTP/1.1", "h2c": "HTTP/2.0"}[scheme]
				if got := response.Header.Get("x-proto"); got != want {
					t.Errorf("upstream saw %q, want %q; %s", got, want, response.Status)
				}
			})
		}
	}
}

func TestWaitSeesTheEnd(t *testing.T) {
	t.Parallel()
	for via, options := range ways() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			d := start(t, options(t, one(markModule(t, "x"))))
			if err := d.live.admin.Quit(t.Context()); err != nil {
				t.Fatal(err)
			}
			var ended *EndedError
			if err := d.Wait(t.Context()); !errors.As(err, &ended) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestWaitUntilCancelled(t *testing.T) {
	t.Parallel()
	for via, options := range ways() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			d := start(t, options(t, one(markModule(t, "x"))))
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := d.Wait(ctx); err != nil {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestStopLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(arrived)
		<-release
	}))
	t.Cleanup(server.Close)
	c := one(markModule(t, "x"))
	c.Upstream, _ = url.Parse(server.URL)
	d := start(t, binaryOptions(t, c))
	status := make(chan int, 1)
	go func() {
		response, err := http.Get("http://" + d.ListenAddr)
		if err != nil {
			status <- 0
			return
		}
		defer response.Body.Close()
		status <- response.StatusCode
	}()
	<-arrived
	stopped := make(chan error, 1)
	go func() { stopped <- d.Stop(t.Context()) }()
	eventually(t, "the listener is closed", func() bool {
		_, err := http.Get("http://" + d.ListenAddr)
		return err != nil
	})
	close(release)
	if got := <-status; got != http.StatusOK {
		t.Errorf("the request under way got %d", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	o := binaryOptions(t, one(markModule(t, "x")))
	type result struct {
		d   *Deployment
		err error
	}
	results := make(chan result, 2)
	for range 2 {
		go func() {
			d, err := Envoy(t.Context(), o)
			results <- result{d, err}
		}()
	}
	var up, refused int
	for range 2 {
		switch r := <-results; {
		case r.err == nil:
			up++
			t.Cleanup(func() { _ = r.d.Stop(context.Background()) })
		case errors.Is(r.err, ErrExists):
			refused++
		default:
			t.Error(r.err)
		}
	}
	if up != 1 || refused != 1 {
		t.Errorf("%d up, %d refused", up, refused)
	}
	other := o
	other.Name = "other"
	start(t, other)
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	for via, options := range ways() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			o := options(t, one(markModule(t, "x")))
			text, err := DryRun(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			want := map[Via]string{
				ViaBinary: `filename: "` + o.StateDir + `/envoy/0-my-filter.wasm"`,
				ViaDocker: `filename: "/etc/wasmctl/0-my-filter.wasm"`,
			}[via]
			if !strings.Contains(string(text), want) {
				t.Errorf("no %s in:\n%s", want, text)
			}
			if via == ViaBinary {
				d := start(t, o)
				used, err := os.ReadFile(d.RunDir + "/" + bootstrapFile)
				if diff := cmp.Diff(string(text), string(used)); err != nil || diff != "" {
					t.Errorf("%v, the bootstrap used is another one:\n%s", err, diff)
				}
			}
		})
	}
}

// What Envoy hands a filter as its configuration is what the chain holds.
func TestConfigurationArrives(t *testing.T) {
	t.Parallel()
	for _, configuration := range []string{"{\n  \"a\": 1\n}\n", "on", "1e3", " x: #y\t\u0085\u2028'\"\\\r\n\n", "\xff\xfe\x00"} {
		c := one(logConfigurationModule(t))
		c.Filters[0].Configuration = []byte(configuration)
		o := binaryOptions(t, c)
		start(t, o)
		// The log shows a newline as \n, and cuts the text at a NUL.
		shown, _, _ := strings.Cut(strings.ReplaceAll(configuration, "\n", `\n`), "\x00")
		if got := o.Log.(*lockedBuffer).String(); !strings.Contains(got, "wasm log my-filter: "+shown) {
			t.Errorf("%q became %q", configuration, got)
		}
	}
}

// Filters of the same module share VMs, unless their VM settings differ. The
// proof must expect the right number.
func TestSharedVMs(t *testing.T) {
	t.Parallel()
	shared, other := markModule(t, "x"), markModule(t, "y")
	c := one(shared)
	c.Filters = append(c.Filters,
		chain.Filter{Name: "same", Module: shared, Configuration: []byte("b"), RootID: "r"},
		chain.Filter{Name: "other module", Module: other},
		chain.Filter{Name: "other:id", Module: shared, VMID: "v"},
		chain.Filter{Name: "other configuration", Module: shared, VMConfiguration: []byte("v")},
		chain.Filter{Name: "environment", Module: shared, Environment: map[string]string{"A": "1"}},
	)
	o := binaryOptions(t, c)
	o.Concurrency = 2
	d := start(t, o)
	vms, err := d.live.admin.Wasm(t.Context(), c, o.Concurrency)
	if err != nil || vms.Active != vms.Expected {
		t.Errorf("%+v, %v", vms, err)
	}
	if response, _ := ask(t, d.ListenAddr, false, ""); len(response.Header.Values("x-mark")) != len(c.Filters) {
		t.Errorf("%v", response.Header)
	}
}
