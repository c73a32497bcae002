package cli

import (
	"fmt"
	"strings"

	"github.com/wasmctl/wasmctl/internal/build"
	"github.com/wasmctl/wasmctl/internal/wasm"
)

// originReport is what a module says of how it was made. What cannot be read is
// left out of it, and named in Unreadable.
type originReport struct {
	Build     *build.Record  `json:"build,omitempty"`
	Producers wasm.Producers `json:"producers,omitempty"`
	// Unreadable says what is wrong with either.
	Unreadable []string `json:"unreadable,omitempty"`
}

func newOriginReport(m *wasm.Module) originReport {
	var r originReport
	var err error
	if r.Build, err = build.ReadRecord(m); err != nil {
		r.Unreadable = append(r.Unreadable, err.Error())
	}
	if r.Producers, err = m.Producers(); err != nil {
		r.Unreadable = append(r.Unreadable, err.Error())
	}
	return r
}

// head prints the record as lines of the head of the report.
func (r originReport) head(b *strings.Builder) {
	if r.Build != nil {
		fmt.Fprintf(b, "Built:   %s\n", builtWith(r.Build))
		if r.Build.SDK != "" {
			fmt.Fprintf(b, "SDK:     %s\n", printable(r.Build.SDK))
		}
		fmt.Fprintf(b, "Sources: %s\n", printable(r.Build.Sources))
	}
	for _, fault := range r.Unreadable {
		fmt.Fprintf(b, "Origin:  %s\n", printable(fault))
	}
}

// builtWith says in a line what a module was built with, and where.
func builtWith(r *build.Record) string {
	text := "with " + printable(r.Toolchain)
	switch {
	case r.Image != "":
		text += " in the image " + printable(r.Image)
	case r.Where != "":
		text += " on the " + printable(r.Where)
	}
	if r.Optimizer != "" {
		text += ", " + printable(r.Optimizer)
	}
	text += ", wasmctl " + printable(r.Wasmctl)
	if r.Debug {
		text += ", for debugging"
	}
	return text
}

// producers prints the producers section as a list.
func (r originReport) producers(b *strings.Builder) {
	if len(r.Producers) == 0 {
		return
	}
	b.WriteString("\nProducers:\n")
	t := newTable(b, "  FIELD", "NAME", "VERSION")
	for _, f := range r.Producers {
		for _, v := range f.Values {
			t.row("  "+printable(f.Field), printable(v.Name), printable(v.Version))
		}
	}
	_ = t.flush() // a strings.Builder does not fail
}
