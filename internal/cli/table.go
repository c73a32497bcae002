package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// table writes aligned columns, as docker and kubectl do.
type table struct{ w *tabwriter.Writer }

func newTable(w io.Writer, columns ...string) *table {
	const padding = 3
	t := &table{tabwriter.NewWriter(w, 0, 0, padding, ' ', 0)}
	t.row(columns...)
	return t
}

func (t *table) row(cells ...string) {
	// An error of the writer underneath is kept and returned by flush.
	_, _ = fmt.Fprintln(t.w, strings.Join(cells, "\t"))
}

func (t *table) flush() error { return t.w.Flush() }
