package pcap

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/pcap/capture"
	"github.com/hozen-dfir/hozen/evidence"
)

// Config is what the analyzer is built from. All fields may be zero.
type Config struct {
	Options    Options
	Indicators Indicators      // nil: none are matched
	Derive     analyze.Deriver // nil: no bodies and streams for other analyzers
}

// Analyzer is the analyzer "pcap". It serves one goroutine at a time.
type Analyzer struct{ cfg Config }

// New returns the analyzer.
func New(cfg Config) *Analyzer { return &Analyzer{cfg} }

// Name returns "pcap".
func (a *Analyzer) Name() string { return "pcap" }

// Wants is true for every item with bytes: captures have any name. Examine
// decides by the first bytes.
func (a *Analyzer) Wants(r evidence.Record) bool { return r.Outcome.HasBytes() || r.Outcome == "" }

// takenSource is the source of captures that were taken into a bundle as such.
const takenSource = "capture"

// named reports whether an item is called as captures are: by whoever took it
// as one, by hozen itself (/packets/…), or by the ending of its name.
func named(r *evidence.Record) bool {
	p := strings.ToLower(strings.ReplaceAll(r.RawPath(), `\`, "/"))
	if r.Source == takenSource || strings.HasPrefix(p, "/packets/") || strings.HasPrefix(p, "packets/") {
		return true
	}
	name := strings.TrimSuffix(path.Base(p), ".gz")
	name = strings.TrimRight(name, "0123456789") // tcpdump -C and -W number their files
	name = strings.TrimRight(name, ".")
	for _, ext := range []string{".pcap", ".pcapng", ".ntar", ".cap", ".dmp", ".dump", ".trace"} {
		if strings.HasSuffix(name, ext) {
			return true
		}
	}
	return false
}

// isCapture looks at the first bytes of an item. Those of an item that is not
// called a capture must show more, and must not be compressed.
func isCapture(s *analyze.Subject) (bool, error) {
	head := make([]byte, min(s.Size, capture.HeadLen))
	if n, err := s.Body.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("first bytes of a capture: %w", err)
	} else {
		head = head[:n]
	}
	if named(&s.Record) {
		return capture.IsMagic(head), nil
	}
	return capture.IsHead(head), nil
}

// readSize is what is taken from an item's body at a time.
const readSize = 1 << 20

// Examine analyzes an item that is a capture, and leaves any other alone. Its
// error wraps ErrIncomplete where part of the capture was not examined.
func (a *Analyzer) Examine(ctx context.Context, s *analyze.Subject, report func(analyze.Finding)) error {
	if s.Body == nil {
		return nil
	}
	if ok, err := isCapture(s); err != nil || !ok {
		return errors.Join(err, refused(&s.Record))
	}
	m := newMatcher(a.cfg.Indicators, s, report)
	handlers := []Handler{m.handler()}
	derived := &deriver{ctx: ctx, s: s, derive: a.cfg.Derive}
	if a.cfg.Derive != nil {
		handlers = append(handlers, Handler{Content: derived.content})
	}
	if s.Event != nil {
		handlers = append(handlers, observer(s.Event))
	}
	body := bufio.NewReaderSize(io.NewSectionReader(s.Body, 0, s.Size), readSize)
	st, err := Analyze(ctx, body, a.cfg.Options, Join(handlers...))
	if errors.Is(err, capture.ErrFormat) {
		return refused(&s.Record) // compressed, but no capture
	}
	if s.Event != nil {
		err = errors.Join(err, account(s.Event, st))
	}
	m.close()
	return errors.Join(err, derived.fault(), m.fault())
}

// refused is the error for what is no capture: none, unless it was taken as one.
func refused(r *evidence.Record) error {
	if r.Source != takenSource {
		return nil
	}
	return fmt.Errorf("%w: it was taken as a capture, but is neither pcap nor pcapng", ErrIncomplete)
}

// deriver offers content to the other analyzers. What they could not examine
// does not end the analysis.
type deriver struct {
	ctx    context.Context
	s      *analyze.Subject
	derive analyze.Deriver
	failed int
	first  error
}

func (d *deriver) content(c *Content) error {
	kind := "stream"
	name := fmt.Sprintf("bytes %d to %d", c.Offset, c.Offset+int64(len(c.Bytes)))
	if c.Name == "http/body" {
		kind, name = "http", c.URL
		if c.Offset > 0 {
			name = fmt.Sprintf("%s from byte %d", c.URL, c.Offset)
		}
	}
	err := d.derive(d.ctx, d.s, analyze.Derived{Name: c.Name, Where: where(kind, c.Flow, c.At, name), Bytes: c.Bytes})
	if err != nil {
		if d.ctx.Err() != nil {
			return d.ctx.Err()
		}
		d.failed++
		if d.first == nil {
			d.first = err
		}
	}
	return nil
}

func (d *deriver) fault() error {
	if d.failed == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d bodies and streams, the first: %w", ErrIncomplete, d.failed, d.first)
}
