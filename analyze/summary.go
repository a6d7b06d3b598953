package analyze

import (
	"time"

	"github.com/hozen-dfir/hozen/evidence"
)

// adder builds a Summary, item by item.
type adder struct{ Summary }

func (a *adder) begin(targets, workers int) {
	a.Targets, a.Workers = targets, workers
	a.Outcomes = map[evidence.Outcome]int64{}
	a.Severity = map[Severity]int64{}
	a.Rules = map[string]int64{}
	a.Faults = map[FaultKind]int64{}
}

func (a *adder) item(sl *slot, unscanned bool) {
	a.Items++
	a.Bytes += sl.size
	if sl.record.Outcome != "" {
		a.Outcomes[sl.record.Outcome]++
	}
	if len(sl.result.Findings) > 0 {
		a.Flagged++
	}
	if unscanned {
		a.Unscanned++
	}
}

func (a *adder) finding(f Finding) {
	a.Findings++
	if f.Severity != "" {
		a.Severity[f.Severity]++
	}
	key := f.Analyzer + "/" + f.Rule
	if _, known := a.Rules[key]; known || len(a.Rules) < SummaryRules {
		a.Rules[key]++
		return
	}
	a.MoreRules++
}

// fault counts one reason; a part of a target counts as an item not scanned.
func (a *adder) fault(f Fault, part bool) {
	a.Faults[f.Kind]++
	if part {
		a.Unscanned++
	}
}

func (a *adder) end(d time.Duration) {
	a.Elapsed = d
	a.Seconds = float64(d.Milliseconds()) / 1000
}
