package project_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
)

func TestValidateName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"x", "my-filter", "my-2nd-filter", "a1", "func", "type", "main", "std", "com", "com10", "console", strings.Repeat("a", 63)} {
		if err := project.ValidateName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	cases := []struct{ name, reason, next string }{
		{"", "is empty", ""},
		{strings.Repeat("a", 64), "has 64 characters, more than 63", ""},
		{"2nd", "does not begin with a lower-case letter", `"nd"`},
		{"-a", "does not begin with a lower-case letter", `"a"`},
		{"My-Filter", "does not begin with a lower-case letter", `"my-filter"`},
		{"a-", "ends with '-'", `"a"`},
		{"a--b", "has two '-' in a row", `"a-b"`},
		{"a_b", `contains '_'`, `"a-b"`},
		{"a/b", `contains '/'`, `"a-b"`},
		{"..", "does not begin with a lower-case letter", ""},
		{"a b", `contains ' '`, `"a-b"`},
		{"größe", `contains 'ö'`, `"gr-e"`},
		{"aB", `contains 'B'`, `"ab"`},
		{"a\x00", `contains '\x00'`, `"a"`},
		{"con", "is the name of a device on Windows", ""},
		{"lpt1", "is the name of a device on Windows", ""},
	}
	for _, c := range cases {
		err := project.ValidateName(c.name)
		fault := (*project.NameError)(nil)
		if !errors.As(err, &fault) {
			t.Errorf("%q: error %v, want a *NameError", c.name, err)
			continue
		}
		if fault.Reason != c.reason {
			t.Errorf("%q: %s, want %s", c.name, fault.Reason, c.reason)
		}
		if next := strings.Join(hint.Of(err), ""); !strings.Contains(next, c.next) {
			t.Errorf("%q: next step %s, want %s", c.name, next, c.next)
		}
	}
}

func TestNameFrom(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"My Filter":               "my-filter",
		"my_filter.v2":            "my-filter-v2",
		"  2 Fast 4 You! ":        "fast-4-you",
		"..":                      "",
		"":                        "",
		"漢字":                      "",
		"CON":                     "",
		strings.Repeat("ab-", 40): strings.Repeat("ab-", 20) + "ab-"[:2],
	}
	for text, want := range cases {
		if got := project.NameFrom(text); got != want {
			t.Errorf("NameFrom(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzNameFrom(f *testing.F) {
	f.Add("My Filter")
	f.Add("com1")
	f.Fuzz(func(t *testing.T, text string) {
		name := project.NameFrom(text)
		if name == "" {
			return
		}
		if err := project.ValidateName(name); err != nil {
			t.Fatalf("NameFrom(%q) = %q: %v", text, name, err)
		}
		if again := project.NameFrom(name); again != name {
			t.Fatalf("NameFrom(%q) = %q", name, again)
		}
	})
}
