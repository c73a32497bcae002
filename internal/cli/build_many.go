package cli

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/progress"
	"github.com/wasmctl/wasmctl/internal/project"
)

// runBuilds builds several projects at once, as many as there are cores. All
// are built, whatever becomes of one.
func runBuilds(ctx context.Context, a *app, o buildOptions) error {
	all := builds{app: a, options: o, results: make(buildResults, len(o.dirs))}
	all.find()
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for i := range all.results {
		if all.results[i].project != nil {
			group.Go(func() error { all.run(ctx, &all.results[i]); return nil })
		}
	}
	_ = group.Wait() // what fails is in the results
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := a.print(all.results); err != nil {
		return err
	}
	return all.results.failure()
}

// builds are the builds of several projects.
type builds struct {
	*app
	options buildOptions
	results buildResults
	// printing is held while one project says what there is to say of it.
	printing sync.Mutex
}

// find reads the projects. One that is named twice is built once.
func (b *builds) find() {
	seen := map[string]bool{}
	unique := b.results[:0]
	for _, dir := range b.options.dirs {
		r := projectResult{Folder: dir}
		p, err := project.Find(dir)
		switch {
		case err != nil:
			r.Name, r.Error = dir, err.Error()
			b.printProblem(err)
		case seen[p.Dir]:
			continue
		default:
			seen[p.Dir] = true
			r.Name, r.project = p.Name, p
		}
		unique = append(unique, r)
	}
	b.results = unique
}

// run builds one project. What its compiler and the build have to say is held
// until the end, so that it stands together.
func (b *builds) run(ctx context.Context, r *projectResult) {
	messages := &heldLog{to: b.progress.Writer(b.Err)}
	var notices []string
	o := b.options.options(r.project)
	o.Stderr = messages
	o.Progress = b.labelled(r)
	o.Notice = func(text string) { notices = append(notices, text) }
	done, err := build.Build(ctx, o)
	if ctx.Err() != nil {
		return
	}
	b.printing.Lock()
	defer b.printing.Unlock()
	for _, text := range notices {
		b.say("%s: %s", r.Name, text)
	}
	if messages.held.Len() > 0 {
		fmt.Fprintf(messages.to, "--- %s: messages of the compiler, in %s\n", r.Name, relative(r.project.Dir))
		messages.release()
	}
	switch {
	case err != nil:
		r.Error = err.Error()
		b.printProblem(err)
	case done.UpToDate:
		b.say("Nothing has changed since %s was built.", r.Name)
	default:
		b.say("%s", built(r.project, done))
	}
	r.Result = done
}

// labelled keeps the bars of projects of the same name apart.
func (b *builds) labelled(r *projectResult) progress.Func {
	report := b.report()
	same := 0
	for i := range b.results { // other builds write into what they hold besides the name
		if b.results[i].Name == r.Name {
			same++
		}
	}
	if same < 2 {
		return report
	}
	return func(e progress.Event) {
		e.Task += " (" + r.Folder + ")"
		report.Report(e)
	}
}

// projectResult is the build of one of several projects.
type projectResult struct {
	Name string `json:"name"`
	// Folder is the project as it was named.
	Folder string `json:"folder"`
	*build.Result
	// Error is set in place of the result.
	Error   string `json:"error,omitempty"`
	project *project.Project
}

// buildResults are the builds of several projects, in the order of their names
// on the command line.
type buildResults []projectResult

// Text prints where the modules are, a line each.
func (r buildResults) Text(w io.Writer) error {
	for _, p := range r {
		if p.Result == nil {
			continue
		}
		if _, err := fmt.Fprintln(w, relative(p.Path)); err != nil {
			return err
		}
	}
	return nil
}

// failure is the error that names the projects that could not be built.
func (r buildResults) failure() error {
	var failed []string
	for _, p := range r {
		if p.Result == nil {
			failed = append(failed, p.Folder)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d projects could not be built: %s", len(failed), len(r), strings.Join(failed, ", "))
}
