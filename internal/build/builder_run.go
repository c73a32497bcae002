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
	"strconv"
	"strings"
	"time"

	"github.com/wasmctl/wasmctl/internal/container"
)

// Places in a builder container.
const (
	// rootPath is where the folders of this machine are, each at its own path
	// below it, so that what leads from one to the other still does.
	rootPath = "/wasmctl/root"
	// outPath is the folder that receives the module.
	outPath = "/wasmctl/out"
	// cachePath is the folder of the caches, each a volume.
	cachePath = "/wasmctl/cache"
	// tempPath is a folder in memory.
	tempPath = "/tmp"
	// caPath is the bundle of certificates.
	caPath = rootPath + "/.wasmctl-ca.pem"
)

// staleAge is how old a container that does not run must be to count as
// forgotten.
const staleAge = 10 * time.Minute

// The codes with which the script around a step says why it did not run it.
const (
	codeNotWritable = 251 // a cache is not the user's to write to
	codeNotFetched  = 252 // the dependencies are not in the caches
)

// run carries out the recipe. As a rule that is one container: whether the
// dependencies are there, and the caches writable, is found out in it.
func (b *builder) run(ctx context.Context, out, temp string) error {
	err := b.attempt(ctx, out, temp)
	if errors.Is(err, container.ErrNoFolder) && !b.copies {
		b.notice("The container engine does not see %s: copying the sources into the container.", b.project.Dir)
		b.copies = true
		err = b.attempt(ctx, out, temp)
	}
	return err
}

// attempts bounds how often a compile step is tried. Caches can be removed at any
// time, by a prune say, and each time something has to be done first.
const attempts = 5

// attempt runs the compile step, and before it what turns out to be missing.
func (b *builder) attempt(ctx context.Context, out, temp string) error {
	p, err := b.plan(ctx)
	if err != nil {
		return err
	}
	r := &stepRun{builder: b, plan: p, out: out, temp: temp}
	for range attempts {
		if err := b.ensureVolumes(ctx); err != nil {
			return err
		}
		code, err := r.compile(ctx)
		switch {
		case err != nil || code == 0:
			return err
		case code == codeNotWritable:
			err = b.openCaches(ctx)
		case code == codeNotFetched:
			err = r.fetch(ctx)
		}
		if err != nil {
			return err
		}
	}
	return &ContainerError{fmt.Errorf("the cache volumes of %s cannot be used: remove them with 'wasmctl prune --builders'", b.recipe.name)}
}

// spec is what all containers of the builder have in common.
func (b *builder) spec() container.Spec {
	s := container.Spec{
		Image: b.image(), Labels: b.labels(), User: b.user(),
		Tmpfs:  map[string]int64{tempPath: b.memory() / 2},
		Memory: b.memory(), CPUs: b.options.Container.CPUs, PIDs: b.options.Container.PIDs,
		HostUsers: b.daemon.Remapped,
	}
	if s.PIDs == 0 {
		s.PIDs = DefaultPIDs
	}
	return s
}

func (b *builder) memory() int64 {
	if limit := b.options.Container.Memory; limit > 0 {
		return limit
	}
	return DefaultMemory
}

// user is who the container's programs are: the caller, so that the caller owns
// what they write. For a rootless engine the caller is root inside.
func (b *builder) user() string {
	switch uid := os.Getuid(); {
	case b.daemon.Rootless:
		return "0:0"
	case uid < 0: // Windows, where Docker's machine lets any user write
		return "1000:1000"
	default:
		return strconv.Itoa(uid) + ":" + strconv.Itoa(os.Getgid())
	}
}

// volume names a cache of the language. Each user has volumes of their own: what
// one writes another could not replace.
func (b *builder) volume(cache string) string {
	uid, _, _ := strings.Cut(b.user(), ":")
	return "wasmctl-cache-" + b.recipe.name + "-" + cache + "-" + uid
}

func (b *builder) cachePaths() []string {
	paths := make([]string, len(b.recipe.caches))
	for i, name := range b.recipe.caches {
		paths[i] = path.Join(cachePath, name)
	}
	return paths
}

func (b *builder) cacheMounts() []container.Mount {
	mounts := make([]container.Mount, len(b.recipe.caches))
	for i, name := range b.recipe.caches {
		mounts[i] = container.Mount{Volume: b.volume(name), Target: path.Join(cachePath, name), Labels: b.labels()}
	}
	return mounts
}

func (b *builder) ensureVolumes(ctx context.Context) error {
	for _, name := range b.recipe.caches {
		if err := b.client.EnsureVolume(ctx, b.volume(name), b.labels()); err != nil {
			return containerError(ctx, err)
		}
	}
	return nil
}

// openCaches lets every user write into the caches: a new volume is root's
// unless the image says otherwise, and an image of the user's says nothing.
func (b *builder) openCaches(ctx context.Context) error {
	s := b.spec()
	s.User, s.NoNetwork, s.Mounts = "0:0", true, b.cacheMounts()
	s.Command = append([]string{"chmod", "1777"}, b.cachePaths()...)
	if err := b.client.Run(ctx, s, container.IO{Stdout: b.stderr, Stderr: b.stderr}); err != nil {
		return containerError(ctx, fmt.Errorf("open the cache volumes of %s: %w", b.recipe.name, err))
	}
	return nil
}

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
