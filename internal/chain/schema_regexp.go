package chain

import (
	"time"

	"github.com/dlclark/regexp2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// matchTimeout bounds one match: patterns of ECMA-262 backtrack, and a schema
// comes from anywhere.
const matchTimeout = time.Second

// ecmaRegexp is a pattern of a schema. JSON Schema takes its patterns from
// ECMA-262 (draft 2020-12, core section 6.4), whose escapes Go's own regexp
// does not all know.
type ecmaRegexp struct{ re *regexp2.Regexp }

func compileECMA(pattern string) (jsonschema.Regexp, error) {
	re, err := regexp2.Compile(pattern, regexp2.ECMAScript|regexp2.Unicode)
	if err != nil {
		return nil, err
	}
	re.MatchTimeout = matchTimeout
	return ecmaRegexp{re}, nil
}

// MatchString tells whether the pattern matches; a match that takes too long is none.
func (e ecmaRegexp) MatchString(s string) bool {
	matched, err := e.re.MatchString(s)
	return err == nil && matched
}

// String returns the pattern.
func (e ecmaRegexp) String() string { return e.re.String() }
