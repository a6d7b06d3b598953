package target

import (
	"errors"
	"io/fs"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

// source names loose files in records and findings.
const source = "files"

// record describes a loose file in the terms of evidence.
func record(shown string, st fs.FileInfo) evidence.Record {
	r := evidence.Record{Format: evidence.RecordFormat, Source: source, Method: "os", Outcome: evidence.Empty}
	r.SetPath(shown)
	r.Stat = evidence.StatOf(st)
	if r.Type != evidence.TypeFile {
		r.StatLen = 0
		return r
	}
	if r.Size = st.Size(); r.Size > 0 {
		r.Outcome = evidence.Collected
	}
	return r
}

// unreadable is an item that the sweep lists as not scanned.
func unreadable(shown string, t evidence.FileType, err error) analyze.Input {
	r := evidence.Record{Format: evidence.RecordFormat, Source: source, Method: "os",
		Outcome: evidence.OutcomeOf(err), Error: err.Error()}
	r.SetPath(shown)
	r.Type = t
	if r.Outcome == evidence.Missing { // it was there when the folder was read
		r.Outcome = evidence.Failed
	}
	return analyze.Input{Record: r}
}

// unswept is what should have been looked at and was not: a gap of the sweep.
func unswept(shown, why string) analyze.Input {
	return unreadable(shown, evidence.TypeUnknown, errors.New(why))
}

// skipped is what a sweep leaves out on purpose: no gap.
func skipped(shown, why string) analyze.Input {
	r := evidence.Record{Format: evidence.RecordFormat, Source: source, Method: "os",
		Outcome: evidence.Skipped, Reason: why}
	r.SetPath(shown)
	r.Type = evidence.TypeDir
	return analyze.Input{Record: r}
}
