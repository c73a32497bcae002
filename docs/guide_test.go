// Package docs_test runs the commands of the guides, so that they stay true.
package docs_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
)

// command is one command of a guide, with what the guide shows of its output.
type command struct {
	line int // in the guide, from 1
	text string
	want []string
}

// readGuide returns the commands of the ```console blocks of a Markdown file, in
// order, with replace applied. A line that starts with "$ " is a command; one that opens a here
// document goes on to its END. Other lines are output of the command above.
func readGuide(t *testing.T, path string, replace *strings.Replacer) []command {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var commands []command
	inside, here := false, false
	lines := bufio.NewScanner(strings.NewReader(replace.Replace(string(text))))
	for number := 1; lines.Scan(); number++ {
		line := lines.Text()
		last := len(commands) - 1
		switch {
		case !inside:
			inside = line == "```console"
		case here:
			commands[last].text += "\n" + line
			here = line != "END"
		case line == "```":
			inside = false
		case strings.HasPrefix(line, "$ "):
			commands = append(commands, command{line: number, text: line[2:]})
			here = strings.Contains(line, "<<'END'")
		case last < 0:
			t.Fatalf("%s:%d: output without a command", path, number)
		default:
			commands[last].want = append(commands[last].want, line)
		}
	}
	return commands
}

// The script marks where the output of a command ends, and with which code.
const mark = "\x1e"

// script makes one shell session of the commands. Where the guide's reader sees
// that a background command listens, the script waits for it.
func script(commands []command, wait string) string {
	var b strings.Builder
	b.WriteString(wait + "\n")
	for i, c := range commands {
		b.WriteString(c.text + "\n")
		fmt.Fprintf(&b, "printf '%s%d %%d\\n' $?\n", mark, i)
		if strings.HasSuffix(c.text, "&") {
			b.WriteString("wait_listening\n")
		}
	}
	return b.String()
}

// check compares the output of a session with what the guide shows: every line
// of it, in order, and code 0 of every command.
func check(t *testing.T, path string, commands []command, output string) {
	t.Helper()
	parts := strings.Split(strings.ReplaceAll(output, "\r", ""), mark)
	if len(parts) != len(commands)+1 {
		t.Errorf("%d of %d commands ended", len(parts)-1, len(commands))
	}
	for i, c := range commands {
		if i+1 >= len(parts) {
			break
		}
		// A part starts with the mark of the command before it.
		shown := parts[i]
		if i > 0 {
			_, shown, _ = strings.Cut(shown, "\n")
		}
		status, _, _ := strings.Cut(parts[i+1], "\n")
		if status != fmt.Sprintf("%d 0", i) {
			t.Errorf("%s:%d: %s\nended with %q, output:\n%s", path, c.line, c.text, status, shown)
			continue
		}
		if missing := firstMissing(c.want, shown); missing != "" {
			t.Errorf("%s:%d: %s\ndoes not print %q at its place, but:\n%s", path, c.line, c.text, missing, shown)
		}
	}
}

// firstMissing returns the first of the wanted lines that is not in shown after
// the one before it, or "".
func firstMissing(want []string, shown string) string {
	for _, w := range want {
		_, after, ok := strings.Cut(shown, strings.TrimSpace(w))
		if !ok {
			return w
		}
		shown = after
	}
	return ""
}

func TestFirstMissing(t *testing.T) {
	t.Parallel()
	const shown = "a: 1\nb: 2\nc: 3\n"
	for want, missing := range map[string]string{
		"a|b: 2|c": "",
		"b|a":      "a",
		"a|a":      "a",
		"d":        "d",
	} {
		if got := firstMissing(strings.Split(want, "|"), shown); got != missing {
			t.Errorf("firstMissing(%q) = %q, want %q", want, got, missing)
		}
	}
}
