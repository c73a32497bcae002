package wasm

import (
	"maps"
	"slices"
	"strings"
)

func (c *checker) imports() {
	for _, p := range checkImports(c.m, c.p, c.version) {
		c.problem(p.Hint, "import %s %s: %s", p.Import, describeImport(p.Import), p.Reason)
	}
	since := map[string][]string{}
	for _, f := range c.p.Functions {
		if f.Since == "" {
			continue
		}
		for _, i := range c.m.imports {
			if i.Module == f.Module && i.Name == f.Name && !slices.Contains(since[f.Since], f.Name) {
				since[f.Since] = append(since[f.Since], f.Name)
			}
		}
	}
	for _, release := range slices.Sorted(maps.Keys(since)) {
		c.remark("make sure that your Envoy is not older, or build the module without what calls them (files, directories, sockets)",
			"imports %s, which Envoy offers since %s", strings.Join(since[release], ", "), release)
	}
}

func describeImport(i Import) string {
	if i.Func != nil {
		return i.Func.String()
	}
	return i.Kind.String()
}
