package scaffold

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// The modes of entries in a tree; see gitformat-index(5).
const (
	modeLink   = "120000"
	modeModule = "160000"
	modeExec   = "100755"
)

// read takes the files of the template out of a commit.
func (r *repository) read(ctx context.Context, commit string) ([]file, error) {
	tree := commit
	if r.gitRef.dir != "" {
		tree += ":" + r.gitRef.dir
	}
	list, err := r.git(ctx, nil, "ls-tree", "-r", "-l", "-z", "--full-tree", tree)
	if err != nil {
		return nil, err
	}
	entries, err := parseTree(list)
	if err != nil {
		return nil, err
	}
	total := budget{ctx: ctx}
	var objects bytes.Buffer
	for _, e := range entries {
		if err := errors.Join(e.check(), total.add(e.path, e.size)); err != nil {
			return nil, err
		}
		fmt.Fprintln(&objects, e.object)
	}
	contents, err := r.git(ctx, objects.Bytes(), "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	return parseObjects(entries, contents)
}

// entry is a file in a tree.
type entry struct {
	mode, kind, object, path string
	size                     int64
}

// check refuses what is no plain file.
func (e entry) check() error {
	switch e.mode {
	case modeLink:
		return unusual(e.path, kindOf(fs.ModeSymlink))
	case modeModule:
		return unusual(e.path, "another repository, a submodule")
	}
	if e.kind != "blob" {
		return unusual(e.path, "of the kind "+e.kind)
	}
	return nil
}

// parseTree reads the output of 'git ls-tree -r -l -z':
// MODE SP KIND SP OBJECT SP+ SIZE TAB PATH NUL.
func parseTree(list []byte) ([]entry, error) {
	var entries []entry
	for line := range strings.SplitSeq(string(list), "\x00") {
		if line == "" {
			continue
		}
		about, name, ok := strings.Cut(line, "\t")
		fields := strings.Fields(about)
		if !ok || len(fields) != 4 {
			return nil, fmt.Errorf("git ls-tree: cannot read %q", shorten(line))
		}
		e := entry{mode: fields[0], kind: fields[1], object: fields[2], path: name}
		if fields[3] != "-" {
			size, err := strconv.ParseInt(fields[3], 10, 64)
			if err != nil || size < 0 {
				return nil, fmt.Errorf("git ls-tree: cannot read the size %q", shorten(fields[3]))
			}
			e.size = size
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// parseObjects reads the output of 'git cat-file --batch' for the entries:
// OBJECT SP KIND SP SIZE LF CONTENT LF.
func parseObjects(entries []entry, contents []byte) ([]file, error) {
	files := make([]file, 0, len(entries))
	for _, e := range entries {
		header := fmt.Sprintf("%s blob %d\n", e.object, e.size)
		rest, ok := bytes.CutPrefix(contents, []byte(header))
		if !ok || int64(len(rest)) <= e.size {
			return nil, fmt.Errorf("git cat-file: no content of %q", shorten(e.path))
		}
		mode := fileMode
		if e.mode == modeExec {
			mode = execMode
		}
		files = append(files, file{path: e.path, mode: mode, content: rest[:e.size:e.size]})
		contents = rest[e.size+1:]
	}
	return files, nil
}
