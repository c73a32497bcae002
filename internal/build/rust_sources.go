package build

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sources returns a line "NAME DIGEST" for each package of the project that
// comes from no registry.
func (p cargoProject) sources(ctx context.Context, j *job) ([]string, error) {
	digests := map[string]string{}
	for _, folder := range append([]string{p.dir}, p.dependencies...) {
		h := newHasher(j)
		if err := h.tree(ctx, folder); err != nil {
			return nil, fmt.Errorf("read the sources of %s: %w", j.project.Name, err)
		}
		digests[folder] = hex.EncodeToString(h.hash.Sum(nil))
	}
	var lines []string
	for _, folder := range slices.Sorted(maps.Keys(p.locals)) {
		digest, outside := digests[folder]
		if !outside {
			digest = digests[p.dir]
		}
		if name := p.locals[folder]; name != "" && !strings.ContainsAny(name, " \n*?[\\/") {
			lines = append(lines, name+" "+digest)
		}
	}
	return lines, nil
}

// sourcesSuffix is added to the name of cargo's target folder for the file with
// the sources that it was last used for.
const sourcesSuffix = "-sources"

// forgetChanged makes cargo compile those packages anew whose content is not
// that of last time. cargo goes by the times of files: one that comes back from a
// backup with its old time is no change to it.
func (p cargoProject) forgetChanged(ctx context.Context, j *job, target string) error {
	lines, err := p.sources(ctx, j)
	if err != nil {
		return err
	}
	file := target + sourcesSuffix
	before, _ := os.ReadFile(file) // without it, all have changed
	known := strings.Split(string(before), "\n")
	for _, line := range lines {
		if slices.Contains(known, line) {
			continue
		}
		name, _, _ := strings.Cut(line, " ")
		for _, level := range []string{"*", "*/*"} {
			old, _ := filepath.Glob(filepath.Join(escapeGlob(target), filepath.FromSlash(level), ".fingerprint", name+"-*"))
			for _, dir := range old {
				if err := os.RemoveAll(dir); err != nil {
					return notWritable(err, target)
				}
			}
		}
	}
	return os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}
