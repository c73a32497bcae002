package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/wasmctl/wasmctl/internal/container"
)

// stepRun is one attempt of a build.
type stepRun struct {
	*builder
	plan plan
	// out and temp are as in toolchain.compile.
	out, temp string
}

// paths are the places of this build in the container.
func (r *stepRun) paths() paths {
	digest := sha256.Sum256([]byte(r.project.Dir))
	p := paths{
		project: inside(r.project.Dir), out: path.Join(outPath, filepath.Base(r.out)), temp: tempPath, cache: cachePath,
		key: hex.EncodeToString(digest[:8]),
	}
	if r.copies {
		p.out = path.Join(tempPath, ".wasmctl-"+filepath.Base(r.out))
	}
	return p
}

// inside is the place in the container of a folder or file of this machine.
func inside(hostPath string) string { return path.Join(rootPath, filepath.ToSlash(hostPath)) }

// compile runs the compile step. The code is one of those above, or 0.
func (r *stepRun) compile(ctx context.Context) (int, error) {
	p := r.paths()
	st := r.recipe.compile(p)
	s := r.stepSpec(p, st)
	s.NoNetwork = true
	script := r.checks(true) + `exec "$@"`
	if r.copies {
		// Standard output is for the module, and the compiler's goes to the other.
		script = r.checks(true) + `"$@" >&2 || exit
exec cat ` + shellQuote(p.out)
	} else {
		s.Mounts = append(s.Mounts, container.Mount{Path: r.temp, Target: outPath})
	}
	s.Command = append([]string{"/bin/sh", "-c", script, "wasmctl"}, st.args...)
	code, err := r.runStep(ctx, s, r.copies)
	if err != nil && ctx.Err() == nil {
		err = r.stepError(st.title(), err)
	}
	return code, err
}

// fetch runs the fetch step and notes in the caches that it has been done.
func (r *stepRun) fetch(ctx context.Context) (err error) {
	end := r.progress.Start("fetch dependencies of "+r.project.Name, 0)
	defer func() { end(err) }()
	p := r.paths()
	st := r.recipe.fetch(p)
	s := r.stepSpec(p, st)
	s.NoNetwork = r.options.Offline
	s.Env = append(r.networkEnv(), s.Env...)
	script := r.checks(false) + "\"$@\" >&2 || exit\n"
	for _, mark := range r.marks() {
		script += "mkdir -p " + shellQuote(path.Dir(mark)) + " && : >" + shellQuote(mark) + " || exit\n"
	}
	s.Command = append([]string{"/bin/sh", "-c", script, "wasmctl"}, st.args...)
	if _, err := r.runStep(ctx, s, false); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return r.fetchError(err)
	}
	return nil
}

// checks is the beginning of a script: what must be so before a step makes sense.
func (r *stepRun) checks(fetched bool) string {
	var script strings.Builder
	for _, dir := range r.cachePaths() {
		fmt.Fprintf(&script, "[ -w %s ] || exit %d\n", shellQuote(dir), codeNotWritable)
	}
	if fetched && r.recipe.fetch != nil {
		for _, mark := range r.marks() {
			fmt.Fprintf(&script, "[ -e %s ] || exit %d\n", shellQuote(mark), codeNotFetched)
		}
	}
	return script.String()
}

// marks are files, one in each cache, which say that the dependencies of this
// project are there. They go with the volume when that is removed, and have
// another name when the image or the lock files change.
func (r *stepRun) marks() []string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q", r.image(), r.paths().key, r.recipe.name)
	for _, name := range r.recipe.locks {
		content, err := os.ReadFile(filepath.Join(r.project.Dir, filepath.FromSlash(name)))
		fmt.Fprintf(h, "%q %q %t", name, content, err == nil)
	}
	mark := hex.EncodeToString(h.Sum(nil)[:16])
	var marks []string
	for _, dir := range r.cachePaths() {
		marks = append(marks, path.Join(dir, ".wasmctl-fetched", mark))
	}
	return marks
}

// stepSpec is the container of a step, but for its command.
func (r *stepRun) stepSpec(p paths, st step) container.Spec {
	s := r.spec()
	s.Dir = p.project
	s.Env = append([]string{"HOME=" + p.temp, "TMPDIR=" + p.temp, "LC_ALL=C.UTF-8"}, r.caEnv()...)
	s.Env = append(append(s.Env, st.env...), r.job.env...)
	s.Mounts = r.cacheMounts()
	if r.copies {
		s.Folder = rootPath
		return s
	}
	for _, m := range r.plan.mounts {
		s.Mounts = append(s.Mounts, container.Mount{Path: m.from, Target: m.to, ReadOnly: true})
	}
	return s
}

// runStep runs a container with its output among the messages, or with its
// standard output in the file out.
func (r *stepRun) runStep(ctx context.Context, s container.Spec, module bool) (code int, err error) {
	stdout, stderr := &lineWriter{to: r.stderr, from: rootPath}, &lineWriter{to: r.stderr, from: rootPath}
	defer stdout.flush()
	defer stderr.flush()
	o := container.IO{Stdout: stdout, Stderr: stderr}
	if r.copies {
		o.Archive = r.plan.archive.write
	}
	if module {
		file, err := os.OpenFile(r.out, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		o.Stdout = &fileWriter{to: file, left: maxModule + 1}
	}
	err = r.client.Run(ctx, s, o)
	var exit *container.ExitError
	if errors.As(err, &exit) && (exit.Code == codeNotWritable || exit.Code == codeNotFetched) {
		return exit.Code, nil
	}
	return 0, err
}

// fileWriter writes no more than a module may have, so that a container cannot
// fill the disk: what is longer is refused later, when it is read.
type fileWriter struct {
	to   io.Writer
	left int
}

func (w *fileWriter) Write(p []byte) (int, error) {
	n := min(w.left, len(p))
	w.left -= n
	if _, err := w.to.Write(p[:n]); err != nil {
		return 0, err
	}
	return len(p), nil
}
