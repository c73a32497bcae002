package container

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wasmctl/wasmctl/internal/progress"
)

// imageSpec is an image that is removed at the end of the test.
func imageSpec(t *testing.T, c *Client, dockerfile string) ImageSpec {
	t.Helper()
	name := "wasmctl-test/" + strings.ToLower(rand.Text()[:8]) + ":x"
	t.Cleanup(func() {
		if err := c.RemoveObject(context.Background(), Object{Kind: KindImage, ID: name}); err != nil {
			t.Error(err)
		}
	})
	return ImageSpec{Name: name, Dockerfile: dockerfile, Labels: map[string]string{testLabel: name}}
}

func TestBuildImage(t *testing.T) {
	t.Parallel()
	c := connect(t)
	s := imageSpec(t, c, "ARG BASE\nFROM ${BASE}\nARG WHO\nRUN echo \"$WHO $https_proxy\" >/who\n")
	s.Args = map[string]string{"BASE": baseImage, "WHO": "me", "https_proxy": "http://p"}
	var steps []string
	err := c.BuildImage(t.Context(), s, func(e progress.Event) {
		if e.State == progress.Running {
			steps = append(steps, e.Message)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) != 5 || !strings.HasPrefix(steps[3], "step 4/5, RUN echo") {
		t.Errorf("%q", steps)
	}
	info, err := c.Image(t.Context(), s.Name)
	if err != nil || info == nil || info.Labels[testLabel] != s.Name || time.Since(info.Created) > time.Minute {
		t.Errorf("%+v, %v", info, err)
	}
	var out strings.Builder
	run := shell("cat /who")
	run.Image = s.Name
	if err := c.Run(t.Context(), run, IO{Stdout: &out}); err != nil || out.String() != "me http://p\n" {
		t.Errorf("%q, %v", &out, err)
	}
	objects, err := c.Objects(t.Context(), testLabel)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if o.Name == s.Name {
			return
		}
	}
	t.Errorf("%s is not in %+v", s.Name, objects)
}

func TestBuildImageFails(t *testing.T) {
	t.Parallel()
	c := connect(t)
	s := imageSpec(t, c, "FROM "+baseImage+"\nRUN (seq 40; echo broken) >&2; exit 3\n")
	err := c.BuildImage(t.Context(), s, nil)
	var failed *ImageError
	if !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if failed.Step != "step 2/3, RUN (seq 40; echo broken) >&2; exit 3" || len(failed.Output) != outputLines ||
		failed.Output[19] != "broken" || failed.Output[0] != "22" {
		t.Errorf("%+v", failed)
	}
	s.Dockerfile = "FROM 127.0.0.1:1/no/such:image\n"
	if err := c.BuildImage(t.Context(), s, nil); !errors.As(err, &failed) || !strings.Contains(failed.Step, "FROM") {
		t.Error(err)
	}
	s.Dockerfile = "NONSENSE\n"
	if err := c.BuildImage(t.Context(), s, nil); err == nil {
		t.Error("no error")
	}
}

func TestBuildImageCancelled(t *testing.T) {
	t.Parallel()
	c := connect(t)
	s := imageSpec(t, c, "FROM "+baseImage+"\nRUN sleep 1000\n")
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	err := c.BuildImage(ctx, s, func(e progress.Event) {
		if strings.Contains(e.Message, "sleep") {
			cancel(interrupted)
		}
	})
	if !errors.Is(err, interrupted) {
		t.Error(err)
	}
	if made, err := c.Image(t.Context(), s.Name); made != nil || err != nil {
		t.Errorf("%+v, %v", made, err)
	}
}

func TestBuildLog(t *testing.T) {
	t.Parallel()
	stream := func(pieces ...string) string {
		var b strings.Builder
		for _, p := range pieces {
			fmt.Fprintf(&b, "{\"stream\":%q}\n", p)
		}
		return b.String()
	}
	cases := []struct {
		name, stream, step string
		output             []string
		full               bool
	}{
		{"before any step", `{"error":"no"}`, "", nil, false},
		{
			"docker", stream("Step 1/2 : FROM x\n", " ---> 1234\n", "Step 2/2 : RUN  y\n", "a", "b\nc\n") + `{"error":"no"}`,
			"step 2/2, RUN y",
			[]string{"ab", "c"},
			false,
		},
		{"podman", stream("STEP 1/2: FROM x\n", "a\r\n") + `{"error":"no"}`, "step 1/2, FROM x", []string{"a"}, false},
		{
			"disk full", stream("Step 1/1 : RUN x\n", "cp: No space left on device") + `{"error":"no"}`,
			"step 1/1, RUN x",
			[]string{"cp: No space left on device"},
			true,
		},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := newBuildLog("i", func(string) {})
			err := l.read(strings.NewReader(test.stream))
			var failed *ImageError
			if !errors.As(err, &failed) || failed.Step != test.step || !cmp.Equal(failed.Output, test.output) {
				t.Errorf("%+v", err)
			}
			if errors.Is(err, ErrDiskFull) != test.full {
				t.Errorf("disk full: %v", err)
			}
		})
	}
	l := newBuildLog("i", func(string) {})
	if err := l.read(strings.NewReader(stream("Step 1/1 : RUN " + strings.Repeat("é", 500) + "\n"))); err != nil || len([]rune(l.step)) > 90 {
		t.Errorf("%v, %q", err, l.step)
	}
}

func FuzzBuildLog(f *testing.F) {
	f.Add(`{"stream":"Step 1/2 : RUN x\n"}{"stream":"a\n"}{"error":"e"}`)
	f.Fuzz(func(t *testing.T, text string) {
		l := newBuildLog("i", func(string) {})
		_ = l.read(strings.NewReader(text)) // must not panic
		if len(l.lines) > outputLines || len(l.rest) > len(text)+maxLine {
			t.Errorf("keeps %d lines", len(l.lines))
		}
	})
}

func TestVolumesAndSweep(t *testing.T) {
	t.Parallel()
	c := connect(t)
	name := "wasmctl-test-" + strings.ToLower(rand.Text()[:8])
	label := "dev.wasmctl.sweep-" + name
	for range 2 { // the second time it is there
		if err := c.EnsureVolume(t.Context(), name, map[string]string{label: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	s := shell("true")
	s.Labels[label] = "x"
	if _, err := c.Create(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if objects, err := c.Objects(t.Context(), label); err != nil || len(objects) != 2 || objects[0].Kind != KindContainer ||
		objects[1].Name != name || objects[1].Busy {
		t.Errorf("%+v, %v", objects, err)
	}
	if err := c.Sweep(t.Context(), label, time.Hour); err != nil {
		t.Error(err)
	}
	if err := c.Sweep(t.Context(), label, -time.Hour); err != nil {
		t.Error(err)
	}
	objects, err := c.Objects(t.Context(), label)
	if err != nil || len(objects) != 1 {
		t.Fatalf("%+v, %v", objects, err)
	}
	if err := c.RemoveObject(t.Context(), objects[0]); err != nil {
		t.Error(err)
	}
	if err := c.RemoveObject(t.Context(), objects[0]); err != nil {
		t.Error(err)
	}
}
