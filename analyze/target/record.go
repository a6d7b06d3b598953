package target

import (
	"io/fs"
	"strconv"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

// source names loose files in records and findings.
const source = "files"

// record describes a loose file in the terms of evidence.
func record(shown string, st fs.FileInfo) evidence.Record {
	r := evidence.Record{Format: evidence.RecordFormat, Source: source, Method: "os", Outcome: evidence.Empty}
	r.SetPath(shown)
	r.Type = fileType(st.Mode())
	r.Mode = "0" + strconv.FormatUint(uint64(st.Mode().Perm()), 8)
	r.MTime = evidence.At(st.ModTime())
	if r.Type == evidence.TypeFile {
		r.StatLen, r.Size = st.Size(), st.Size()
		if st.Size() > 0 {
			r.Outcome = evidence.Collected
		}
	}
	return r
}

func fileType(m fs.FileMode) evidence.FileType {
	switch {
	case m.IsRegular():
		return evidence.TypeFile
	case m.IsDir():
		return evidence.TypeDir
	case m&fs.ModeSymlink != 0:
		return evidence.TypeSymlink
	case m&fs.ModeNamedPipe != 0:
		return evidence.TypeFIFO
	case m&fs.ModeSocket != 0:
		return evidence.TypeSocket
	case m&fs.ModeCharDevice != 0:
		return evidence.TypeChar
	case m&fs.ModeDevice != 0:
		return evidence.TypeBlock
	}
	return evidence.TypeUnknown
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

func skipped(shown, why string) analyze.Input {
	r := evidence.Record{Format: evidence.RecordFormat, Source: source, Method: "os",
		Outcome: evidence.Skipped, Reason: why}
	r.SetPath(shown)
	r.Type = evidence.TypeDir
	return analyze.Input{Record: r}
}
