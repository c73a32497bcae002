package chain_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/chain"
)

func TestParseUpstream(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                     "",
		"127.0.0.1:8080":       "http://127.0.0.1:8080",
		"http://host":          "http://host:80",
		"h2c://host:9/":        "h2c://host:9",
		"http://[::1]:80":      "http://[::1]:80",
		"https://host":         "error",
		"http://host/path":     "error",
		"http://":              "error",
		"http://u:p@host":      "error",
		"http://host:notaport": "error",
	} {
		got, err := chain.ParseUpstream(in)
		text := ""
		switch {
		case err != nil:
			text = "error"
		case got != nil:
			text = got.String()
		}
		if text != want {
			t.Errorf("ParseUpstream(%q) = %q (%v), want %q", in, text, err, want)
		}
	}
}

func TestParseCluster(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"auth=127.0.0.1:9000":        "auth http://127.0.0.1:9000",
		"auth=http://host":           "auth http://host:80",
		"limits=h2c://[::1]:50051":   "limits h2c://[::1]:50051",
		"auth":                       "has no '='",
		"=127.0.0.1:1":               "not a name",
		"a b=127.0.0.1:1":            "not a name",
		"auth=":                      "has no address",
		"auth=https://host":          "not supported",
		"auth=http://host/path":      "not scheme://host:port",
		"upstream=127.0.0.1:1":       "taken",
		"echo=127.0.0.1:1":           "taken",
		"outbound|80||a.b=h2c://h:1": "outbound|80||a.b h2c://h:1",
	} {
		c, err := chain.ParseCluster(in)
		text := ""
		if err != nil {
			text = err.Error()
		} else {
			text = c.Name + " " + c.URL.String()
		}
		if !strings.Contains(text, want) {
			t.Errorf("ParseCluster(%q): %q, want %q", in, text, want)
		}
	}
	c, err := chain.ParseCluster("a=b:1")
	if err != nil || chain.CheckClusters([]chain.Cluster{c}) != nil || chain.CheckClusters([]chain.Cluster{c, c}) == nil {
		t.Error("a name that is given twice")
	}
}

func TestFileClusters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{b: 127.0.0.1:1, a: 'h2c://h:2'}": "b http://127.0.0.1:1, a h2c://h:2",
		"{}":                               "",
		"{a: 1}":                           "not a name with an address",
		"{a: {b: c}}":                      "not a name with an address",
		"{upstream: 'h:1'}":                "taken",
		"{a: 'https://h'}":                 "not supported",
	} {
		path := filepath.Join(t.TempDir(), "chain.yaml")
		write(t, path, "clusters: "+text+"\nfilters: [{source: a}]\n")
		got := ""
		file, err := chain.ReadFile(path)
		if err != nil {
			got = err.Error()
		} else {
			clusters, err := file.ClusterList()
			if err != nil {
				t.Fatal(err)
			}
			var parts []string
			for _, c := range clusters {
				parts = append(parts, c.Name+" "+c.URL.String())
			}
			got = strings.Join(parts, ", ")
		}
		if !strings.Contains(got, want) || (want == "" && got != "") {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	const good = `
listen: 127.0.0.1:1
upstream: 127.0.0.1:2
filters:
  - source: ./a
    config: {b: 1, a: 2}
    vmConfig: hello
    failurePolicy: open
    env: {K: V}
    allowOnHeadersStopIteration: true
  - {source: x:v1, name: second, configFile: c.yaml}
`
	dir := t.TempDir()
	path := filepath.Join(dir, "chain.yaml")
	write(t, path, good)
	write(t, filepath.Join(dir, "c.yaml"), "k: v\n")

	file, err := chain.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first, second := file.Filters[0], file.Filters[1]
	if got, given, err := first.Configuration(file.Dir); string(got) != `{"b":1,"a":2}` || !given || err != nil {
		t.Errorf("config %q %v %v", got, given, err)
	}
	if got, err := first.VMConfiguration(); string(got) != "hello" || err != nil {
		t.Errorf("vmConfig %q %v", got, err)
	}
	if got, _, err := second.Configuration(file.Dir); string(got) != `{"k":"v"}` || err != nil {
		t.Errorf("configFile %q %v", got, err)
	}
	if !first.AllowOnHeadersStopIteration || first.Env["K"] != "V" || second.Name != "second" {
		t.Errorf("read %+v", file)
	}
}

func TestReadFileRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, text, want string }{
		{"unknown key", "filters:\n  - source: a\n    konfig: 1\n", "chain.yaml:3:5"},
		{"wrong type", "filters:\n  - source: [a]\n", "chain.yaml:2:"},
		{"no filters", "listen: x\n", "names no filter"},
		{"empty", "", "names no filter"},
		{"no source", "filters: [{name: a}]\n", "filters[0]: it has no source"},
		{"unknown policy", "filters: [{source: a, failurePolicy: ajar}]\n", `"ajar"`},
		{"config twice", "filters: [{source: a, config: {}, configFile: b}]\n", "both config and configFile"},
		{"one name twice", "filters: [{source: a, name: x}, {source: b, name: x}]\n", `"x"`},
		{"not YAML", "filters: [\n", "chain.yaml:"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "chain.yaml")
			write(t, path, c.text)
			_, err := chain.ReadFile(path)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
