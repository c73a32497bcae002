package cli

import (
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/build"
)

func TestByteSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"4g": "4g", "4GiB": "4g", "512m": "512m", "512MB": "512m", "1.5g": "1536m", "1024": "1k", "17": "17", " 2K ": "2k", "1t": "1024g",
		"": "", "g": "", "-1g": "", "four": "", "4x": "", "1e30g": "", "nan": "", "4gg": "", "inf": "",
	} {
		var s byteSize
		err := s.Set(text)
		if want == "" {
			if err == nil || !strings.Contains(err.Error(), "512m") {
				t.Errorf("%q: %v, %v", text, s, err)
			}
		} else if err != nil || s.String() != want {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
}

func FuzzByteSize(f *testing.F) {
	f.Add("4g")
	f.Fuzz(func(t *testing.T, text string) {
		var s byteSize
		if s.Set(text) == nil && s < 0 {
			t.Errorf("%q is %d", text, s)
		}
	})
}

func TestBuilderFlags(t *testing.T) {
	t.Setenv(homeVariable, t.TempDir())
	cases := []struct {
		name  string
		flags builderFlags
		want  string // the toolchain, or part of the error
	}{
		{"default", builderFlags{}, "auto"},
		{"host", builderFlags{toolchain: "host"}, "host"},
		{"an image asks for a container", builderFlags{image: "x"}, "container"},
		{"copy", builderFlags{copy: true, offline: true}, "container"},
		{"unknown", builderFlags{toolchain: "hots"}, `--toolchain "hots" is none of`},
		{"against the host", builderFlags{toolchain: "host", pull: true}, "--pull is about builder containers"},
		{"two images", builderFlags{image: "x", base: "y"}, "both --builder-image and --base-image"},
		{"memory", builderFlags{memory: 1 << 20}, "--memory 1m is too little"},
		{"cpus", builderFlags{cpus: -1}, "--cpus -1"},
		{"pids", builderFlags{pids: 3}, "--pids 3"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := c.flags
			if f.toolchain == "" {
				f.toolchain = "auto"
			}
			if f.memory == 0 {
				f.memory = byteSize(build.DefaultMemory)
			}
			if f.pids == 0 {
				f.pids = build.DefaultPIDs
			}
			var o build.Options
			err := f.check()
			f.apply(&o)
			if err != nil && !strings.Contains(err.Error(), c.want) || err == nil && string(o.Toolchain) != c.want {
				t.Errorf("%q, %v", o.Toolchain, err)
			}
			if err == nil && (o.Offline != f.offline || o.Container.Copy != f.copy || o.Container.State == "") {
				t.Errorf("%+v", o)
			}
		})
	}
}
