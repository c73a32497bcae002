package cli_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wasmctl/wasmctl/internal/cli"
	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/ui"
)

// templateCase is how the projects made from a template must behave, in
// whichever language they are written.
type templateCase struct {
	// config is the configuration of the filter, JSON.
	config string
	// requests are sent as they stand.
	requests map[string]string
	// shows are texts that an answer must contain, by request: without them,
	// filters that do nothing would agree as well.
	shows map[string]string
	// refused are configurations that the filter itself must refuse, each with
	// what its message must contain.
	refused map[string]string
}

func get(target string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: shop.example\r\nX-Secret: s\r\n\r\n"
}

var templateCases = map[string]templateCase{
	"empty": {
		requests: map[string]string{"plain": get("/a?b=c"), "body": exchanges["body"], "404": exchanges["404"]},
		shows:    map[string]string{"plain": `"target":"/a?b=c"`},
	},
	"http-headers": {
		config: `{"request": {"remove": ["X-Secret", "x-none"], "set": [{"name": ":path", "value": "/set"}, {"name": "user-agent", "value": "grün"}],
			"add": [{"name": "x-many", "value": "3"}, {"name": "x-empty", "value": ""}]},
			"response": {"remove": ["x-upstream"], "set": [{"name": "X-Set", "value": "\u0031"}], "add": [{"name": "x-added", "value": "2"}, {"name": "x-added", "value": "4"}]}}`,
		requests: map[string]string{
			"plain": get("/a?b=c"), "repeats": exchanges["repeats"], "removed, set": exchanges["removed, set"], "body": exchanges["body"],
			"chunked": exchanges["chunked"], "head": exchanges["head"], "404": exchanges["404"], "no upstream": exchanges["no upstream"],
		},
		shows: map[string]string{"plain": `"target":"/set"`, "404": `X-Set: ["1"]`, "body": `"X-Many":["3"]`, "head": `X-Added: ["2" "4"]`},
		refused: map[string]string{
			`{"requests": {}}`:                                          "configuration: /requests: ",
			`{"request": {"add": [{"name": "a"}]}}`:                     "configuration: /request/add/0: ",
			`{"request": {"set": [{"name": "a", "value": 1}]}}`:         "configuration: /request/set/0/value: ",
			`{"response": {"remove": ["a", ":status"]}}`:                "configuration: /response/remove/1: ",
			`{"response": {"add": [{"name": "a", "value": "1\r\nb"}]}}`: "configuration: /response/add/0/value: ",
			`{"request": {}, "request": {}}`:                            "configuration: ",
		},
	},
	"path-rewrite": {
		config: `{"rewrites": [{"regex_match": "^/old(/|$)", "custom_path": "/new"}, {"regex_match": "\\d{3}$", "custom_path": "/number?$1"},
			{"regex_match": "^/(?:ab|cd)+[x-z]*\\?q=[^&]+&r$", "custom_path": "/third"}, {"regex_match": "\\.(png|jpe?g)\\b", "custom_path": "/image"}]}`,
		requests: map[string]string{
			"first": get("/old/page?x=1"), "first, bare": get("/old"), "not first": get("/older"), "second": get("/item/123"),
			"second, not at the end": get("/item/123/"), "third": get("/abcdabyz?q=%20&r"), "third, empty": get("/abcd?q=&r"),
			"fourth": get("/a.jpg?b"), "fourth, longer": get("/a.jpgx"), "long": get("/" + strings.Repeat("abcd", 1500) + "?q=1&r"),
		},
		shows: map[string]string{
			"first": `"target":"/new"`, "not first": `"target":"/older"`, "second": `"target":"/number?$1"`, "third": `"target":"/third"`,
			"fourth": `"target":"/image"`, "long": `"target":"/third"`,
		},
		refused: map[string]string{
			`{"rewrites": [{"regex_match": "a(b", "custom_path": "/"}]}`: "configuration: /rewrites/0/regex_match: ",
			`{"rewrites": [{"regex_match": "a"}]}`:                       "configuration: /rewrites/0: ",
			`{"rewrites": {}}`:                                           "configuration: /rewrites: ",
		},
	},
}

