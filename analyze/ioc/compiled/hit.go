package compiled

import (
	"strconv"

	"github.com/hozen-dfir/hozen/analyze"
)

// Hit is one listing of an indicator that matched.
type Hit struct {
	Indicator string // as listed
	Kind      string // md5, sha1, sha256, ip, cidr, host-port, domain, url, email, path, filename, path-regex
	File      string // the list
	Line      int    // in the list, 1-based
	Comment   string
	Score     int // as listed, or -1
}

// Severity follows the list's score, on the scale of 0 to 100 that public
// lists use; without one a digest weighs more than a name.
func (h Hit) Severity() analyze.Severity {
	switch {
	case h.Score >= 90:
		return analyze.Critical
	case h.Score >= 75:
		return analyze.High
	case h.Score >= 55:
		return analyze.Medium
	case h.Score >= 40:
		return analyze.Low
	case h.Score >= 0:
		return analyze.Info
	case h.Kind == "md5" || h.Kind == "sha1" || h.Kind == "sha256":
		return analyze.High
	}
	return analyze.Medium
}

// Meta is what a finding says of the listing: line, comment, score.
func (h Hit) Meta() map[string]string {
	m := map[string]string{"line": strconv.Itoa(h.Line)}
	if h.Comment != "" {
		m["comment"] = h.Comment
	}
	if h.Score >= 0 {
		m["score"] = strconv.Itoa(h.Score)
	}
	return m
}
