package build_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wasmctl/wasmctl/internal/testkit"
)

// native compiles sources of a C++ project and a main for this machine, with the
// sanitizers, and returns a function that answers lines.
func native(t *testing.T, dir, main string, sources ...string) func(lines []string) []string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	args := []string{"-std=c++20", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-I" + filepath.Join(dir, "src"), "-o", program, main}
	for _, s := range sources {
		args = append(args, filepath.Join(dir, "src", s))
	}
	if out, err := exec.CommandContext(t.Context(), testkit.Need(t, testkit.Cpp), args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return func(lines []string) []string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
		var messages bytes.Buffer
		cmd.Stderr = &messages
		out, err := cmd.Output()
		answers := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		if err != nil || len(answers) != len(lines) {
			t.Fatalf("%v: %d answers to %d lines\n%s", err, len(answers), len(lines), &messages)
		}
		return answers
	}
}

// Regular expressions of the template mean what they mean in Go, which is what
// the Go template has. What Go refuses is refused, and of what Go takes only what
// regex.h leaves out.
func TestCppRegexAgreesWithGo(t *testing.T) {
	t.Parallel()
	testkit.Need(t, testkit.Cpp)
	dir := t.TempDir()
	cppProject(t, "path-rewrite", "sample", dir)
	answer := native(t, dir, filepath.Join("testdata", "cpp", "agree", "regex.cc"), "regex.cc", "regex_compiler.cc")
	random := rand.New(rand.NewPCG(1, 2))
	var lines, expressions, texts []string
	for range 60_000 {
		e, text := randomExpression(random), randomText(random)
		expressions, texts = append(expressions, e), append(texts, text)
		lines = append(lines, "x"+hex.EncodeToString([]byte(e))+" x"+hex.EncodeToString([]byte(text)))
	}
	leftOut := regexp.MustCompile(`\[\[:|\(\?|\\[pPQEC0-9]|\[[^\]]*\[:`)
	counts := map[string]int{}
	for i, got := range answer(lines) {
		re, err := regexp.Compile(expressions[i])
		want := "an error"
		if err == nil {
			want = map[bool]string{true: "yes", false: "no"}[re.MatchString(texts[i])]
		}
		refused := got != "yes" && got != "no"
		counts[want]++
		switch {
		case err != nil && refused, got == want:
		case refused && leftOut.MatchString(expressions[i]):
		default:
			t.Errorf("%q in %q: %s, Go says %s", expressions[i], texts[i], got, want)
		}
	}
	t.Log(counts)
	for _, kind := range []string{"yes", "no", "an error"} {
		if counts[kind] < 1000 {
			t.Errorf("only %d cases are %s", counts[kind], kind)
		}
	}
}

func pick(random *rand.Rand, from ...string) string { return from[random.IntN(len(from))] }

