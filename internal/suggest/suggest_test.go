package suggest

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"go", "rust", "http-headers", "path-rewrite", "language", "name"}
	cases := map[string]string{
		"og":                     "go",
		"g":                      "go",
		"GO":                     "go",
		"golang":                 "",
		"langauge":               "language",
		"http-header":            "http-headers",
		"httpheaders":            "http-headers",
		"http_headers":           "http-headers",
		"path-rewrites":          "path-rewrite",
		"rewrite":                "",
		"zzz":                    "",
		"":                       "",
		strings.Repeat("x", 1e6): "",
	}
	for word, want := range cases {
		if got := Nearest(word, names); got != want {
			t.Errorf("Nearest(%.20q) = %q, want %q", word, got, want)
		}
	}
	if got := Nearest("x", []string{strings.Repeat("y", 1e6), "xy"}); got != "xy" {
		t.Errorf("long candidate: %q", got)
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	cases := []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"abc", "abc", 0},
		{"abc", "acb", 1},
		{"kitten", "sitting", 3},
		{"ca", "abc", 3},
	}
	for _, c := range cases {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
