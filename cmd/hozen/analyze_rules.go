package main

import (
	"path"
	"strings"

	"github.com/hozen-dfir/hozen/analyze/report"
	"github.com/hozen-dfir/hozen/cmd/internal/cli"
)

// showRuleProblems names what can't be used; the sweep goes on without it.
func showRuleProblems(app *cli.App, facts report.Facts) {
	for _, r := range facts.Rules {
		for _, e := range r.Errors {
			app.Warnf("%s", e)
		}
	}
	if n, first := leftOut(facts.Rules); n > 0 {
		app.Notef("%s files below --rules and --iocs were left out for their names, %s among them; one named by hand is read whatever it is called", cli.Count(int64(n)), first)
	}
}

// leftOut counts the files of folders and archives that nobody looked into, so
// that a list in a form that isn't read does not go missing without a word.
// What stands beside rules everywhere is not counted.
func leftOut(rules []report.RuleFile) (n int, first string) {
	for _, r := range rules {
		base := strings.ToLower(path.Base(r.Name))
		if !strings.HasPrefix(r.Skipped, "not a ") || strings.HasPrefix(base, ".") || strings.Contains(r.Name, "/.git/") ||
			strings.HasSuffix(base, ".md") || strings.HasPrefix(base, "license") || strings.HasPrefix(base, "readme") {
			continue
		}
		if n++; n == 1 {
			first = r.Name
		}
	}
	return n, first
}
