package build

import (
	"context"
	"go/version"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// minGo is the first version with -buildmode=c-shared for wasip1.
const minGo = "go1.24"

// version returns the version of Go that builds the project. The installed one
// does unless it is too old, or go.mod or GOTOOLCHAIN name another: then the go
// command is asked, which may fetch it first.
func (g *golang) version(ctx context.Context) (string, error) {
	found, need := g.env.installed, minGo
	if wants := g.modules.goVersion; version.Compare(wants, need) > 0 {
		need = wants
	}
	if g.mayDiffer(found, need) {
		asked, err := g.ask(ctx)
		switch {
		case ctx.Err() != nil:
			return "", err
		case err == nil:
			found = asked
		case version.Compare(found, need) >= 0:
			return "", err
		}
	}
	if version.IsValid(found) && version.Compare(found, need) < 0 {
		return "", hint.Errorf("install "+strings.Replace(need, "go", "Go ", 1)+" or later (https://go.dev/dl/)"+
			", or set GOTOOLCHAIN=auto to let Go fetch it",
			"%w: found %s, %s needs %s", ErrToolTooOld, found, g.project.Name, need)
	}
	return found, nil
}

// mayDiffer tells whether the go command may run another version than the
// installed one.
func (g *golang) mayDiffer(installed, need string) bool {
	if !version.IsValid(installed) {
		return false // a development version: it was asked, or is newer than all
	}
	chosen := g.env.get("GOTOOLCHAIN")
	return version.Compare(installed, need) < 0 ||
		version.Compare(g.modules.toolchain, installed) > 0 ||
		strings.HasPrefix(chosen, "go")
}
