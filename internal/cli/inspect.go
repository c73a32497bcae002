package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/source"
	"github.com/wasmctl/wasmctl/internal/ui"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

func newInspect(a *app) *cobra.Command {
	var sources sourceFlags
	cmd := &cobra.Command{
		Use:   "inspect [SOURCE]",
		Short: "Show what is in a module",
		Long: `Show the ABI version, imports, exports, memory and sections of a module, and
what keeps Envoy from loading it, if anything does.`,
		Example: `  wasmctl inspect build/my-filter.wasm
  wasmctl inspect localhost:5000/my-filter:v1 -o json`,
		Args: argCount(0, 1, ""),

		ValidArgsFunction: a.completeSource,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runInspect(cmd.Context(), a, &sources, oneSource(args))
		},
	}
	sources.add(cmd)
	addOutput(cmd, a)
	return cmd
}

// oneSource is the SOURCE of a command that takes one, by default the project
// around the current folder.
func oneSource(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}

func runInspect(ctx context.Context, a *app, sources *sourceFlags, s string) error {
	src, err := sources.resolve(ctx, a, s)
	if err != nil {
		return err
	}
	return a.print(newModuleReport(src))
}

// moduleReport is all that inspect tells of a module.
type moduleReport struct {
	Source  *source.Source  `json:"source"`
	Size    int64           `json:"size"`
	SHA256  string          `json:"sha256"`
	ABI     wasm.ABIVersion `json:"abi"`
	Imports []importReport  `json:"imports"`
	Exports []wasm.Export   `json:"exports"`
	Memory  []wasm.Memory   `json:"memory"`
	// Origin is what the module says of how it was made.
	Origin originReport `json:"origin"`
	// Sections are in file order.
	Sections []sectionReport `json:"sections"`
	// Problems are what keeps Envoy from loading the module.
	Problems []wasm.Problem `json:"problems"`
}

type importReport struct {
	wasm.Import
	// Problem says why Envoy does not satisfy the import; "" means that it does.
	Problem string `json:"problem,omitempty"`
}

type sectionReport struct {
	wasm.Section
	// Share is the part of the file, in percent.
	Share float64 `json:"share"`
}

func newModuleReport(src *source.Source) moduleReport {
	m := src.Module
	abi, _ := m.ABI() // a missing version is among the problems
	r := moduleReport{
		Source: src, Size: int64(len(m.Bytes())), SHA256: m.SHA256(), ABI: abi,
		Exports: m.Exports(), Memory: m.Memories(), Problems: problemsOf(m),
		Origin: newOriginReport(m),
	}
	reasons := map[string]string{}
	for _, p := range wasm.CheckImports(m) {
		reasons[p.Import.String()] = p.Reason
	}
	for _, i := range m.Imports() {
		r.Imports = append(r.Imports, importReport{i, reasons[i.String()]})
	}
	for _, s := range m.Sections() {
		r.Sections = append(r.Sections, sectionReport{s, 100 * float64(s.Size) / float64(r.Size)})
	}
	return r
}

// problemsOf lists what keeps Envoy from loading m.
func problemsOf(m *wasm.Module) []wasm.Problem {
	if bad := (*wasm.CheckError)(nil); errors.As(wasm.Check(m), &bad) {
		return bad.Problems
	}
	return nil
}

// Text prints the report in blocks, the longest lists last.
func (r moduleReport) Text(w io.Writer) error {
	var b strings.Builder
	r.head(&b)
	r.problems(&b)
	r.memory(&b)
	r.Origin.head(&b)
	r.Origin.producers(&b)
	r.sections(&b)
	r.imports(&b)
	r.exports(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r moduleReport) head(b *strings.Builder) {
	abi := string(r.ABI)
	if abi == "" {
		abi = "none"
	}
	fmt.Fprintf(b, "Module:  %s (%s %s)\n", r.Source.Name, r.Source.Kind, r.Source.Ref)
	fmt.Fprintf(b, "Size:    %s (%d bytes)\n", ui.Bytes(r.Size), r.Size)
	fmt.Fprintf(b, "SHA256:  %s\n", r.SHA256)
	if r.Source.Kind == source.KindStore || r.Source.Kind == source.KindRegistry {
		fmt.Fprintf(b, "Image:   %s\n", r.Source.Digest)
	}
	fmt.Fprintf(b, "ABI:     %s\n", abi)
}

func (r moduleReport) problems(b *strings.Builder) {
	if len(r.Problems) == 0 {
		b.WriteString("Envoy:   loads it\n")
		return
	}
	b.WriteString("Envoy:   refuses it\n")
	for _, p := range r.Problems {
		fmt.Fprintf(b, "  - %s\n    %s\n", p.Reason, p.Hint)
	}
}

func (r moduleReport) memory(b *strings.Builder) {
	for _, m := range r.Memory {
		limit := "no maximum"
		if m.HasMax {
			limit = fmt.Sprintf("at most %d pages (%s)", m.MaxPages, ui.Bytes(int64(m.MaxPages*wasm.PageSize)))
		}
		fmt.Fprintf(b, "Memory:  %d pages (%s), %s\n", m.MinPages, ui.Bytes(int64(m.MinPages*wasm.PageSize)), limit)
	}
}

func (r moduleReport) sections(b *strings.Builder) {
	fmt.Fprintf(b, "\nSections (%d):\n", len(r.Sections))
	t := newTable(b, "  SECTION", "SIZE", "SHARE")
	for _, s := range r.Sections {
		name := s.ID.String()
		if s.Name != "" {
			name += " " + fmt.Sprintf("%q", s.Name)
		}
		t.row("  "+name, ui.Bytes(s.Size), fmt.Sprintf("%.1f %%", s.Share))
	}
	_ = t.flush() // a strings.Builder does not fail
}

// imports are grouped by module, in the order of their names.
func (r moduleReport) imports(b *strings.Builder) {
	fmt.Fprintf(b, "\nImports (%d):\n", len(r.Imports))
	sorted := append([]importReport(nil), r.Imports...)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].String() < sorted[j].String() })
	for _, i := range sorted {
		remark := ""
		if i.Problem != "" {
			remark = "  <- " + i.Problem
		}
		fmt.Fprintf(b, "  %s%s%s\n", i.String(), funcType(i.Func), remark)
	}
}

func (r moduleReport) exports(b *strings.Builder) {
	fmt.Fprintf(b, "\nExports (%d):\n", len(r.Exports))
	for _, e := range r.Exports {
		what := funcType(e.Func)
		if e.Func == nil {
			what = " (" + e.Kind.String() + ")"
		}
		fmt.Fprintf(b, "  %s%s\n", e.Name, what)
	}
}

func funcType(t *wasm.FuncType) string {
	if t == nil {
		return ""
	}
	return " " + t.String()
}
