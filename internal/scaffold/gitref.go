package scaffold

import (
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
)

const (
	gitPrefix = "git+"
	// gitForm is what a reference to a repository looks like, for messages.
	gitForm = "git+https://HOST/REPOSITORY[//FOLDER][#TAG, BRANCH or COMMIT]; also git+ssh and git+file"
)

// gitRef names a template in a git repository.
type gitRef struct {
	url *url.URL
	// dir is the folder of the template in the repository, with slashes; "" is
	// the root.
	dir string
	// ref is a tag, a branch or a full commit; "" is what the repository puts first.
	ref string
}

// refRule is what git takes as the name of a tag or branch (git-check-ref-format),
// and a bit less: what begins with '-' would be an option.
const refRule = `^[0-9A-Za-z_][0-9A-Za-z_./+@#=,-]*$`

// maxReference bounds a reference, in bytes.
const maxReference = 4096

// parseGitRef reads git+SCHEME://HOST/REPOSITORY[//FOLDER][#REF].
func parseGitRef(reference string) (gitRef, error) {
	bad := func(format string, args ...any) (gitRef, error) {
		return gitRef{}, hint.Wrap(fmt.Errorf("template: "+format, args...), "a git repository is "+gitForm)
	}
	if len(reference) > maxReference {
		return bad("the reference has more than %d bytes", maxReference)
	}
	u, err := url.Parse(strings.TrimPrefix(reference, gitPrefix))
	if err != nil {
		return bad("%q is no URL", shorten(reference)) // the error itself would show a password
	}
	g := gitRef{url: u, ref: u.Fragment}
	switch {
	case u.Scheme == "http":
		return bad("%s is not encrypted: anybody on the way can change the template", u.Redacted())
	case u.Scheme == "file" && u.Host != "":
		return bad("%s has a host; a repository on this machine is git+file:///PATH", u.Redacted())
	case u.Scheme != "file" && u.Host == "":
		return bad("%s names no host", u.Redacted())
	case u.Scheme != "https" && u.Scheme != "ssh" && u.Scheme != "file":
		return bad("%s has the scheme %q", u.Redacted(), u.Scheme)
	case strings.HasPrefix(u.Host, "-") || strings.HasPrefix(u.User.Username(), "-"): // ssh would take it for an option
		return bad("%s has a name that begins with '-'", u.Redacted())
	case u.RawQuery != "":
		return bad("%s has a query", u.Redacted())
	case g.ref != "" && (!regexp.MustCompile(refRule).MatchString(g.ref) || strings.Contains(g.ref, "..")):
		return bad("%q is no tag, branch or commit", shorten(g.ref))
	}
	u.Fragment, u.RawFragment = "", ""
	if repository, dir, ok := strings.Cut(u.Path, "//"); ok {
		g.dir = strings.Trim(dir, "/")
		if !fs.ValidPath(g.dir) {
			return bad("%q is no folder in a repository", shorten(dir))
		}
		u.Path, u.RawPath = repository, ""
	}
	if strings.Trim(u.Path, "/") == "" {
		return bad("%s names no repository", u.Redacted())
	}
	return g, nil
}

// hide takes the password of the URL out of a text, such as what git printed.
func (g gitRef) hide(text string) string {
	text = strings.ReplaceAll(text, g.url.String(), g.url.Redacted())
	if password, ok := g.url.User.Password(); ok && password != "" {
		text = strings.ReplaceAll(text, password, "xxxxx")
	}
	return text
}

// Public is a reference without a password, for messages.
func Public(reference string) string {
	if g, err := parseGitRef(reference); err == nil {
		return g.hide(reference)
	}
	return shorten(reference)
}
