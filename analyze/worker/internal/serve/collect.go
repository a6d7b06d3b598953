package serve

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/wire"
)

func digest(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// collector gathers what the analyzers report on one item, within limits.
type collector struct {
	wire.ResultMsg
	mu      sync.Mutex
	bytes   int
	dropped int
	unsaid  int // faults beyond maxFaults
	closed  bool
}

func newCollector(id uint64) *collector { return &collector{ResultMsg: wire.ResultMsg{ID: id}} }

// add keeps f unless a limit is reached. Late reports are dropped: the item
// has been answered.
func (c *collector) add(f analyze.Finding) {
	if len(f.Matches) > analyze.MatchLimit {
		f.More += len(f.Matches) - analyze.MatchLimit
		f.Matches = f.Matches[:analyze.MatchLimit]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	if len(c.Findings) >= wire.MaxFindings {
		c.dropped++
		return
	}
	b, err := json.Marshal(f)
	switch {
	case err != nil || len(b) > maxOne || c.bytes+len(b) > maxEncoded:
		c.dropped++
	default:
		c.Findings = append(c.Findings, b)
		c.bytes += len(b) + 1
	}
}

// fault records why the item, or an analyzer's part of it, was not examined.
func (c *collector) fault(k analyze.FaultKind, analyzer, reason string) {
	f := analyze.Fault{Kind: k, Analyzer: analyzer, Reason: Clean(reason, maxReason)}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case slices.Contains(c.Faults, f):
	case len(c.Faults) >= maxFaults:
		c.unsaid++
	default:
		c.Faults = append(c.Faults, f)
	}
}

// close ends the item; what was dropped is a fault, never silence.
func (c *collector) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.dropped > 0 {
		c.Faults = append(c.Faults, analyze.Fault{Kind: analyze.FaultAnalyzer,
			Reason: fmt.Sprintf("%d findings beyond the limits of one item were dropped", c.dropped)})
	}
	if c.unsaid > 0 {
		c.Faults[maxFaults-1].Reason += fmt.Sprintf(" (and %d more)", c.unsaid)
	}
}

// Clean makes text from hostile input fit for a report: valid UTF-8, no
// control characters, at most limit bytes.
func Clean(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '·'
		}
		return r
	}, strings.ToValidUTF8(s, "·"))
}
