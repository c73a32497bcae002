package chain_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/wasmctl/wasmctl/internal/chain"
)

const rewriteSchema = `{
  "type": "object", "required": ["rewrites"], "additionalProperties": false,
  "properties": {"rewrites": {"type": "array", "items": {
    "type": "object", "required": ["regex_match"],
    "properties": {"regex_match": {"type": "string", "minLength": 1, "pattern": "^[^\\u0000\\r\\n]*$"}}}}}}`

func TestSchemaCheck(t *testing.T) {
	t.Parallel()
	schema, err := chain.ParseSchema("config.schema.json", []byte(rewriteSchema))
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, configuration string
		paths               []string
	}{
		{"fits", `{"rewrites": [{"regex_match": "a"}]}`, nil},
		{"wrong type, deep", `{"rewrites": [{"regex_match": "a"}, {"regex_match": 1}]}`, []string{"rewrites[1].regex_match"}},
		{"two problems", `{"rewrites": [{}, {"regex_match": ""}]}`, []string{"rewrites[0]", "rewrites[1].regex_match"}},
		{"a pattern of ECMA-262", `{"rewrites": [{"regex_match": "a\nb"}]}`, []string{"rewrites[0].regex_match"}},
		{"missing", `{}`, []string{""}},
		{"text", `hello`, []string{""}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := schema.Check([]byte(c.configuration))
			var paths []string
			if bad := (*chain.SchemaError)(nil); errors.As(err, &bad) {
				for _, p := range bad.Problems {
					paths = append(paths, p.Path)
					if p.Message == "" {
						t.Errorf("no message for %q", p.Path)
					}
				}
			} else if err != nil {
				t.Fatal(err)
			}
			slices.Sort(paths)
			if !slices.Equal(paths, c.paths) {
				t.Errorf("problems at %q, want %q (%v)", paths, c.paths, err)
			}
		})
	}
}

func TestParseSchemaRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"not JSON":          `{`,
		"not a schema":      `{"type": 1}`,
		"a reference out":   `{"$ref": "http://127.0.0.1:1/x.json"}`,
		"a file outside it": `{"$ref": "file:///etc/passwd"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := chain.ParseSchema("s.json", []byte(text)); err == nil {
				t.Error("accepted")
			}
		})
	}
}
