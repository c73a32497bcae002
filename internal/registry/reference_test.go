package registry

import (
	"errors"
	"strings"
	"testing"
)

const testDigest = Digest("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")

func TestParseReference(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 300)
	cases := []struct {
		in   string
		want Reference // zero for an error
		text string
	}{
		{"x", Reference{Repository: "x", Tag: "latest"}, "x:latest"},
		{"x:v1", Reference{Repository: "x", Tag: "v1"}, "x:v1"},
		{"me/x:v1", Reference{Repository: "me/x", Tag: "v1"}, "me/x:v1"},
		{"localhost/x", Reference{Registry: "localhost", Repository: "x", Tag: "latest"}, "localhost/x:latest"},
		{"localhost:5000/x:v1", Reference{Registry: "localhost:5000", Repository: "x", Tag: "v1"}, ""},
		{"oci://ghcr.io/me/x:v1", Reference{Registry: "ghcr.io", Repository: "me/x", Tag: "v1"}, "ghcr.io/me/x:v1"},
		{"127.0.0.1:5000/a/b/c__d-e.f:V_1.2-3", Reference{Registry: "127.0.0.1:5000", Repository: "a/b/c__d-e.f", Tag: "V_1.2-3"}, ""},
		{"[::1]:5000/x:v1", Reference{Registry: "[::1]:5000", Repository: "x", Tag: "v1"}, ""},
		{"ghcr.io/me/x@" + string(testDigest), Reference{Registry: "ghcr.io", Repository: "me/x", Digest: testDigest}, ""},
		{"ghcr.io/me/x:v1@" + string(testDigest), Reference{Registry: "ghcr.io", Repository: "me/x", Tag: "v1", Digest: testDigest}, ""},
		{"x@" + string(testDigest), Reference{Repository: "x", Digest: testDigest}, ""},
		{string(testDigest), Reference{Digest: testDigest}, ""},
		{"", Reference{}, ""},
		{"oci://", Reference{}, ""},
		{"https://ghcr.io/x", Reference{}, ""},
		{"X:v1", Reference{}, ""},
		{"x:", Reference{}, ""},
		{"x:v1:v2", Reference{}, ""},
		{"x:-v1", Reference{}, ""},
		{"x@", Reference{}, ""},
		{"x@sha256:abc", Reference{}, ""},
		{"x@md5:d41d8cd98f00b204e9800998ecf8427e", Reference{}, ""},
		{"ghcr.io/", Reference{}, ""},
		{"ghcr.io//x", Reference{}, ""},
		{"ghcr.io:0/x", Reference{}, ""},
		{"ghcr.io:99999/x", Reference{}, ""},
		{"-host.io/x", Reference{}, ""},
		{"[::1/x", Reference{}, ""},
		{"./x", Reference{}, ""},
		{"../x", Reference{}, ""},
		{"x y", Reference{}, ""},
		{"a/../b", Reference{}, ""},
		{"ghcr.io/" + long, Reference{}, ""},
		{strings.Repeat(long, 3), Reference{}, ""},
	}
	for _, c := range cases {
		got, err := ParseReference(c.in)
		if c.want == (Reference{}) {
			if !errors.Is(err, ErrReference) || !strings.Contains(err.Error(), c.in) {
				t.Errorf("ParseReference(%q) = %+v, %v, want ErrReference", c.in, got, err)
			}
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("ParseReference(%q) = %+v, %v, want %+v", c.in, got, err, c.want)
		}
		if c.text == "" {
			c.text = c.in
		}
		if got.String() != c.text {
			t.Errorf("%q prints as %q", c.in, got.String())
		}
	}
}

func TestReferenceNames(t *testing.T) {
	t.Parallel()
	r, err := ParseReference("ghcr.io/me/path-rewrite:v1")
	if err != nil {
		t.Fatal(err)
	}
	if r.Name() != "path-rewrite" || !r.Remote() {
		t.Errorf("name %q, remote %v", r.Name(), r.Remote())
	}
	local := Reference{Repository: "me/x", Tag: "v1"}
	if local.Remote() || !errors.Is(local.needRegistry(), ErrNoRegistry) {
		t.Error("a reference without a registry counts as remote")
	}
}

// FuzzParseReference: what is accepted reads back as itself, and no digest is
// ever dropped.
func FuzzParseReference(f *testing.F) {
	for _, s := range []string{"x", "localhost:5000/x:v1", "oci://[::1]:80/a/b@" + string(testDigest), string(testDigest), "a:b/c:d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseReference(s)
		if err != nil {
			return
		}
		again, err := ParseReference(r.String())
		if err != nil || again != r {
			t.Errorf("%q reads as %+v, which reads back as %+v, %v", s, r, again, err)
		}
		if strings.Contains(s, "@") && r.Digest == "" {
			t.Errorf("%q lost its digest", s)
		}
		if r.Tag == "" && r.Digest == "" {
			t.Errorf("%q has neither tag nor digest", s)
		}
	})
}
