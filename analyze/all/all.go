package all

import (
	"fmt"
	"time"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/ioc"
	"github.com/hozen-dfir/hozen/analyze/pcap"
	"github.com/hozen-dfir/hozen/analyze/yara"
)

// scanTimeout is longer than any item gets: the engine's limit, which grows
// with the item, ends a scan through its context.
const scanTimeout = 7 * 24 * time.Hour

// Build makes the analyzers of one worker: an analyze.Builder. They share the
// time that an item has, in this order: indicators take little, and a slow rule
// must not cost them.
func Build(cfg analyze.Config, derive analyze.Deriver) ([]analyze.Analyzer, error) {
	var out []analyze.Analyzer
	captures := pcap.Config{Derive: derive}
	if blob, ok := cfg.Get(partIOC); ok {
		set, err := ioc.Load(blob)
		if err != nil {
			return nil, fmt.Errorf("indicators: %w", err)
		}
		out = append(out, ioc.New(set))
		captures.Indicators = set
	}
	if blob, ok := cfg.Get(partYARA); ok {
		a, err := yara.New(blob, yara.Options{Timeout: scanTimeout, WholeLimit: cfg.Whole(), Block: cfg.Whole() / 4})
		if err != nil {
			return nil, fmt.Errorf("yara: %w", err)
		}
		out = append(out, a)
	}
	return append(out, pcap.New(captures)), nil
}
