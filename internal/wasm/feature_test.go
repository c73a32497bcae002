package wasm_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/testkit"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

func TestFeatures(t *testing.T) {
	t.Parallel()
	for _, s := range testkit.FeatureSamples() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			uses, err := decode(t, s.Module.Bytes()).Features()
			if err != nil {
				t.Fatal(err)
			}
			var got []wasm.Feature
			for _, u := range uses {
				got = append(got, u.Feature)
				if u.Count < 1 {
					t.Errorf("%s: used %d times", u.Feature, u.Count)
				}
			}
			if !slices.Equal(got, s.Features) {
				t.Errorf("features %v, want %v", got, s.Features)
			}
		})
	}
}

func TestEveryFeatureHasASample(t *testing.T) {
	t.Parallel()
	seen := map[wasm.Feature]bool{}
	for _, s := range testkit.FeatureSamples() {
		for _, f := range s.Features {
			seen[f] = true
		}
	}
	for f := wasm.FeatureSignExtension; f <= wasm.FeatureWideArithmetic; f++ {
		if !seen[f] {
			t.Errorf("no sample of %s", f)
		}
	}
}

func TestFeatureTellsWhere(t *testing.T) {
	t.Parallel()
	m := testkit.Filter(testkit.ProxyLog())
	m.Function("", "")
	at := m.Function("i", "i", 0x20, 0, 0xc0, 0xc1)
	b := m.Bytes()
	uses, err := decode(t, b).Features()
	if err != nil || len(uses) != 1 {
		t.Fatalf("%+v, %v", uses, err)
	}
	u := uses[0]
	if u.Count != 2 || u.Function == nil || *u.Function != at || u.Offset != int64(bytes.Index(b, []byte{0xc0, 0xc1})) {
		t.Errorf("%+v, want two uses in function %d from its 0xc0 on", u, at)
	}
}

// TestEveryInstruction walks one instruction after the other, of each shape that
// immediates have, and finds the end.
func TestEveryInstruction(t *testing.T) {
	t.Parallel()
	instructions := []string{
		"\x00", "\x01", "\x02\x40\x0b", "\x03\x7f\x0b", "\x04\x00\x05\x0b", "\x0c\x00", "\x0d\x80\x00", "\x0e\x02\x00\x00\x00", "\x0f",
		"\x10\x00", "\x11\x00\x00", "\x13\x00\x00", "\x15\x00", "\x1a", "\x1b", "\x20\xff\x7f", "\x23\x00", "\x26\x00", "\x28\x02\x80\x01",
		"\x36\x02\xff\xff\xff\xff\x0f", "\x29\x43\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x3f\x00", "\x40\x00",
		"\x41\x80\x80\x80\x80\x78", "\x42\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f", "\x43\x0b\x0b\x0b\x0b",
		"\x44\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", "\x45", "\xbf", "\xc4", "\xd0\x70", "\xd0\x00", "\xd1", "\xd2\x00", "\xd5\x00",
		"\x1f\x40\x04\x00\x00\x00\x01\x00\x00\x02\x00\x03\x00\x0b", "\x06\x40\x06\x40\x18\x00\x0b", "\x06\x40\x07\x00\x09\x00\x19\x0b",
		"\xfb\x02\x00\x00", "\xfb\x08\x00\x02", "\xfb\x0f", "\xfb\x11\x00\x00", "\xfb\x14\x00", "\xfb\x19\x03\x00\x6e\x6d", "\xfb\x1a",
		"\xfc\x07", "\xfc\x08\x00\x00", "\xfc\x09\x00", "\xfc\x0e\x00\x00", "\xfc\x10\x00", "\xfc\x93\x00",
		"\xfd\x00\x00\x00", "\xfd\x0d\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", "\xfd\x15\x0b", "\xfd\x5b\x00\x00\x0b",
		"\xfd\xff\x01", "\xfd\x93\x02", "\xfe\x00\x02\x00", "\xfe\x03\x00", "\xfe\x4e\x02\x00",
	}
	for _, code := range instructions {
		m := &testkit.Module{}
		m.Function("", "", []byte(code)...)
		m.Function("", "", 0x41, 0, 0x1a) // is found only when the first one ends where it should
		if _, err := decode(t, m.Bytes()).Features(); err != nil {
			t.Errorf("% x: %v", code, err)
		}
	}
}

