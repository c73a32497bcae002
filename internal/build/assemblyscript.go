package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/tool"
)

// minNode is the first version of Node.js on which the compiler of the template
// runs.
const minNode = "18.0.0"

// asconfig is the file with the options of the compiler, relative to the project.
const asconfig = "asconfig.json"

// assemblyScript builds projects with asc, the compiler in their node_modules,
// which npm installs by the lock file when it is missing or another one.
type assemblyScript struct {
	*job
	node     string // the program
	packages npmProject
}

func newAssemblyScript(j *job) (toolchain, error) {
	node, err := findOnPath(j, "node")
	if err != nil {
		return nil, hint.Errorf(getNode(), "%w: Node.js is needed to build %s: %w", ErrToolMissing, j.project.Name, err)
	}
	return &assemblyScript{job: j, node: node, packages: npmProject{dir: j.project.Dir}}, nil
}

func getNode() string {
	return installHint("Node.js 18 or later with npm", map[system]string{
		systemDebian: "apt install nodejs npm", systemFedora: "dnf install nodejs npm",
		systemLinux: "see https://nodejs.org/en/download", systemDarwin: "brew install node",
		systemWindows: "winget install OpenJS.NodeJS.LTS",
	})
}

// roots are the project, and packages that the lock file takes from folders of
// this machine.
func (a *assemblyScript) roots() []string {
	return append([]string{a.project.Dir}, a.packages.links()...)
}

// settings leave out which Node.js it is: the compiler is WebAssembly and
// JavaScript, and its output does not depend on what runs it. The compiler is
// named by the lock file, which is part of the project; where there is none, by
// what is installed.
func (a *assemblyScript) settings(context.Context) (string, error) {
	lines := assemblyScriptArguments(a.job, "")
	if !a.packages.has(npmLock) {
		lines = append(lines, a.packages.compilerVersion())
	}
	return strings.Join(lines, "\n"), nil
}

// assemblyScriptArguments is the command line of the compiler that writes the
// module to out. The options are the project's own, in asconfig.json.
func assemblyScriptArguments(j *job, out string) []string {
	target := "release"
	if j.debug {
		target = "debug"
	}
	args := []string{"--target", target, "--outFile", out, "--noColors"}
	if j.debug || j.options.Names {
		args = append(args, "--debug") // it keeps names, and changes nothing else
	}
	return args
}

// version makes sure that Node.js is recent enough. What builds the project is
// the compiler, though, and its name and version are returned.
func (a *assemblyScript) version(ctx context.Context) (string, error) {
	var out, messages strings.Builder
	err := tool.Command{
		Path: a.node, Args: []string{"--version"}, Dir: a.project.Dir, Env: a.env, Stdout: &out, Stderr: &messages,
	}.Run(ctx)
	if ctx.Err() != nil {
		return "", err
	}
	if err != nil {
		return "", hint.Errorf(getNode(), "%w: %s cannot be used: %w: %s", ErrToolMissing, filepath.ToSlash(a.node), err,
			strings.TrimSpace(messages.String()))
	}
	if err := checkNode(out.String(), a.project.Name); err != nil {
		return "", err
	}
	return "asc " + a.packages.compilerVersion(), nil
}

// checkNode looks at what 'node --version' printed, "v20.19.2".
func checkNode(printed, name string) error {
	found := strings.TrimSpace(printed)
	if !semver.IsValid(found) {
		return hint.Errorf(getNode(), "%w: 'node --version' printed %q", ErrToolMissing, found)
	}
	if semver.Compare(found, "v"+minNode) < 0 {
		return hint.Errorf(getNode(), "%w: found Node.js %s, %s needs %s", ErrToolTooOld, strings.TrimPrefix(found, "v"), name, minNode)
	}
	return nil
}

