package build

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// assemblyScriptContainer builds in a container as assemblyScript does on this
// machine. The project is mounted read-only, so the packages are installed in a
// cache, in a folder of their own for each lock file.
type assemblyScriptContainer struct {
	*job
	packages npmProject
}

func assemblyScriptRecipe(j *job) recipe {
	c := assemblyScriptContainer{job: j, packages: npmProject{dir: j.project.Dir}}
	return recipe{
		name: "assemblyscript", probe: []string{"node", "--version"}, parseVersion: c.version,
		// One volume: packages are moved from where npm installs them to their place.
		caches: []string{"npm"}, roots: []string{j.project.Dir},
		settings: strings.Join(assemblyScriptArguments(j, ""), "\n"),
		locks:    []string{npmPackage, npmLock, ".npmrc"},
		fetch:    c.fetch, compile: c.compile,
	}
}

// version is as that of assemblyScript: Node.js is looked at, the compiler named.
func (c assemblyScriptContainer) version(output string) (string, error) {
	if err := checkNode(output, c.project.Name); err != nil {
		return "", err
	}
	return "asc " + c.packages.compilerVersion(), nil
}

// installed is the folder with the packages: one for each content of the files
// that decide which packages those are. Without a lock file npm decides anew for
// each project.
func (c assemblyScriptContainer) installed(p paths) string {
	h := sha256.New()
	for _, name := range []string{npmPackage, npmLock, ".npmrc"} {
		b, err := os.ReadFile(filepath.Join(c.project.Dir, name))
		fmt.Fprintf(h, "%s %t %d\n%s", name, err == nil, len(b), b)
	}
	if !c.packages.has(npmLock) {
		fmt.Fprint(h, p.key)
	}
	return path.Join(p.cache, "npm", "installed", hex.EncodeToString(h.Sum(nil)[:16]))
}

// fetchNpmScript installs the packages aside and moves them into their place, so
// that a build which ends half-way leaves nothing that looks complete. What was
// there before is of no use, or the step would not run. The programs that come
// with Binaryen, most of it, are not those that the compiler uses.
const fetchNpmScript = `set -e
new=$installed.new.$$
trap 'rm -rf "$new"' EXIT
mkdir -p "$new"
for file in package.json package-lock.json .npmrc; do
  if [ -e "$file" ]; then cp "$file" "$new"; fi
done
(cd "$new" && npm "$@") >&2
rm -rf "$new/node_modules/binaryen/bin" "$installed"
mv "$new" "$installed"
`

func (c assemblyScriptContainer) fetch(p paths) step {
	action := npmCI
	if !c.packages.has(npmLock) {
		action = npmInstall
		c.notice("%s has no %s: npm takes the newest versions; 'npm install' writes one.", c.project.Name, npmLock)
	}
	args := append([]string{"/bin/sh", "-c", fetchNpmScript, "npm"}, npmArguments(c.job, action)...)
	return step{args: args, env: []string{"installed=" + c.installed(p), "npm_config_cache=" + path.Join(p.cache, "npm", "packages")}}
}

// compileNpmScript compiles in a folder that looks like the project: with links
// to what is in it, and with the installed packages instead of those of the host,
// which may be others.
const compileNpmScript = `set -e
if [ ! -e asconfig.json ]; then
  echo 'error: there is no asconfig.json with the options of the compiler' >&2
  exit 1
fi
if [ ! -e "$installed/node_modules/assemblyscript/bin/asc.js" ]; then
  echo 'error: the packages of the project do not include the compiler, assemblyscript' >&2
  exit 1
fi
mkdir -p "$mirror"
find "$PWD" -mindepth 1 -maxdepth 1 ! -name node_modules ! -name build -exec ln -s {} "$mirror" \;
ln -s "$installed/node_modules" "$mirror/node_modules"
cd "$mirror"
exec node --enable-source-maps node_modules/assemblyscript/bin/asc.js "$@"
`

func (c assemblyScriptContainer) compile(p paths) step {
	args := append([]string{"/bin/sh", "-c", compileNpmScript, "asc"}, assemblyScriptArguments(c.job, p.out)...)
	return step{args: args, env: []string{"installed=" + c.installed(p), "mirror=" + path.Join(p.temp, "mirror")}}
}