func randomExpression(random *rand.Rand) string {
	var b strings.Builder
	for range 1 + random.IntN(7) {
		switch random.IntN(7) {
		case 0, 1:
			b.WriteString(pick(random, "a", "b", "/", "-", "é", "€", "1", " ", "_", "\n", "]", "}", ",", ":"))
		case 2:
			b.WriteString(pick(random, ".", "^", "$", `\d`, `\D`, `\w`, `\W`, `\s`, `\S`, `\b`, `\B`, `\A`, `\z`, `\.`, `\n`, `\x61`, `\x{e9}`, `\-`, `\_`, `\Z`, `\1`, `\pL`, `\x`, `\`))
		case 3:
			b.WriteString(pick(random, "[ab]", "[^a]", "[a-c]", "[^/]", "[]a]", "[^]]", "[a-]", "[-a]", `[\d-z]`, `[^\w/]`, "[é-€]", `[\x61-b]`, "[z-a]", "[a", "[", "[[:alpha:]]", "[a[:x]", `[\]]`, `[a-\d]`, "[^\n]"))
		case 4:
			b.WriteString(pick(random, "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,}", "{0}", "{,2}", "{2,1}", "{01}", "{1001}", "{2", "{", "{a}", "{1,2}?", "**"))
		case 5:
			b.WriteString("(" + pick(random, "", "?:", "?:", "?i", "?P<n>") + randomExpression(random) + ")")
		default:
			b.WriteString(pick(random, "|", "|", "(", ")", "a|b", "a|"))
		}
	}
	return b.String()
}

func randomText(random *rand.Rand) string {
	var b strings.Builder
	for range random.IntN(8) {
		b.WriteString(pick(random, "a", "a", "b", "c", "/", "-", "é", "€", "1", " ", "_", "\n", "]", "\xff", "\xe2\x82", "😀", "{", "}", "A"))
	}
	return b.String()
}

// The JSON reader takes what encoding/json takes, and reads the same, but for
// names that come twice and text that is not Unicode, which it refuses.
func TestCppJSONAgreesWithGo(t *testing.T) {
	t.Parallel()
	testkit.Need(t, testkit.Cpp)
	dir := t.TempDir()
	cppProject(t, "http-headers", "sample", dir)
	answer := native(t, dir, filepath.Join("testdata", "cpp", "agree", "json.cc"), "json.cc")
	random := rand.New(rand.NewPCG(3, 4))
	var lines, texts []string
	for range 60_000 {
		text := randomJSON(random, 0)
		for range random.IntN(3) { // damage it
			at := random.IntN(len(text) + 1)
			switch random.IntN(3) {
			case 0:
				text = text[:at] + pick(random, "{", "}", "[", "]", ",", ":", `"`, "\\", "0", "-", ".", "e", "u", "\x00", "\xff", " ", "tru", `\ud800`) + text[at:]
			case 1:
				text = text[:at]
			case 2:
				text = text[at:]
			}
		}
		texts = append(texts, text)
		lines = append(lines, "x"+hex.EncodeToString([]byte(text)))
	}
	valid := 0
	for i, got := range answer(lines) {
		want, err := shortJSON(texts[i])
		if err == nil {
			valid++
		}
		stricter := strings.Contains(got, "is there twice") || strings.Contains(got, "not UTF-8") || strings.Contains(got, "half of a pair")
		if (err == nil) != strings.HasPrefix(got, "valid ") && !stricter || err == nil && !stricter && got != "valid "+want {
			t.Errorf("%q: %s\nGo says %s, %v", texts[i], got, want, err)
		}
		if stricter && err == nil && utf8.ValidString(texts[i]) && !strings.Contains(texts[i], `\u`) && !strings.Contains(got, "twice") {
			t.Errorf("%q: %s", texts[i], got)
		}
	}
	if t.Log(valid, "valid texts"); valid < 10_000 {
		t.Error("too few valid texts")
	}
}

func randomJSON(random *rand.Rand, depth int) string {
	space := pick(random, "", "", "", " ", "\n\t")
	switch kind := random.IntN(8); {
	case kind < 2 && depth < 4:
		var items []string
		for range random.IntN(4) {
			items = append(items, randomJSON(random, depth+1))
		}
		return space + "[" + strings.Join(items, ",") + space + "]"
	case kind < 4 && depth < 4:
		var members []string
		for range random.IntN(4) {
			members = append(members, randomString(random)+space+":"+randomJSON(random, depth+1))
		}
		return "{" + space + strings.Join(members, ",") + "}" + space
	case kind < 6:
		return randomString(random) + space
	}
	return space + pick(random, "0", "-0", "1.5", "-12e3", "1E+2", "3e-300", "123456789012345678", "true", "false", "null")
}

func randomString(random *rand.Rand) string {
	var b strings.Builder
	for range random.IntN(5) {
		b.WriteString(pick(random, "a", "b", "é", "€", "😀", `\n`, `\"`, `\\`, `\/`, `\u0041`, `\u20ac`, `\ud83d\ude00`, `\ud83d`, `\ude00`, "\xff", "\xc3", "/", "~", "\x7f"))
	}
	return `"` + b.String() + `"`
}

// shortJSON writes a text as testdata/cpp/agree/json.cc does.
func shortJSON(text string) (string, error) {
	if !json.Valid([]byte(text)) {
		return "", fmt.Errorf("invalid")
	}
	d := json.NewDecoder(strings.NewReader(text))
	var b strings.Builder
	var inObject []bool
	name := false // the next string is a name
	for {
		token, err := d.Token()
		if err == io.EOF { //nolint:errorlint // Token returns it bare
			return b.String(), nil
		}
		if err != nil {
			return "", err
		}
		isName := name
		if n := len(inObject); n > 0 {
			name = inObject[n-1] && !isName
		}
		switch v := token.(type) {
		case json.Delim:
			b.WriteString(v.String())
			switch v {
			case '{', '[':
				inObject = append(inObject, v == '{')
				name = v == '{'
			default:
				inObject = inObject[:len(inObject)-1]
				name = len(inObject) > 0 && inObject[len(inObject)-1]
			}
		case string:
			if isName {
				fmt.Fprintf(&b, "%x:", v)
			} else {
				fmt.Fprintf(&b, "%q", hex.EncodeToString([]byte(v)))
			}
		case float64:
			fmt.Fprintf(&b, "%.17e,", v)
		case bool:
			b.WriteString(map[bool]string{true: "t", false: "f"}[v])
		case nil:
			b.WriteString("n")
		}
	}
}
