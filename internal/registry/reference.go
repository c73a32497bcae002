// Package registry moves images between the local store and OCI registries: it
// has the references that name them, the store (an OCI image layout on disk)
// and the client with the user's Docker credentials.
package registry

import (
	_ "crypto/sha512" // so that digests with it can be checked
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// Digest is "sha256:" and 64 hexadecimal digits (or sha512 and 128).
type Digest string

// Reference names an image: [REGISTRY/]REPOSITORY[:TAG][@DIGEST], or a digest
// alone. A reference without a registry names something in the store only.
type Reference struct {
	// Registry is HOST or HOST:PORT, or "".
	Registry string
	// Repository is empty only when the reference is a digest alone.
	Repository string
	// Tag is "" only when there is a digest.
	Tag string
	// Digest is "" or that of a manifest. It decides, whatever the tag is.
	Digest Digest
}

const (
	scheme = "oci://"
	// DefaultTag is the tag of a reference that has neither tag nor digest.
	DefaultTag = "latest"
	// maxReference is more than any registry takes: 255 for host and
	// repository, 128 for the tag, 135 for the longest digest.
	maxReference = 600
	maxName      = 255
)

// The grammar of the OCI distribution specification 1.1, "pulling manifests".
var (
	repositoryPattern = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagPattern        = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	hostPattern       = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$`)
)

// ParseReference reads a reference, with or without "oci://" in front of it. The
// tag is "latest" when there is neither tag nor digest. As in Docker the first
// element is a registry when it has a dot or a colon, or is "localhost"; unlike
// in Docker no registry is assumed when none is named. The error is
// ErrReference.
func ParseReference(s string) (Reference, error) {
	rest := strings.TrimPrefix(s, scheme)
	if rest == "" || len(rest) > maxReference {
		return Reference{}, badReference(s, "it is empty or too long")
	}
	if r, ok := parseDigest(rest); ok {
		return Reference{Digest: r}, nil
	}
	var r Reference
	rest, d, pinned := strings.Cut(rest, "@")
	if pinned {
		parsed, ok := parseDigest(d)
		if !ok {
			return Reference{}, badReference(s, "what follows the @ is not a digest (sha256: and 64 digits of 0-9a-f)")
		}
		r.Digest = parsed
	}
	rest = r.takeRegistry(rest)
	var tagged bool
	r.Repository, r.Tag, tagged = strings.Cut(rest, ":")
	if !tagged && !pinned {
		r.Tag = DefaultTag
	}
	return r, r.check(s, tagged)
}

// takeRegistry cuts the registry off the front of s.
func (r *Reference) takeRegistry(s string) (rest string) {
	first, rest, ok := strings.Cut(s, "/")
	if !ok || !strings.ContainsAny(first, ".:") && first != "localhost" {
		return s
	}
	r.Registry = first
	return rest
}

func (r Reference) check(s string, tagged bool) error {
	switch {
	case r.Registry != "" && !validHost(r.Registry):
		return badReference(s, "the registry "+strconv.Quote(r.Registry)+" is not HOST or HOST:PORT")
	case strings.ToLower(r.Repository) != r.Repository:
		return badReference(s, "a repository has no upper-case letters")
	case !repositoryPattern.MatchString(r.Repository) || len(r.Registry)+len(r.Repository) >= maxName:
		return badReference(s, "the repository "+strconv.Quote(r.Repository)+" has letters, digits, and single . _ - between them only")
	case tagged && !tagPattern.MatchString(r.Tag):
		return badReference(s, "the tag "+strconv.Quote(r.Tag)+" is not 1 to 128 letters, digits, . _ and -")
	}
	return nil
}

func badReference(s, why string) error {
	return hint.Errorf("write it as REGISTRY/REPOSITORY:TAG, for example ghcr.io/me/filter:v1, or as NAME:TAG for the local store",
		"%w %q: %s", ErrReference, s, why)
}

// parseDigest reads a digest of an algorithm that can be checked here.
func parseDigest(s string) (Digest, bool) {
	d := digest.Digest(s)
	if d.Validate() != nil {
		return "", false
	}
	switch d.Algorithm() {
	case digest.SHA256, digest.SHA512:
		return Digest(s), true
	}
	return "", false
}

func validHost(s string) bool {
	host := s
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		port, err := strconv.ParseUint(s[i+1:], 10, 16)
		if err != nil || port == 0 {
			return false
		}
		host = s[:i]
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		ip := net.ParseIP(host[1 : len(host)-1])
		return ip != nil && strings.Contains(host, ":")
	}
	return hostPattern.MatchString(host)
}

// String returns the reference in full, without "oci://": what ParseReference
// reads as the same reference.
func (r Reference) String() string {
	if r.Repository == "" {
		return string(r.Digest)
	}
	s := r.Repository
	if r.Registry != "" {
		s = r.Registry + "/" + s
	}
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + string(r.Digest)
	}
	return s
}

// Remote tells whether the reference names a registry.
func (r Reference) Remote() bool { return r.Registry != "" }

// Name returns the last element of the repository: a short name for people. It
// is "" for a digest alone.
func (r Reference) Name() string {
	return r.Repository[strings.LastIndexByte(r.Repository, '/')+1:]
}

// needRegistry returns the error for a reference that no registry can have.
func (r Reference) needRegistry() error {
	if r.Remote() {
		return nil
	}
	next := "name the registry too, for example ghcr.io/ME/FILTER:v1"
	if r.Repository != "" {
		next = "name the registry too, for example ghcr.io/" + r.String() + " (Docker Hub is docker.io)"
	}
	return hint.Errorf(next, "%w: %s", ErrNoRegistry, r)
}
