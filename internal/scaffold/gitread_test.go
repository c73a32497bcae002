package scaffold

import (
	"strings"
	"testing"
)

func FuzzGitReference(f *testing.F) {
	for _, seed := range []string{
		"git+https://example.com/a/b.git//sub/dir#v1", "git+ssh://git@example.com/a", "git+file:///a b", "git+https://u:p@h/x#refs/heads/y", "git+ext::sh", "git+",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, reference string) {
		g, err := parseGitRef(reference)
		if err != nil {
			return
		}
		for _, argument := range []string{g.url.String(), g.ref, g.dir, g.url.Host} {
			if strings.HasPrefix(argument, "-") || strings.ContainsAny(argument, "\n\x00") {
				t.Fatalf("%q gives git the argument %q", reference, argument)
			}
		}
		if strings.Contains("/"+g.dir+"/", "/../") {
			t.Fatalf("%q leads to the folder %q", reference, g.dir)
		}
	})
}

// What git prints is read with care too: it repeats names from the repository.
func FuzzGitOutput(f *testing.F) {
	const object = "5716ca5987cbf97d6bb54920bea6adde242d87e6"
	f.Add([]byte("100644 blob "+object+"       4\ta b\x00160000 commit "+object+"       -\tc\x00"), []byte(object+" blob 4\nabc\n\n"))
	f.Add([]byte("100755 blob x 0\ta\x00"), []byte("x blob 0\n\n"))
	f.Add([]byte("100644 blob x 9223372036854775807\ta\x00"), []byte("x blob 9223372036854775807\n\n"))
	f.Fuzz(func(t *testing.T, list, contents []byte) {
		entries, err := parseTree(list)
		if err != nil {
			return
		}
		files, err := parseObjects(entries, contents)
		if err == nil && len(files) != len(entries) {
			t.Fatalf("%d files for %d entries", len(files), len(entries))
		}
	})
}
