package scaffold

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
)

// IsOwn tells whether the reference names a template of the user's own, a folder
// or a repository, rather than a built-in one.
func IsOwn(reference string) bool {
	return IsRemote(reference) || reference == "." || reference == ".." ||
		strings.ContainsAny(reference, `/\`) || filepath.IsAbs(reference)
}

// IsRemote tells whether the reference names a repository.
func IsRemote(reference string) bool { return strings.HasPrefix(reference, gitPrefix) }

func openOwn(ctx context.Context, reference string) (*Template, error) {
	if IsRemote(reference) {
		return openGit(ctx, reference)
	}
	if strings.Contains(reference, "://") {
		return nil, hint.Errorf("a git repository is "+gitForm, "%q is no folder", shorten(reference))
	}
	return openFolder(ctx, reference)
}

// newOwn makes a template of the user's files. name is what messages call it.
func newOwn(name string, origin Origin, files []file) (*Template, error) {
	t := &Template{Summary: Summary{Name: name}, Origin: origin}
	var text []byte
	found := false
	for _, f := range sorted(files) {
		switch f.path {
		case ManifestName:
			text, found = f.content, true
			continue
		case project.FileName, project.FileName + suffix:
			t.complete = true
		}
		t.files = append(t.files, f)
	}
	if !found {
		return nil, hint.Errorf("add the file; docs/templates.md says what is in it", "%w: %s has no %s", ErrNoTemplate, name, ManifestName)
	}
	m, err := decodeManifest(path.Join(filepath.ToSlash(name), ManifestName), text, false)
	if err != nil {
		return nil, err
	}
	t.Description, t.Language, t.Parameters = m.description, m.language, m.parameters
	return t, nil
}

// ErrNoTemplate says that a folder holds no template.
var ErrNoTemplate = errors.New("no template")

// ignored is git's own folder at the top of a template, or the file in its place
// in a work tree.
const ignored = ".git"

// unusual is the error for what is no plain file.
func unusual(name, kind string) error {
	return hint.Wrap(&NameError{Path: name, Reason: "is " + kind}, "a template holds plain files and folders")
}

// kindOf names what is no plain file.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&(fs.ModeDevice|fs.ModeCharDevice) != 0:
		return "a device"
	case mode&(fs.ModeNamedPipe|fs.ModeSocket) != 0:
		return "a pipe or socket"
	}
	return fmt.Sprintf("of the kind %v", mode.Type())
}
