package scaffold_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/scaffold"
	"github.com/wasmctl/wasmctl/internal/testkit"
)

// gitRepository is a repository with templates, as somebody else made it.
type gitRepository struct {
	t   *testing.T
	dir string
}

func newRepository(t *testing.T) *gitRepository {
	t.Helper()
	testkit.Need(t, testkit.Git)
	r := &gitRepository{t: t, dir: filepath.Join(t.TempDir(), "my filters.git")}
	if err := os.Mkdir(r.dir, 0o750); err != nil {
		t.Fatal(err)
	}
	r.git("init", "--quiet", "--initial-branch=main")
	return r
}

// git runs git as its author does, without anything of this machine's settings.
func (r *gitRepository) git(args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "git", append([]string{"-c", "protocol.file.allow=always"}, args...)...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit makes a commit of all files and returns its name.
func (r *gitRepository) commit(files map[string]string) string {
	r.t.Helper()
	write(r.t, r.dir, files)
	r.git("add", "--all")
	r.git("commit", "--quiet", "--message=m", "--allow-empty")
	return r.git("rev-parse", "HEAD")
}

// reference names the repository, or with rest a folder and a commit in it.
func (r *gitRepository) reference(rest string) string {
	return "git+file://" + (&url.URL{Path: filepath.ToSlash(r.dir)}).EscapedPath() + rest
}

func TestGitTemplate(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	first := r.commit(with(map[string]string{"v.txt": "1", "sub/dir/template.yaml": least, "sub/dir/v.txt.tmpl": "sub 1 <% .Name %>"}))
	r.git("tag", "--annotate", "--message=m", "v1")
	second := r.commit(map[string]string{"v.txt": "2", "run.sh": "#!/bin/sh\n"})
	r.git("update-index", "--chmod=+x", "run.sh")
	r.git("commit", "--quiet", "--message=m")
	third := r.git("rev-parse", "HEAD")
	r.git("branch", "feature/x", second)

	cases := []struct{ rest, commit, want, name string }{
		{"", third, "2", "my filters"},
		{"#main", third, "2", "my filters"},
		{"#v1", first, "1", "my filters"},
		{"#refs/tags/v1", first, "1", "my filters"},
		{"#feature/x", second, "2", "my filters"},
		{"#" + first, first, "1", "my filters"},
		{"//sub/dir#v1", first, "sub 1 x", "dir"},
		{"//sub/dir/", third, "sub 1 x", "dir"},
	}
	for _, c := range cases {
		opened, err := scaffold.Open(t.Context(), "", r.reference(c.rest))
		if err != nil {
			t.Errorf("%s: %v", c.rest, err)
			continue
		}
		plan, err := opened.Render(t.Context(), "x", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := contents(plan)["v.txt"]; got != c.want || opened.Origin.Commit != c.commit || opened.Name != c.name {
			t.Errorf("%s: %q from %+v", c.rest, got, opened)
		}
		for _, f := range plan.Files {
			if want := f.Path == "run.sh" && c.commit == third; (f.Mode == 0o755) != want {
				t.Errorf("%s: %s has the mode %v", c.rest, f.Path, f.Mode)
			}
		}
	}
}

// Nothing in a repository runs, wherever it says that it wants to.
func TestGitTemplateRunsNothing(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	proof := filepath.Join(t.TempDir(), "proof")
	touch := "#!/bin/sh\ntouch " + proof + "\n"
	r.commit(with(map[string]string{
		".gitattributes": "* filter=evil text eol=crlf ident export-subst working-tree-encoding=ISO-8859-1\n", "a.txt": "$Id$ $Format:%H$\n",
		".lfsconfig": "[lfs]\nurl = ext::sh -c touch% " + proof + "\n", ".gitmodules": "", "hooks/post-checkout": touch,
	}))
	for _, hook := range []string{"post-checkout", "post-merge", "reference-transaction", "post-upload-pack", "pre-receive"} {
		if err := os.WriteFile(filepath.Join(r.dir, ".git", "hooks", hook), []byte(touch), 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	r.git("config", "filter.evil.smudge", "touch "+proof)
	r.git("config", "uploadpack.packObjectsHook", "touch "+proof)
	r.git("config", "core.fsmonitor", "touch "+proof)
	plan, err := request{template: r.reference(""), name: "x"}.render(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := contents(plan)["a.txt"]; got != "$Id$ $Format:%H$\n" {
		t.Errorf("a.txt is %q", got)
	}
	if _, err := os.Stat(proof); err == nil {
		t.Error("something ran")
	}
}

func TestRefusedGitTemplates(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	r.commit(with(nil))
	object := r.git("rev-parse", "HEAD:template.yaml")
	// entry makes a commit with one more entry in the index, however odd.
	entry := func(mode, object, path string) string {
		r.git("read-tree", "HEAD")
		r.git("-c", "core.protectHFS=false", "-c", "core.protectNTFS=false", "update-index", "--add", "--cacheinfo", mode+","+object+","+path)
		commit := r.git("commit-tree", "-m", "m", r.git("write-tree"))
		r.git("update-ref", "refs/tags/t"+commit, commit)
		return "#t" + commit
	}
	cases := []struct{ rest, want string }{
		{entry("120000", object, "link"), "is a symbolic link"},
		{entry("160000", r.git("rev-parse", "HEAD"), "module"), "a submodule"},
		{entry("100644", object, "con"), "a device on Windows"},
		{entry("100644", object, "GIT~2/x"), "is git's own"},
		{"#v9", "find remote ref v9"},
		{"#" + strings.Repeat("0", 40), "git fetch"},
		{"//none", "git ls-tree"},
		{"//template.yaml", "git ls-tree"},
	}
	for _, c := range cases {
		_, err := request{template: r.reference(c.rest), name: "x"}.render(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.rest, err, c.want)
		}
	}
	if _, err := scaffold.Open(t.Context(), "", r.reference("x")); err == nil || len(hint.Of(err)) == 0 {
		t.Errorf("error %v", err)
	}
}

func TestRefusedGitReferences(t *testing.T) {
	t.Parallel()
	cases := []struct{ reference, want string }{
		{"git+http://example.com/x", "is not encrypted"},
		{"git+git://example.com/x", `the scheme "git"`},
		{"git+ext::sh -c touch% /tmp/x", "names no host"},
		{"git+ext://sh/x", `the scheme "ext"`},
		{"git+https:///x", "names no host"},
		{"git+https://example.com", "names no repository"},
		{"git+https://example.com//sub", "names no repository"},
		{"git+https://example.com/x//../y", "is no folder"},
		{"git+https://example.com/x//a/../../y", "is no folder"},
		{"git+https://example.com/x?y=z", "has a query"},
		{"git+https://example.com/x#--upload-pack=touch", "is no tag"},
		{"git+https://example.com/x#a..b", "is no tag"},
		{"git+https://example.com/x#a b", "is no tag"},
		{"git+https://example.com/x#a:b", "is no tag"},
		{"git+ssh://-oProxyCommand=touch/x", "begins with '-'"},
		{"git+ssh://-l@example.com/x", "begins with '-'"},
		{"git+file://host/x", "has a host"},
		{"git+https://user:secret@example.com/x?y", "has a query"},
		{"git+https://user:secret@exa mple.com/x", "is no URL"},
		{"git+https://example.com/" + strings.Repeat("x", 5000), "more than 4096 bytes"},
	}
	for _, c := range cases {
		_, err := scaffold.Open(t.Context(), "", c.reference)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(strings.Join(hint.Of(err), ""), "git+https://HOST") {
			t.Errorf("%s: error %v, want %s", c.reference, err, c.want)
		}
		if err != nil && c.want != "is no URL" && strings.Contains(err.Error(), "secret") {
			t.Errorf("it tells the password: %v", err)
		}
	}
}

// A server that wants a password is not waited for, and none is told.
func TestGitDoesNotAsk(t *testing.T) {
	t.Parallel()
	testkit.Need(t, testkit.Git)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "SSH-2.0-nothing\r\n")
			c.Close()
		}
	}()
	for _, scheme := range []string{"ssh", "https"} {
		_, err := scaffold.Open(t.Context(), "", fmt.Sprintf("git+%s://user:s3cret@%s/x", scheme, l.Addr()))
		if err == nil || strings.Contains(err.Error()+strings.Join(hint.Of(err), ""), "s3cret") {
			t.Errorf("%s: %v, %q", scheme, err, hint.Of(err))
		}
	}
}

func TestGitIsCancelled(t *testing.T) {
	t.Parallel()
	testkit.Need(t, testkit.Git)
	l, err := net.Listen("tcp", "127.0.0.1:0") // never answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if c, err := l.Accept(); err == nil {
			cancel()
			defer c.Close()
			_, _ = io.Copy(io.Discard, c)
		}
	}()
	if _, err := scaffold.Open(ctx, "", fmt.Sprintf("git+https://%s/x", l.Addr())); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
