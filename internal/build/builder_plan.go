package build

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// place is a folder or file of this machine and where it is in the container.
type place struct{ from, to string }

// plan says how the sources get into the container.
type plan struct {
	// mounts are mounted read-only. When sources are copied, they are what is
	// copied.
	mounts []place
	// archive writes the sources as a tar archive.
	archive archive
}

// plan finds out what the container must see: the roots, what symbolic links in
// them lead to, and the certificates. Where mounting would not do, it decides to
// copy.
func (b *builder) plan(ctx context.Context) (plan, error) {
	roots := outermost(b.recipe.roots)
	s := scan{ctx: ctx, job: b.job, uid: os.Getuid(), gid: os.Getgid(), rootless: b.daemon.Rootless, seen: map[place]bool{}}
	var p plan
	for _, root := range roots {
		p.mounts = append(p.mounts, place{root, inside(root)})
	}
	s.mounts = p.mounts
	if !b.copies {
		for _, m := range p.mounts {
			if err := s.tree(m); err != nil {
				return plan{}, fmt.Errorf("read the sources of %s: %w", b.project.Name, err)
			}
		}
		if s.obstacle != "" {
			b.notice("Copying the sources of %s into the container: %s.", b.project.Name, s.obstacle)
			b.copies = true
		} else {
			p.mounts = s.mounts
		}
	}
	ca, err := b.caFile()
	if err != nil {
		return plan{}, &ContainerError{err}
	}
	if ca != "" {
		p.mounts = append(p.mounts, place{ca, caPath})
	}
	p.archive = archive{ctx: ctx, places: p.mounts, skip: newHasher(b.job).skip}
	return p, nil
}

// outermost leaves out what is not there, what is named twice and what is inside
// another one.
func outermost(roots []string) []string {
	var all []string
	for _, root := range roots {
		if _, err := os.Stat(root); err == nil {
			all = append(all, filepath.Clean(root))
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	var kept []string
	for _, root := range all {
		if !slices.ContainsFunc(kept, func(outer string) bool { return within(root, outer) }) {
			kept = append(kept, root)
		}
	}
	return kept
}

// within tells whether path is dir or below it.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// scan looks for symbolic links that lead to where nothing is mounted, and for
// files that the user of the container could not read.
type scan struct {
	ctx      context.Context
	job      *job
	uid, gid int
	rootless bool
	mounts   []place
	// obstacle is why mounting does not do; "" when it does.
	obstacle string
	seen     map[place]bool
}

// tree looks through a folder that is at m.to in the container.
func (s *scan) tree(m place) error {
	if s.seen[m] {
		return nil
	}
	s.seen[m] = true
	return filepath.WalkDir(m.from, func(hostPath string, d fs.DirEntry, err error) error {
		switch {
		case s.ctx.Err() != nil:
			return context.Cause(s.ctx)
		case s.obstacle != "":
			return filepath.SkipAll
		case os.IsNotExist(err), os.IsPermission(err):
			return nil // nor will the compiler see it
		case err != nil:
			return err
		case hostPath != m.from && ignored(hostPath):
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case d.IsDir() && hostPath != m.from && isCache(hostPath):
			return filepath.SkipDir
		}
		rel, err := filepath.Rel(m.from, hostPath)
		if err != nil {
			return err
		}
		if d.Type() == fs.ModeSymlink && hostPath != m.from {
			return s.link(hostPath, path.Join(m.to, filepath.ToSlash(rel)))
		}
		return s.access(hostPath, d)
	})
}

// access notices a file that the caller may read, and the container may not: one
// of another owner when the caller is root or a member of its group. Root in the
// container has no capability to read it.
func (s *scan) access(hostPath string, d fs.DirEntry) error {
	if s.rootless || s.uid < 0 {
		return nil
	}
	info, err := d.Info()
	if os.IsNotExist(err) {
		return nil
	}
	if err == nil && !readable(info, s.uid, s.gid) {
		s.obstacle = fmt.Sprintf("%s belongs to another user", hostPath)
	}
	return err
}

// link mounts what a symbolic link leads to at the place where the container
// will look for it, unless it is there already.
func (s *scan) link(hostPath, at string) error {
	target, err := os.Readlink(hostPath)
	if err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(hostPath)
	if err != nil {
		return nil //nolint:nilerr // a broken link is broken in the container too
	}
	to := path.Join(path.Dir(at), filepath.ToSlash(target))
	if filepath.IsAbs(target) {
		to = path.Clean(filepath.ToSlash(target))
		if systemPath(to) {
			s.obstacle = fmt.Sprintf("the symbolic link %s leads to %s", hostPath, target)
			return nil
		}
	}
	for _, m := range s.mounts {
		if to == m.to || strings.HasPrefix(to, m.to+"/") {
			return nil
		}
		if strings.HasPrefix(m.to, to+"/") {
			s.obstacle = fmt.Sprintf("the symbolic link %s leads to a folder around the project", hostPath)
			return nil
		}
	}
	m := place{real, to}
	s.mounts = append(s.mounts, m)
	return s.tree(m)
}

// systemPath tells whether a place in a container belongs to its system. Nothing
// of this machine may take the place of that.
func systemPath(to string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(to, "/"), "/")
	switch first {
	case "", "bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin", "sys", "usr", "wasmctl":
		return true
	}
	return !strings.Contains(strings.TrimPrefix(to, "/"), "/") // a folder of the root itself, such as /home
}
