package scaffold

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/tool"
)

// openGit reads a template from a git repository. It fetches the one commit into
// a bare repository in a temporary folder and takes the files out of git's
// objects: there is no checkout, in which links, filters or hooks could act.
func openGit(ctx context.Context, reference string) (*Template, error) {
	ref, err := parseGitRef(reference)
	if err != nil {
		return nil, err
	}
	program, err := tool.Find("git")
	if err != nil {
		return nil, hint.Errorf("install git, or download the template and name its folder", "fetch the template: %w", err)
	}
	dir, err := os.MkdirTemp("", "wasmctl-template-")
	if err != nil {
		return nil, fmt.Errorf("fetch the template: %w", err)
	}
	r := &repository{gitRef: ref, program: program, dir: dir}
	t, err := r.open(ctx)
	return t, errors.Join(err, os.RemoveAll(dir))
}

// repository is a bare repository of ours.
type repository struct {
	gitRef
	program, dir string
}

// fetched is what git calls a commit that was just fetched.
const fetched = "FETCH_HEAD"

func (r *repository) open(ctx context.Context) (*Template, error) {
	if _, err := r.git(ctx, nil, "init", "--quiet", "--bare", "--template=", "."); err != nil {
		return nil, err
	}
	if err := r.fetch(ctx); err != nil {
		return nil, err
	}
	commit, err := r.git(ctx, nil, "rev-parse", "--verify", fetched+"^{commit}")
	if err != nil {
		return nil, err
	}
	origin := Origin{Dir: r.gitRef.dir, URL: r.url.Redacted(), Ref: r.ref, Commit: strings.TrimSpace(string(commit))}
	if password, ok := r.url.User.Password(); ok && password != "" {
		public := *r.url
		public.User = nil
		origin.URL = public.String()
	}
	files, err := r.read(ctx, origin.Commit)
	if err != nil {
		return nil, err
	}
	name := path.Base(strings.TrimSuffix(r.url.Path, ".git"))
	if r.gitRef.dir != "" {
		name = path.Base(r.gitRef.dir)
	}
	return newOwn(name, origin, files)
}

// fetch gets the commit, and nothing of its past.
func (r *repository) fetch(ctx context.Context) error {
	ref := r.ref
	if ref == "" {
		ref = "HEAD"
	}
	_, err := r.git(ctx, nil, "fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules",
		"--end-of-options", r.url.String(), ref)
	if err == nil || ctx.Err() != nil {
		return err
	}
	next := "check the URL, and that git can read it without asking: 'git ls-remote " + r.url.Redacted() + "'"
	if r.ref != "" {
		next += "; after '#' stands a tag, a branch or a whole commit, 40 digits"
	}
	return hint.Wrap(err, next)
}

// settings keep git from running anything but its own transport, from asking,
// and from waiting for a server that has fallen silent.
func settings() []string {
	return []string{
		"-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0", "-c", "fetch.writeCommitGraph=false", "-c", "maintenance.auto=false",
		"-c", "fetch.recurseSubmodules=no", "-c", "submodule.recurse=false", "-c", "protocol.ext.allow=never",
		"-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=60",
	}
}

// environment is what every call of git gets.
func (r *repository) environment() []string {
	env := []string{
		"GIT_DIR=" + r.dir, "GIT_ALLOW_PROTOCOL=https:ssh:file", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS_REQUIRE=never",
		"GCM_INTERACTIVE=never", "GIT_LFS_SKIP_SMUDGE=1", "GIT_NO_LAZY_FETCH=1", "LC_ALL=C",
	}
	if os.Getenv("GIT_SSH_COMMAND") == "" && os.Getenv("GIT_SSH") == "" {
		env = append(env, "GIT_SSH_COMMAND=ssh -o BatchMode=yes")
	}
	return env
}

// git runs git and returns what it printed. input is what it reads.
func (r *repository) git(ctx context.Context, input []byte, args ...string) ([]byte, error) {
	messages := &tail{}
	out := &bounded{most: maxOutput}
	err := tool.Command{
		Path: r.program, Args: append(settings(), args...), Dir: r.dir, Env: r.environment(),
		Stdin: bytes.NewReader(input), Stdout: out, Stderr: messages,
	}.Run(ctx)
	switch {
	case err == nil:
		return out.Bytes(), nil
	case ctx.Err() != nil:
		return nil, err
	case out.full:
		return nil, fmt.Errorf("the template is larger than %d MiB", maxTotal>>20)
	}
	return nil, fmt.Errorf("git %s: %w: %s", args[0], err, r.hide(strings.TrimSpace(messages.String())))
}

// maxOutput is the most that git prints for a template that is small enough:
// the files, and a line for each.
const maxOutput = maxTotal + maxFiles*(maxPathLength+1024)

// bounded keeps what is written to it, up to a bound, and then refuses more:
// that ends the program that writes.
type bounded struct {
	bytes.Buffer
	most int
	full bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.most {
		b.full = true
		return 0, errors.New("too much output")
	}
	return b.Buffer.Write(p)
}

// tail keeps the end of what is written to it, where programs say what failed.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 2048
	t.text = append(t.text, p...)
	if len(t.text) > most {
		t.text = append([]byte{}, t.text[len(t.text)-most:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.text) }