func (a *assemblyScript) compile(ctx context.Context, out, temp string) error {
	if !a.packages.has(asconfig) {
		return noConfig()
	}
	if err := a.install(ctx, temp); err != nil {
		return err
	}
	compiler := a.packages.compiler()
	if compiler == "" {
		return noCompiler()
	}
	// The compiler starts itself a second time unless it finds this flag.
	args := append([]string{"--enable-source-maps", compiler}, assemblyScriptArguments(a.job, out)...)
	messages := &tailWriter{to: a.stderr}
	err := tool.Command{
		Path: a.node, Args: args, Dir: a.project.Dir, Env: a.env, Stdout: messages, Stderr: messages,
	}.Run(ctx)
	if err != nil {
		return err
	}
	// Without an entry the compiler prints its help and is content.
	if _, err := os.Stat(out); errors.Is(err, os.ErrNotExist) {
		return hint.Errorf(`name the file in asconfig.json: "entries": ["assembly/index.ts"]`, "the compiler found nothing to compile")
	}
	return nil
}

func noConfig() error {
	return hint.Errorf("'wasmctl init --language assemblyscript' makes a project with one",
		"there is no %s with the options of the compiler", asconfig)
}

func noCompiler() error {
	return hint.Errorf("'npm install --save-dev --save-exact assemblyscript' adds it",
		"the packages of the project do not include the compiler, assemblyscript")
}

// install lets npm install the packages where they are missing or others than
// the lock file names. The build's lock keeps two builds from doing it at once.
func (a *assemblyScript) install(ctx context.Context, temp string) error {
	action, err := a.packages.state()
	if err != nil || action == npmNothing {
		return err
	}
	npm, err := findOnPath(a.job, "npm")
	if err != nil {
		return hint.Errorf(getNode(), "%w: npm is needed to install the packages of %s: %w", ErrToolMissing, a.project.Name, err)
	}
	if action == npmInstall {
		a.notice("%s has no %s: npm takes the newest versions and writes one; commit it to build the same everywhere.", a.project.Name, npmLock)
	}
	end := a.progress.Start("install packages of "+a.project.Name, 0)
	messages := &tailWriter{to: a.stderr}
	err = tool.Command{
		Path: npm, Args: npmArguments(a.job, action), Dir: a.project.Dir, Stdout: &tailWriter{}, Stderr: messages,
		Env: append(append([]string{}, a.env...), "TMPDIR="+temp),
	}.Run(ctx)
	if err != nil {
		err = explainNpm(a.job, err, messages.String())
	}
	end(err)
	return err
}

// npmArguments is the command line of npm. Packages cannot run anything while
// they are installed.
func npmArguments(j *job, action npmAction) []string {
	args := []string{string(action), "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--include=dev", "--loglevel=error"}
	if j.options.Offline {
		args = append(args, "--offline")
	}
	return args
}

// explainNpm adds the next step to the failures of npm.
func explainNpm(j *job, err error, messages string) error {
	exit := (*tool.ExitError)(nil)
	if !errors.As(err, &exit) {
		return err
	}
	says := func(parts ...string) bool { return containsAny(messages, parts...) }
	switch {
	case j.options.Offline && says("ENOTCACHED", "EAI_AGAIN", "cache mode is 'only-if-cached'"):
		return hint.Errorf("build once without --offline, or 'npm ci' where the network is",
			"a package is not in npm's cache, and --offline keeps npm from fetching it: %w", err)
	case says("can only install packages when your package.json and package-lock.json", "can only install with an existing package-lock.json"):
		return hint.Errorf("let npm bring it up to date: 'npm install --package-lock-only'", "%s does not fit package.json: %w", npmLock, err)
	case says("EINTEGRITY"):
		return hint.Errorf("find out who changed the package, or the lock file", "a package is not the one that %s names: %w", npmLock, err)
	case says("ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN", "SELF_SIGNED_CERT", "E404", "network"):
		return hint.Errorf("look at the network, and at the registry, proxy and certificates that npm is set up with", "npm could not fetch a package: %w", err)
	}
	return fmt.Errorf("npm cannot install the packages: %w", err)
}
