package build

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/wasmctl/wasmctl/internal/hint"
)

func TestNotWritable(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name       string
		err        error
		text, next string
	}{
		{"permission", &fs.PathError{Op: "mkdir", Path: "/p/build", Err: syscall.EACCES}, "cannot write to /p/build", "writable"},
		{"read-only file system", &fs.PathError{Op: "mkdir", Path: "/p/build", Err: syscall.EROFS}, "cannot write to /p/build", "writable"},
		{"a file is there", &fs.PathError{Op: "mkdir", Path: "/p/build", Err: syscall.ENOTDIR}, "cannot make the folder /p/build", "move the file"},
		{"disk full", &fs.PathError{Op: "mkdir", Path: "/p/build", Err: syscall.ENOSPC}, "cannot write to /p/build", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := notWritable(c.err, "/p/build")
			if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %q, want %q", err, c.text)
			}
			if next := strings.Join(hint.Of(err), "\n"); !strings.Contains(next, c.next) || (c.next == "") != (next == "") {
				t.Errorf("hint %q, want %q", next, c.next)
			}
		})
	}
}

func TestSplitFlags(t *testing.T) {
	t.Parallel()
	cases := map[string][]string{
		"":                                nil,
		"  -a  -b=1 ":                     {"-a", "-b=1"},
		`-mod=mod '-ldflags=-X a=b' -v`:   {"-mod=mod", "-ldflags=-X a=b", "-v"},
		`"-ldflags=-s -w" -tags=x`:        {"-ldflags=-s -w", "-tags=x"},
		"'-unterminated=a b":              {"-unterminated=a b"},
		"-ldflags=-s\t-trimpath\n-race=0": {"-ldflags=-s", "-trimpath", "-race=0"},
	}
	for in, want := range cases {
		if got := splitFlags(in); !slices.Equal(got, want) {
			t.Errorf("splitFlags(%q) = %q, want %q", in, got, want)
		}
	}
}
