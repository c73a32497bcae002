package project

import (
	"strings"

	"github.com/wasmctl/wasmctl/internal/hint"
	"github.com/wasmctl/wasmctl/internal/yamlfile"
)

func (d *decoder) setBuild(value yamlfile.Node) error {
	if err := value.Decode("build", d.buildKeys()); err != nil {
		return err
	}
	if d.Build.Command.IsZero() && d.needsCommand != nil {
		return hint.Wrap(d.needsCommand.Errorf("this belongs to build.command, which is not there"),
			"add build.command, or leave this out: wasmctl fetches and builds its own languages by itself")
	}
	return nil
}

// buildKeys lists the keys of the mapping "build".
func (d *decoder) buildKeys() []yamlfile.Key {
	b := &d.Build
	return []yamlfile.Key{
		{Name: "command", Node: func(n yamlfile.Node) error { return setCommand(&b.Command, "build.command", n) }},
		{Name: "fetch", Node: func(n yamlfile.Node) error {
			d.needsCommand = &n
			return setCommand(&b.Fetch, "build.fetch", n)
		}},
		{Name: "output", Node: func(n yamlfile.Node) error {
			d.needsCommand = &n
			return setFileAt(&b.Output, "build.output", n)
		}},
		{Name: "image", Text: b.setImage},
		{Name: "optimize", Text: b.setOptimize},
		{Name: "names", Node: b.setNames},
		{Name: "ignore", Node: b.setIgnore},
	}
}

// setCommand takes a text for the shell, or a list of a program and its arguments.
func setCommand(field *Command, key string, value yamlfile.Node) error {
	const next = "write the command as a text, or as a list of the program and its arguments"
	if value.Kind() == "a list" {
		return field.setArgs(key, value)
	}
	shell, ok := value.Text()
	if !ok {
		return hint.Wrap(value.Errorf("%s must be a text or a list, not %s", key, value.Kind()), next)
	}
	// A file that was written on Windows runs in the shell of another system too.
	shell = strings.TrimSpace(strings.ReplaceAll(shell, "\r\n", "\n"))
	switch {
	case shell == "":
		return hint.Wrap(value.Errorf("%s: the command is empty", key), next)
	case strings.Contains(shell, "\x00"):
		return hint.Wrap(value.Errorf("%s: the command contains a NUL", key), next)
	}
	field.Shell = shell
	return nil
}

func (c *Command) setArgs(key string, value yamlfile.Node) error {
	list, err := value.List(key)
	if err != nil {
		return err
	}
	for _, element := range list {
		text, err := element.String("an element of " + key)
		if err != nil {
			return err
		}
		if strings.Contains(text, "\x00") {
			return hint.Wrap(element.Errorf("%s: the text contains a NUL", key), "take it out")
		}
		c.Args = append(c.Args, text)
	}
	if len(c.Args) == 0 || c.Args[0] == "" {
		return hint.Wrap(value.Errorf("%s: the list does not begin with a program", key),
			"write the program first, then its arguments")
	}
	return nil
}

func (b *Build) setImage(value string) (fault, next string) {
	b.Image = value
	if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "\"" + yamlfile.Shorten(value) + "\" is no name of an image", "name it as for 'docker pull', or leave the line out"
	}
	return "", ""
}

func (b *Build) setOptimize(value string) (fault, next string) {
	b.Optimize = value
	switch value {
	case "auto", "on", "off":
		return "", ""
	}
	return "unknown value \"" + yamlfile.Shorten(value) + "\"",
		yamlfile.DidYouMean(value, []string{"auto", "on", "off"}, "the values are")
}

func (b *Build) setNames(value yamlfile.Node) (err error) {
	b.Names, err = value.Bool("build.names")
	return err
}

func (b *Build) setIgnore(value yamlfile.Node) error {
	list, err := value.List("build.ignore")
	if err != nil {
		return err
	}
	for _, element := range list {
		var name string
		if err := setFileAt(&name, "an element of build.ignore", element); err != nil {
			return err
		}
		if name == "." {
			return hint.Wrap(element.Errorf("build.ignore: %q is the whole project", name), "name what is in it")
		}
		b.Ignore = append(b.Ignore, name)
	}
	return nil
}

// setFileAt is setFile for a value that is not known to be a text.
func setFileAt(field *string, key string, value yamlfile.Node) error {
	text, err := value.String(key)
	if err != nil {
		return err
	}
	if fault, next := setFile(field, text); fault != "" {
		return hint.Wrap(value.Errorf("%s: %s", key, fault), next)
	}
	return nil
}
