package chain_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/chain"
)

func TestParseConfiguration(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, text, want string }{
		{"empty", "", ""},
		{"JSON stays as it is", "{\"b\": 1,\n \"a\": [1.50]}\n", "{\"b\": 1,\n \"a\": [1.50]}\n"},
		{"YAML keeps the order of keys", "b: 1\na: [x, 2, true, null]\n", `{"b":1,"a":["x",2,true,null]}`},
		{"nested", "rewrites:\n- regex_match: ^/a<b\n  custom_path: /c\n", `{"rewrites":[{"regex_match":"^/a<b","custom_path":"/c"}]}`},
		{"list", "- a\n- {b: c}\n", `["a",{"b":"c"}]`},
		{"numeric keys become text", "1: a\n", `{"1":"a"}`},
		{"word", "hello", "hello"},
		{"sentence of several lines", "hello\nworld\n", "hello\nworld\n"},
		{"alias", "a: &x [1]\nb: *x\n", `{"a":[1],"b":[1]}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := chain.ParseConfiguration([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestParseConfigurationRefuses(t *testing.T) {
	t.Parallel()
	t.Run("broken YAML, with its place", func(t *testing.T) {
		t.Parallel()
		_, err := chain.ParseConfiguration([]byte("a: 1\nb: [1, 2\n"))
		if err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("too large", func(t *testing.T) {
		t.Parallel()
		_, err := chain.ParseConfiguration(make([]byte, chain.MaxConfigurationSize+1))
		if !errors.Is(err, chain.ErrConfigurationTooLarge) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("aliases that grow without end", func(t *testing.T) {
		t.Parallel()
		var b strings.Builder
		b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
		for i := 1; i < 12; i++ {
			fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), ","))
		}
		_, err := chain.ParseConfiguration([]byte(b.String()))
		if err == nil {
			t.Error("a document of 9^12 elements was accepted")
		}
	})
}

func FuzzParseConfiguration(f *testing.F) {
	for _, s := range []string{"", "a: 1", "{}", "[", "- *x", "a: &a [*a]", "? b\n: c", "!!binary x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := chain.ParseConfiguration(text)
		if err == nil && len(got) > 2*chain.MaxConfigurationSize {
			t.Errorf("%d bytes became %d", len(text), len(got))
		}
	})
}
