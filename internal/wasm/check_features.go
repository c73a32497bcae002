package wasm

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// features compares what the module uses with what the engine has.
func (c *checker) features() {
	uses, err := c.m.Features()
	if err != nil {
		c.failure(fmt.Errorf("the code cannot be read: %w", err), "build the module again")
		return
	}
	l := c.m.Language()
	late := map[string][]string{}
	used := [featureCount]bool{}
	for _, u := range uses {
		used[u.Feature] = true
		since := c.p.Since[u.Feature]
		switch {
		case c.p.lacks(u.Feature):
			c.problem(featureFix(u.Feature, l), "the module uses %s%s, which %s (%s) does not have",
				u.Feature.Title(), c.m.where(u), c.p.Name, c.p.Engine)
		case since != "":
			late[since] = append(late[since], u.Feature.Title())
		}
	}
	for _, release := range slices.Sorted(maps.Keys(late)) {
		titles := late[release]
		slices.Sort(titles)
		c.remark("make sure that your Envoy is not older (its admin page /server_info tells), or build without",
			"uses %s, which Envoy has since %s", strings.Join(titles, ", "), release)
	}
	if used[FeatureLegacyExceptions] && used[FeatureExceptions] && c.p.OneKindOfExceptions {
		c.problem("compile all parts of the module with the same kind, or rewrite it with 'wasm-opt --translate-to-exnref'",
			"the module uses both old and new exceptions, which %s (%s) does not take in one module", c.p.Name, c.p.Engine)
	}
	if used[FeatureSharedMemory] || used[FeatureAtomics] {
		c.remark(featureFix(FeatureAtomics, l),
			"uses threads: no proxy-wasm host can start one, and a wait blocks the proxy's worker with all its connections")
	}
}

// where says in which function a feature is used first, by its name if it has one.
func (m *Module) where(u FeatureUse) string {
	if u.Function == nil {
		return ""
	}
	names, err := m.FunctionNames()
	if name := names[*u.Function]; err == nil && name != "" {
		return fmt.Sprintf(" (first in %s)", name)
	}
	return fmt.Sprintf(" (first in function %d, at byte %d)", *u.Function, u.Offset)
}