func TestFeaturesOfBadCode(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, code, text string
		is               error
	}{
		{"unknown instruction", "\xff", "unknown instruction 0xff", wasm.ErrMalformed},
		{"unknown vector instruction", "\xfd\x9a\x01", "unknown instruction 0xfd", wasm.ErrMalformed},
		{"far beyond the table", "\xfd\xff\xff\xff\xff\x0f", "unknown instruction 0xfd 4294967295", wasm.ErrMalformed},
		{"no end", "\x02\x40", "without an end", wasm.ErrTruncated},
		{"end too early", "\x0b\x01", "behind the end", wasm.ErrMalformed},
		{"cut in an access", "\x28", "", wasm.ErrTruncated},
		{"cut in a constant", "\x44\x00", "", wasm.ErrTruncated},
		{"endless integer", "\x41\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", "too many bits", wasm.ErrMalformed},
		{"huge table of labels", "\x0e\xff\xff\xff\xff\x0f", "elements announced", wasm.ErrTruncated},
		{"huge list of types", "\x1c\xff\xff\xff\xff\x0f", "elements announced", wasm.ErrTruncated},
		{"no such type of a block", "\x02\x09\x0b", "type 9 of", wasm.ErrMalformed},
		{"no type of a block", "\x02\x41\x0b", "0x41 is not a value type", wasm.ErrMalformed},
		{"no such clause", "\x1f\x40\x01\x07\x00\x00\x0b", "kind 7", wasm.ErrMalformed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := &testkit.Module{}
			m.Function("", "", []byte(c.code)...)
			_, err := decode(t, m.Bytes()).Features()
			section := (*wasm.SectionError)(nil)
			if !errors.Is(err, c.is) || !errors.As(err, &section) || section.ID != wasm.SectionCode {
				t.Fatalf("error %v, want %v in the code", err, c.is)
			}
			if !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), "function 0") {
				t.Errorf("error %q does not say %q and where", err, c.text)
			}
		})
	}
}

func TestDeclaredFeatures(t *testing.T) {
	t.Parallel()
	m := testkit.Filter()
	m.Custom("target_features", []byte("\x03+\x08sign-ext-\x07simd128+\x0bbulk-memory"))
	got := decode(t, m.Bytes()).DeclaredFeatures()
	if want := []string{"sign-ext", "bulk-memory"}; !slices.Equal(got, want) {
		t.Errorf("declared %v, want %v", got, want)
	}
	for _, bad := range []string{"", "\xff\xff\xff\xff\x0f", "\x01", "\x01+\x09short"} {
		m := testkit.Filter()
		m.Custom("target_features", []byte(bad))
		if got := decode(t, m.Bytes()).DeclaredFeatures(); got != nil {
			t.Errorf("section %q declares %v", bad, got)
		}
	}
}

func FuzzFeatures(f *testing.F) {
	for _, s := range testkit.FeatureSamples() {
		f.Add(s.Module.Bytes())
	}
	f.Add(sample())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := wasm.Decode(b)
		if err != nil {
			return
		}
		uses, err := m.Features()
		if err != nil && err.Error() == "" {
			t.Error("an error without a text")
		}
		for _, u := range uses {
			if u.Count < 1 || u.Offset < 0 || u.Offset > int64(len(b)) || u.Count > len(b)+1 {
				t.Errorf("%s: %+v in a module of %d bytes", u.Feature, u, len(b))
			}
		}
	})
}
