package report

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/hozen-dfir/hozen/analyze"
)

// FactsFormat names the format of sweep.json.
const FactsFormat = "hozen-sweep/1"

// Facts is sweep.json: all that a result depends on, and nothing that differs
// between two runs over the same input on the same build.
type Facts struct {
	Format    string            `json:"format"`
	Tool      string            `json:"tool"`
	Version   string            `json:"version"`
	Libraries map[string]string `json:"libraries,omitempty"` // e.g. libyara
	Analyzers []string          `json:"analyzers"`
	Options   map[string]string `json:"options,omitempty"` // those that affect results
	Rules     []RuleFile        `json:"rules"`
	Parents   []analyze.Parent  `json:"parents"`
	Complete  bool              `json:"complete"` // false: the sweep was ended before its time
}

// RuleFile is one file of rules or indicators and what became of it.
type RuleFile struct {
	Kind     string   `json:"kind"` // yara, ioc
	Name     string   `json:"name"` // as findings name it in rule_file
	SHA256   string   `json:"sha256,omitempty"`
	Rules    int      `json:"rules"`             // rules or indicators in use
	Skipped  string   `json:"skipped,omitempty"` // why it was left out though nothing is wrong with it
	Errors   []string `json:"errors,omitempty"`  // "file:line: message"; of YARA: none of its rules are used
	Warnings []string `json:"warnings,omitempty"`
}

// Failed counts the files of which something could not be used.
func (f *Facts) Failed() int {
	n := 0
	for _, r := range f.Rules {
		if len(r.Errors) > 0 {
			n++
		}
	}
	return n
}

// writeJSON writes one indented object.
func writeJSON(w io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}
