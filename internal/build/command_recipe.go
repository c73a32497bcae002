package build

import (
	"path"
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/project"
)

// commandName is the name of builds by a command, where a language has its name.
const commandName = "command"

// commandRecipe runs the command of wasmctl.yaml in a container. Nothing is
// known of what the command needs: the image is the user's to name. It works in
// a copy of the project, as many tools write into the folder they work in.
func commandRecipe(j *job) (recipe, error) {
	if j.options.Container.Image == "" {
		return recipe{}, hint.Errorf("set build.image in "+project.FileName+" or give --builder-image, to an image that has what the command needs",
			"%w in a container: %s is built by a command, and no image is named for it", ErrLanguage, j.project.Name)
	}
	b := j.project.Build
	r := recipe{
		name: commandName, roots: []string{j.project.Dir}, caches: []string{commandName},
		settings:     "command " + commandScript(b.Command) + " " + commandScript(b.Fetch) + " " + b.Output,
		probe:        []string{"sh", "-c", "true"},
		parseVersion: func(string) (string, error) { return commandVersion(b.Command), nil },
		locks: []string{
			project.FileName, "go.mod", "go.sum", "Cargo.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "build.zig.zon",
		},
		compile: func(p paths) step { return j.commandStep(p, b.Command, true) },
	}
	if !b.Fetch.IsZero() {
		r.fetch = func(p paths) step { return j.commandStep(p, b.Fetch, false) }
	}
	return r, nil
}

// commandStep runs a command in a fresh copy of the project. Version control and
// the build folder stay behind.
func (j *job) commandStep(p paths, c project.Command, takesModule bool) step {
	keep := path.Join(p.cache, commandName, p.key)
	work := path.Join(p.temp, "project")
	script := []string{
		"mkdir -p " + shellQuote(keep) + " " + shellQuote(work),
		"cd " + shellQuote(p.project),
		"tar -c --exclude=./.git --exclude=./" + FolderName + " . | tar -x -C " + shellQuote(work),
		"cd " + shellQuote(work),
	}
	output := j.project.Build.Output
	if takesModule && output != "" {
		script = append(script, "rm -f "+shellQuote(output))
	}
	script = append(script, commandScript(c))
	if takesModule && output != "" {
		script = append(script, "cp "+shellQuote(output)+" "+shellQuote(p.out))
	}
	// HOME is where most programs keep what they have fetched.
	env := append(j.variables(p.out, keep), "HOME="+keep)
	return step{args: []string{"sh", "-e", "-c", strings.Join(script, "\n")}, env: env}
}

// commandScript is a command as a line of a shell script.
func commandScript(c project.Command) string {
	if len(c.Args) == 0 {
		return "(" + c.Shell + "\n)"
	}
	words := make([]string, len(c.Args))
	for i, arg := range c.Args {
		words[i] = shellQuote(arg)
	}
	return strings.Join(words, " ")
}

// shellQuote makes one word of a text for a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
