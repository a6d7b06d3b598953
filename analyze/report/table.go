package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/hozen-dfir/hozen/analyze"
)

// Table prints findings as lines of fixed columns for a terminal. Whatever the
// text holds, each finding is one line of at most the given width.
type Table struct {
	w     io.Writer
	width int
	known bool // somebody looks at a screen of that width
	color bool
	begun bool
	item  string // whose events were printed last
}

// The least width of a table, and the width where none is known.
const (
	minWidth     = 60
	defaultWidth = 120
)

// NewTable prints to w; width is the terminal's, 0 where unknown. color marks
// severities with ANSI colours.
func NewTable(w io.Writer, width int, color bool) *Table {
	known := width > 0
	if !known {
		width = defaultWidth
	}
	return &Table{w: w, width: max(width, minWidth), known: known, color: color}
}

// widths of the columns: severity, analyzer, rule, path, detail.
func (t *Table) widths() [5]int {
	w := [5]int{8, 4}
	rest := t.width - w[0] - w[1] - 4*2
	w[2] = rest * 3 / 10
	w[4] = rest * 3 / 10
	w[3] = rest - w[2] - w[4]
	return w
}

// Add prints one finding.
func (t *Table) Add(f analyze.Finding) error {
	if !t.begun {
		t.begun = true
		if err := t.line([5]string{"SEVERITY", "BY", "RULE", "ITEM", "WHERE"}, ""); err != nil {
			return err
		}
	}
	row := [5]string{string(f.Severity), f.Analyzer, f.Rule, f.Path, detail(f)}
	return t.line(row, f.Severity)
}

func (t *Table) line(row [5]string, s analyze.Severity) error {
	w := t.widths()
	var b strings.Builder
	for i, cell := range row {
		cell = fit(Escape(cell), w[i], i == 3)
		if i == 0 {
			cell = t.paint(cell, s)
		} else {
			b.WriteString("  ")
		}
		b.WriteString(cell)
	}
	_, err := fmt.Fprintln(t.w, strings.TrimRight(b.String(), " "))
	return err
}

// paint colours a severity (ECMA-48, SGR).
func (t *Table) paint(cell string, s analyze.Severity) string {
	code := map[analyze.Severity]string{analyze.Critical: "1;31", analyze.High: "31", analyze.Medium: "33", analyze.Low: "36"}[s]
	if !t.color || code == "" {
		return cell
	}
	return "\x1b[" + code + "m" + cell + "\x1b[0m"
}

// Event prints one fact read out of an item as a line of time, kind and text,
// below a line that names the item. It is cut only where a terminal's width is
// known.
func (t *Table) Event(e analyze.Event) error {
	if e.Path != t.item {
		t.item = e.Path
		if _, err := fmt.Fprintf(t.w, "EVENTS OF %s\n", Escape(e.Path)); err != nil {
			return err
		}
	}
	at := ""
	if !e.Time.IsZero() {
		b, err := e.Time.MarshalText()
		if err != nil {
			return err
		}
		at = string(b)
	}
	line := fit(at, timeWidth, false) + "  " + fit(Escape(e.Kind), kindWidth, false) + "  " + Escape(e.Text)
	if t.known {
		line = fit(line, t.width, false)
	}
	_, err := fmt.Fprintln(t.w, strings.TrimRight(line, " "))
	return err
}

// Widths of an event's time (nanoseconds, UTC) and kind.
const (
	timeWidth = 30
	kindWidth = 11
)

// detail says where in the item: a flow, or the first match.
func detail(f analyze.Finding) string {
	var parts []string
	if w := f.Where; w != nil {
		parts = append(parts, strings.TrimSpace(w.Kind+" "+w.Name+" "+w.Flow))
	}
	if len(f.Matches) > 0 {
		m := f.Matches[0]
		text := fmt.Sprintf("%s at %d", m.Name, m.Offset)
		if m.Text != "" {
			text += ": " + m.Text
		}
		if n := len(f.Matches) + f.More; n > 1 {
			text = fmt.Sprintf("%d× %s", n, text)
		}
		parts = append(parts, strings.TrimSpace(text))
	}
	return strings.Join(parts, ", ")
}