// TestLanguagesAgree builds every template in every language, with the tools of
// this machine and in builder containers, and sends the same requests through
// each module in the embedded host and in a real Envoy. All answers must be those
// that Envoy gives with the module in Go.
func TestLanguagesAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("needs every compiler, Docker and Envoy")
	}
	testkit.Need(t, testkit.Envoy)
	testkit.UseRust(t) // which sets PATH: this test runs while no other does
	upstream := httptest.NewServer(http.HandlerFunc(tell))
	t.Cleanup(upstream.Close)
	for _, template := range slices.Sorted(maps.Keys(templateCases)) {
		t.Run(template, func(t *testing.T) {
			t.Parallel()
			c := templateCases[template]
			s := serving{upstream: upstream.URL, config: filepath.Join(t.TempDir(), "config.json")}
			if err := os.WriteFile(s.config, []byte(c.config), 0o600); err != nil {
				t.Fatal(err)
			}
			want := s.inEnvoy(t, buildTemplate(t, "go", template, "host"), c)
			for name, text := range c.shows {
				if answer := strings.Join(want[name], "\n"); !strings.Contains(answer, text) {
					t.Errorf("%s: Envoy's answer lacks %q:\n%s", name, text, answer)
				}
			}
			for _, language := range []string{"go", "rust", "cpp", "assemblyscript"} {
				for _, place := range []string{"host", "container"} {
					t.Run(language+" "+place, func(t *testing.T) {
						module := buildTemplate(t, language, template, place)
						compareAnswers(t, "Envoy", want, s.inEnvoy(t, module, c))
						compareAnswers(t, "the embedded host", want, s.embedded(t, module, c))
						for config, text := range c.refused {
							refuses(t, module, config, text)
						}
					})
				}
			}
		})
	}
}

// buildTemplate makes a project, builds it and returns the module.
func buildTemplate(t *testing.T, language, template, place string) string {
	t.Helper()
	if place == "container" {
		testkit.Need(t, testkit.Docker)
	} else {
		needLanguage(t, language)
	}
	dir := filepath.Join(t.TempDir(), template)
	runCommand(t, "init", dir, "--language", language, "--template", template, "--yes", "-q")
	module := filepath.Join(t.TempDir(), template+".wasm")
	runCommand(t, "build", dir, "--toolchain", place, "-o", module)
	return module
}

func needLanguage(t *testing.T, language string) {
	t.Helper()
	components := map[string]testkit.Component{
		"go": testkit.Go, "rust": testkit.Rust, "cpp": testkit.Cpp, "assemblyscript": testkit.Node,
	}
	testkit.Need(t, components[language])
}

// serving is what the hosts of a case have in common.
type serving struct{ upstream, config string }

// answers are what exchangeWith saw, by the name of the request.
type answers map[string][]string

func (s serving) inEnvoy(t *testing.T, module string, c templateCase) answers {
	t.Helper()
	envoy := testkit.Need(t, testkit.Envoy)
	name := "languages-" + strings.Map(onlyLetters, t.Name())
	return s.ask(t, c, "deploy", "envoy", module, "--via", "binary", "--envoy-path", envoy, "--name", name[:min(len(name), 60)])
}

func (s serving) embedded(t *testing.T, module string, c templateCase) answers {
	t.Helper()
	return s.ask(t, c, "run", module)
}

func (s serving) ask(t *testing.T, c templateCase, command ...string) answers {
	t.Helper()
	args := append(command, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--upstream", s.upstream, "-o", "json")
	if c.config != "" {
		args = append(args, "--config-file", s.config)
	}
	got := answers{}
	t.Run(strings.Join(command[:1], " "), func(t *testing.T) { // ends the host before the next one starts
		address := startHost(t, args...)
		for name, request := range c.requests {
			got[name] = exchangeWith(t, address, request)
		}
	})
	return got
}

func onlyLetters(r rune) rune {
	if r >= 'a' && r <= 'z' {
		return r
	}
	return '-'
}

func compareAnswers(t *testing.T, host string, want, got answers) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in %s (-Go in Envoy +this module):\n%s", host, diff)
	}
}

// refuses checks that the filter does not start with the configuration, and says
// why and where.
func refuses(t *testing.T, module, config, text string) {
	t.Helper()
	var out bytes.Buffer
	streams := ui.Streams{In: strings.NewReader(""), Out: &out, Err: &out}
	code := cli.Run(t.Context(), streams, []string{"run", module, "--config", config, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"})
	if code != 1 || !strings.Contains(out.String(), text) {
		t.Errorf("configuration %s: code %d, want 1 and %q in:\n%s", config, code, text, fmt.Sprint(out.String()))
	}
}
