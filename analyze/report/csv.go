package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/hozen-dfir/hozen/analyze"
)

// CSV writes findings for spreadsheets: RFC 4180, a header line, UTF-8. Cells
// are escaped as Escape does, and one that a spreadsheet would take for a
// formula gets a ' before it: findings.jsonl has the exact text.
type CSV struct{ w *csv.Writer }

// columns of the CSV; cellsOf gives the values.
func columns() []string {
	return []string{"bundle", "seq", "source", "path", "path_b64", "sha256", "size", "severity", "analyzer", "rule",
		"kind", "title", "namespace", "tags", "meta", "rule_file", "matches", "first_offset", "first_match",
		"where", "flow", "packet", "time", "name"}
}

// NewCSV begins a file with its header.
func NewCSV(w io.Writer) (*CSV, error) {
	c := &CSV{w: csv.NewWriter(w)}
	c.w.UseCRLF = true
	return c, c.w.Write(columns())
}

// Add writes one finding.
func (c *CSV) Add(f analyze.Finding) error {
	row := cellsOf(f)
	for i, s := range row {
		row[i] = safe(Escape(s))
	}
	if err := c.w.Write(row); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

// Flush writes what is buffered.
func (c *CSV) Flush() error {
	c.w.Flush()
	return c.w.Error()
}

// safe keeps a cell from being a formula (OWASP, CSV injection).
func safe(s string) string {
	if s != "" && strings.ContainsRune("=+-@＝＋－＠\t\r", []rune(s)[0]) {
		return "'" + s
	}
	return s
}

func cellsOf(f analyze.Finding) []string {
	seq, offset, match := "", "", ""
	if f.Seq > 0 {
		seq = strconv.FormatUint(f.Seq, 10)
	}
	if len(f.Matches) > 0 {
		offset, match = strconv.FormatInt(f.Matches[0].Offset, 10), f.Matches[0].Text
	}
	row := []string{f.Bundle, seq, f.Source, f.Path, f.PathB64, f.SHA256, strconv.FormatInt(f.Size, 10),
		string(f.Severity), f.Analyzer, f.Rule, f.Kind, f.Title, f.Namespace, strings.Join(f.Tags, " "), meta(f.Meta),
		f.RuleFile, strconv.Itoa(len(f.Matches) + f.More), offset, match}
	w := f.Where
	if w == nil {
		return append(row, "", "", "", "", "")
	}
	packet, at := "", ""
	if w.Packet > 0 {
		packet = strconv.Itoa(w.Packet)
	}
	if !w.Time.IsZero() {
		b, _ := w.Time.MarshalText() // never fails
		at = string(b)
	}
	return append(row, w.Kind, w.Flow, packet, at, w.Name)
}

// meta joins rule metadata in the order of its keys.
func meta(m map[string]string) string {
	var out []string
	for k, v := range m {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}
