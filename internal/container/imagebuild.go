package container

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/docker/docker/api/types/build"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/progress"
)

// ImageSpec describes an image that is built from a Dockerfile alone.
type ImageSpec struct {
	// Name and tag of the image.
	Name       string
	Dockerfile string
	// Args are the values of the Dockerfile's ARGs and of the predefined ones,
	// such as https_proxy.
	Args   map[string]string
	Labels map[string]string
	// NoCache takes no layer of earlier builds; Pull asks the registry for a
	// newer base image.
	NoCache, Pull bool
}

// ImageError says that a Dockerfile could not be carried out.
type ImageError struct {
	Image string
	// Step is what failed: "step 2/4, RUN apt-get update"; "" before the first.
	Step string
	// Output are the last lines that were written, 20 at most.
	Output []string
	Err    error
}

func (e *ImageError) Error() string {
	at := ""
	if e.Step != "" {
		at = " at " + e.Step
	}
	return fmt.Sprintf("build image %s%s: %v", e.Image, at, e.Err)
}

func (e *ImageError) Unwrap() error { return e.Err }

// BuildImage builds an image with the builder that is part of every daemon. The
// error is *ImageError, ErrUnavailable or the cause of ctx.
func (c *Client) BuildImage(ctx context.Context, s ImageSpec, report progress.Func) (err error) {
	task := "build image " + s.Name
	end := report.Start(task, 0)
	defer func() { end(err) }()
	files, err := buildContext(s.Dockerfile)
	if err != nil {
		return err
	}
	response, err := c.api.ImageBuild(ctx, files, s.docker())
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("build image %s: %w", s.Name, c.unavailable(err))
	}
	defer response.Body.Close()
	follow := newBuildLog(s.Name, func(step string) {
		report.Report(progress.Event{Task: task, State: progress.Running, Message: step})
	})
	err = follow.read(response.Body)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && unreachable(err):
		return hint.Errorf("start it again, and try again", "%w at %s any more: it went away while it built image %s",
			ErrUnavailable, c.Host(), s.Name)
	}
	return err
}

func (s ImageSpec) docker() build.ImageBuildOptions {
	args := map[string]*string{}
	for name, value := range s.Args {
		args[name] = &value
	}
	return build.ImageBuildOptions{
		Tags: []string{s.Name}, Labels: s.Labels, BuildArgs: args, NoCache: s.NoCache, PullParent: s.Pull,
		Remove: true, ForceRemove: true, Version: build.BuilderV1,
	}
}

// buildContext is what the daemon gets to build from: the Dockerfile.
func buildContext(dockerfile string) (io.Reader, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	err := w.WriteHeader(&tar.Header{Name: "Dockerfile", Mode: 0o644, Size: int64(len(dockerfile))})
	if err == nil {
		_, err = w.Write([]byte(dockerfile))
	}
	return &archive, errors.Join(err, w.Close())
}

// outputLines is how much of a build's output an error keeps.
const outputLines = 20

// maxLine bounds a line of output that is kept, in bytes.
const maxLine = 1000

// buildLog follows the daemon's report of a build.
type buildLog struct {
	image  string
	report func(step string)
	step   string
	lines  []string
	// rest is a line whose end has not come yet.
	rest string
	// colour and header find what Docker paints stderr with, and the line that
	// announces a step, in the words of Docker or Podman: "Step 2/4 : RUN apt-get
	// update", "STEP 2/4: RUN apt-get update".
	colour, header *regexp.Regexp
}

func newBuildLog(image string, report func(step string)) *buildLog {
	return &buildLog{
		image: image, report: report,
		colour: regexp.MustCompile(`\x1b\[[0-9;]*m`), header: regexp.MustCompile(`^(?i:step) (\d+/\d+) ?: (.*)$`),
	}
}

// read follows a build to its end.
func (l *buildLog) read(stream io.Reader) error {
	messages := json.NewDecoder(stream)
	for {
		var m struct {
			Stream string `json:"stream"`
			Error  string `json:"error"`
		}
		if err := messages.Decode(&m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read the daemon's answer: %w", err)
		}
		if m.Error != "" {
			return l.failure(strings.TrimSpace(m.Error))
		}
		l.add(m.Stream)
	}
}

// add takes a piece of output. Pieces and lines need not agree.
func (l *buildLog) add(piece string) {
	l.rest += strings.ReplaceAll(l.colour.ReplaceAllString(piece, ""), "\r", "\n")
	for {
		line, rest, whole := strings.Cut(l.rest, "\n")
		if !whole {
			l.rest = l.rest[max(0, len(l.rest)-maxLine):]
			return
		}
		l.rest = rest
		l.line(strings.TrimRight(line, " \t"))
	}
}

func (l *buildLog) line(line string) {
	if step := l.stepOf(line); step != "" {
		l.step, l.lines = step, nil
		l.report(step)
		return
	}
	// What Docker says of its own doings is no output of the step.
	if line == "" || strings.HasPrefix(line, " ---> ") || strings.HasPrefix(line, "Removing intermediate container ") {
		return
	}
	l.lines = append(l.lines, line[:min(len(line), maxLine)])
	if len(l.lines) > outputLines {
		l.lines = l.lines[1:]
	}
}

func (l *buildLog) failure(cause string) error {
	l.add("\n")
	err := errors.New(cause)
	if strings.Contains(strings.ToLower(cause+strings.Join(l.lines, "\n")), full) {
		err = fmt.Errorf("%w: %w", ErrDiskFull, err)
	}
	return &ImageError{Image: l.image, Step: l.step, Output: l.lines, Err: err}
}

// stepOf names the step that a line announces; "" when it announces none.
func (l *buildLog) stepOf(line string) string {
	m := l.header.FindStringSubmatch(line)
	if m == nil {
		return ""
	}
	instruction := strings.Join(strings.Fields(m[2]), " ")
	const enough = 60
	if short := []rune(instruction); len(short) > enough {
		instruction = string(short[:enough]) + "…"
	}
	return "step " + m[1] + ", " + instruction
}
