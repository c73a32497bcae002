package build

import (
	"context"
	"crypto/rand"
	"fmt"
	"path"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
)

// cppContainer builds in a container as cpp does on this machine: with make and
// the Makefile of the project.
type cppContainer struct{ *job }

func cppRecipe(j *job) recipe {
	c := cppContainer{j}
	return recipe{
		name: "cpp", probe: shell(chooseClang + `exec "$CXX" --version`), parseVersion: c.version, caches: []string{"objects"},
		roots: []string{j.project.Dir}, settings: strings.Join(cppChoices(j), "\n"),
		compile: c.compile,
	}
}

// chooseClang sets CXX to the clang++ of the image with the highest number.
const chooseClang = `for CXX in clang++-22 clang++-21 clang++-20 clang++-19 clang++-18 clang++-17 clang++; do
  if command -v "$CXX" >/dev/null; then break; fi
done
`

func shell(script string) []string { return []string{"/bin/sh", "-c", script} }

func (c cppContainer) version(output string) (string, error) {
	_, rest, ok := strings.Cut(output, "clang version ")
	if !ok {
		return "", fmt.Errorf("%w: the image's clang++ printed %q", ErrToolMissing, strings.TrimSpace(output))
	}
	version := strings.Fields(rest + " ")[0]
	if clangNumber(version) < minClang {
		return "", hint.Errorf("name an image with a later clang with --builder-image",
			"%w: it has clang %s, %s needs clang %d", ErrToolTooOld, version, c.project.Name, minClang)
	}
	return "clang " + version, nil
}

// cppScript runs make with the arguments that it gets. Objects get the time at
// which make began: a source that is saved meanwhile is newer than its object
// then. Objects of a run that was killed have other times, and are not used.
const cppScript = chooseClang + `if [ -e "$objects/.begun" ]; then rm -rf "$objects"; fi
mkdir -p "$objects" && touch "$objects/.begun" || exit
make "$@" "CXX=$CXX" "OBJ=$objects" "OUT=$module"
code=$?
find "$objects" -newer "$objects/.begun" -exec touch -r "$objects/.begun" {} +
rm -f "$objects/.begun"
if [ $code != 0 ]; then exit $code; fi
if [ ! -e "$module" ]; then
  echo 'error: the default target of the Makefile has to write the file that the variable OUT names' >&2
  exit 1
fi
if [ -n "$optimize" ] && command -v wasm-opt >/dev/null; then
  eval "wasm-opt $optimize"
else
  cp "$module" "$out"
fi
`

func (c cppContainer) compile(p paths) step {
	objects := "container-" + cppObjects(c.job)
	env := []string{
		"objects=" + path.Join(p.cache, "objects", p.key, objects),
		"module=" + path.Join(p.temp, "module.wasm"), "out=" + p.out,
	}
	if c.optimizes() {
		env = append(env, "optimize="+strings.Join(wasmOptArgs(c.job, `"$module"`, `"$out"`), " "))
	}
	args := append(shell(cppScript), "make", "--silent", "--no-print-directory", c.parallel(), "ID="+c.objectsID(objects))
	return step{args: append(args, cppChoices(c.job)...), env: env}
}

// objectsID is as in cpp. Without it nothing that was compiled before is used.
func (c cppContainer) objectsID(name string) string {
	o, err := trackObjects(context.Background(), c.job, name)
	if err != nil || o.keep() != nil {
		return rand.Text()
	}
	return o.ID
}

// parallel is the option that lets make use the cores that the container has.
func (c cppContainer) parallel() string {
	if cpus := int(c.options.Container.CPUs); cpus > 0 {
		return fmt.Sprint("-j", cpus)
	}
	return "-j4"
}
