package envoy

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
	"gopkg.in/yaml.v3"

	"github.com/wasmctl/wasmctl/internal/chain"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

var update = flag.Bool("update", false, "write the golden files")

func module(t testing.TB) *wasm.Module {
	t.Helper()
	m, err := wasm.Decode(testkit.Filter().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func parse(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := chain.ParseUpstream(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func filesOf(i int) string { return fmt.Sprintf("/run/filters/%d.wasm", i) }

func TestBootstrapGolden(t *testing.T) {
	t.Parallel()
	full := chain.Filter{
		Name: "full", RootID: "root", VMID: "vm",
		VMConfiguration:             []byte(`{"vm":1}`),
		Configuration:               []byte("{\n  \"a\": \"\\u00e9 'x'\",\n  \"b\": [1, 2]\n}\n"),
		Environment:                 map[string]string{"B": "2", "A": "yes"},
		FailurePolicy:               chain.FailReload,
		AllowOnHeadersStopIteration: true,
	}
	cases := []struct {
		name  string
		chain chain.Chain
	}{
		{"echo", chain.Chain{Filters: []chain.Filter{{Name: "one"}}}},
		{"chain", chain.Chain{
			Listen: "127.0.0.1:0", Admin: "[::1]:0", Upstream: parse(t, "http://127.0.0.1:8080"),
			Filters: []chain.Filter{full, {Name: "second: #2", Configuration: []byte{0xff, 0}, FailurePolicy: chain.FailOpen}},
		}},
		{"clusters", chain.Chain{Filters: []chain.Filter{{Name: "one"}}, Clusters: []chain.Cluster{
			{Name: "auth", URL: parse(t, "127.0.0.1:9000")}, {Name: "limits", URL: parse(t, "h2c://limits.test:50051")},
		}}},
		{"h2c", chain.Chain{Upstream: parse(t, "h2c://example.test:81"), Filters: []chain.Filter{{Name: "one", Configuration: []byte("on")}}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, err := Bootstrap(&c.chain, BootstrapOptions{ModulePath: filesOf})
			if err != nil {
				t.Fatal(err)
			}
			if err := b.ValidateAll(); err != nil {
				t.Errorf("the message breaks the API's own rules: %v", err)
			}
			got, err := MarshalYAML(b)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, c.name+".yaml", got)
			sameMessage(t, b, got)
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (go test -update writes it anew):\n%s", path, diff)
	}
}

// sameMessage reads the YAML with a YAML library, not with the code that wrote it.
func sameMessage(t *testing.T, want proto.Message, text []byte) {
	t.Helper()
	var document any
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatalf("not YAML: %v", err)
	}
	asJSON, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	got := &bootstrapv3.Bootstrap{}
	if err := protojson.Unmarshal(asJSON, got); err != nil {
		t.Fatalf("not a bootstrap: %v", err)
	}
	if !proto.Equal(want, got) {
		t.Errorf("the YAML reads as another message:\n%s", text)
	}
}

func TestBootstrapRefuses(t *testing.T) {
	t.Parallel()
	filters := []chain.Filter{{Name: "one"}}
	for _, c := range []chain.Chain{
		{Listen: "10000", Filters: filters},
		{Listen: "127.0.0.1:http-alt", Filters: filters},
		{Admin: "127.0.0.1:70000", Filters: filters},
	} {
		if _, err := Bootstrap(&c, BootstrapOptions{ModulePath: filesOf}); err == nil {
			t.Errorf("listen %q, admin %q was accepted", c.Listen, c.Admin)
		}
	}
}

func TestBootstrapReplacesAddresses(t *testing.T) {
	t.Parallel()
	c := &chain.Chain{Upstream: parse(t, "http://127.0.0.1:8080"), Clusters: []chain.Cluster{
		{Name: "here", URL: parse(t, "127.0.0.1:1")}, {Name: "there", URL: parse(t, "192.0.2.1:2")},
	}}
	b, err := Bootstrap(c, BootstrapOptions{
		Listen: "0.0.0.0:1", Admin: "0.0.0.0:2", Upstream: "host.docker.internal:8080", ModulePath: filesOf,
		Clusters: map[string]string{"here": "host.docker.internal:1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := MarshalJSON(b)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "replaced.json", text)
}

func TestMarshalJSONIsStable(t *testing.T) {
	t.Parallel()
	m := wrapperspb.String("x")
	first, err := MarshalJSON(m)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := MarshalJSON(m); string(again) != string(first) {
		t.Errorf("%q, then %q", first, again)
	}
}

// FuzzConfiguration: whatever a filter's configuration is, a YAML library reads
// the same bytes out of the bootstrap.
func FuzzConfiguration(f *testing.F) {
	for _, s := range []string{
		"a\nb\n", "# x\n# y\n", " lead\nmore\n", "1e3", "0x1f", "~", "null", "a: b", "tab\there\nx\n", "\u0085\u2028\ufeff", "\U0001f600",
		"\r\n\r\n", "'", `"\`, "- a\n- b\n", "---\na\n", "%x\ny\n", "a\n\n b\n", "é\nß\n", "trail \nx\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &chain.Chain{Filters: []chain.Filter{{Name: "one", Configuration: b}}}
		bootstrap, err := Bootstrap(c, BootstrapOptions{ModulePath: filesOf})
		if err != nil {
			t.Fatal(err)
		}
		text, err := MarshalYAML(bootstrap)
		if err != nil {
			t.Fatal(err)
		}
		sameMessage(t, bootstrap, text)
	})
}
