package build_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wasmctl/wasmctl/internal/testkit"
)

// agreeCase is an expression, and a text that it is searched for in.
type agreeCase struct {
	Regex string `json:"regex"`
	Text  string `json:"text"`
}

// randomCase makes an expression of pieces that the template's regular
// expressions know, as often wrong as right, and a text of which it may find some.
func randomCase(r *rand.Rand) agreeCase {
	pieces := []string{
		"a", "b", "/", ".", "ä", `\d`, `\W`, `\s`, `\w`, "[ab]", "[^a]", `[\d/-]`, "[b-", "]", "(", "(", ")", ")", "(?:", "|", "*", "+", "?",
		"*?", "{2}", "{1,}", "{0,2}", "{", "}", ",3}", "^", "$", `\b`, `\B`, `\.`, `\x61`, `\x{e4}`, `\n`, "-", "1", `\A`, `\z`, `\D`, "[", "\\",
	}
	letters := []string{"a", "b", "/", "ä", "1", " ", "-", ".", "\n", "😀", "{", "]"}
	var c agreeCase
	for range 1 + r.IntN(8) {
		c.Regex += pieces[r.IntN(len(pieces))]
	}
	for range 1 + r.IntN(6) {
		c.Text += letters[r.IntN(len(letters))]
	}
	return c
}

// answer is what Go's regular expressions say about the case.
func (c agreeCase) answer() string {
	match, err := regexp.Compile(c.Regex)
	switch {
	case err != nil:
		return "refused"
	case match.MatchString(c.Text):
		return "match"
	}
	return "none"
}

// randomConfiguration damages a good configuration.
func randomConfiguration(r *rand.Rand) []byte {
	b := []byte(`{"rewrites": [{"regex_match": "^/\u00e4\n[a-z]+", "custom_path": "/a"}, {"custom_path": "\/b", "regex_match": "😀|\ud83d\ude00"}]} `)
	for range r.IntN(3) {
		at := r.IntN(len(b))
		switch r.IntN(3) {
		case 0:
			b[at] = "{}[]\",:\\u0dx \t\x00\x80\xff"[r.IntN(17)]
		case 1:
			b = append(b[:at], b[at+1:]...)
		default:
			b = append(b[:at:at], append([]byte{b[at]}, b[at:]...)...)
		}
	}
	return b
}

// The regular expressions of the template mean what they mean in Go, and its
// JSON is JSON.
func testAssemblyScriptAgrees(t *testing.T, a assemblyScript) {
	r := rand.New(rand.NewPCG(1, uint64(len(t.Name())))) //nolint:gosec // cases, not secrets
	cases := struct {
		Regexes        []agreeCase `json:"regexes"`
		Configurations [][]byte    `json:"configurations"`
	}{}
	for range 6000 {
		cases.Regexes = append(cases.Regexes, randomCase(r))
	}
	for range 3000 {
		cases.Configurations = append(cases.Configurations, randomConfiguration(r))
	}
	dir := t.TempDir()
	a.project(t, "path-rewrite", dir)
	script, err := os.ReadFile(filepath.Join("testdata", "assemblyscript", "agree.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	testkit.WriteFiles(t, dir, map[string]string{"tests/agree.mjs": string(script), "cases.json": string(input)})
	run(t, dir, "node", "tests/agree.mjs")
	var answers struct {
		Regexes        []string `json:"regexes"`
		Configurations []bool   `json:"configurations"`
	}
	output, err := os.ReadFile(filepath.Join(dir, "answers.json"))
	if err != nil || json.Unmarshal(output, &answers) != nil || len(answers.Regexes) != len(cases.Regexes) {
		t.Fatalf("%d answers, %v", len(answers.Regexes), err)
	}
	count := map[string]int{}
	for i, c := range cases.Regexes {
		want := c.answer()
		count[want]++
		if got := answers.Regexes[i]; got != want {
			t.Errorf("%q in %q: %s, in Go %s", c.Regex, c.Text, got, want)
		}
	}
	for i, c := range cases.Configurations {
		if answers.Configurations[i] && len(strings.TrimSpace(string(c))) > 0 && (!json.Valid(c) || !utf8.Valid(c)) {
			t.Errorf("accepted %q", c)
		}
		if answers.Configurations[i] {
			count["accepted"]++
		}
	}
	if count["accepted"] < 500 || count["match"] < 500 {
		t.Errorf("hardly a good case: %v", count)
	}
	t.Logf("%v", count)
}
