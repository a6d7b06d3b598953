package list

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// MaxPlaces is how many odd lines a Report names; the rest is only counted.
const MaxPlaces = 20

// Odd is one line that was not taken, or not in full, and why.
type Odd struct {
	Line   int    `json:"line"`
	Text   string `json:"text"` // at most 200 bytes, valid UTF-8
	Reason string `json:"reason"`
}

// Report says what became of the lines of one list.
type Report struct {
	Lines      int   `json:"lines"`
	Indicators int   `json:"indicators"`
	Comments   int   `json:"comments"` // comment and empty lines
	Odd        int   `json:"odd"`
	Places     []Odd `json:"places,omitempty"` // the first MaxPlaces odd lines
}

func (r *Report) odd(line int, text []byte, reason string) {
	r.Odd++
	if len(r.Places) < MaxPlaces {
		t := strings.ToValidUTF8(string(text[:min(len(text), 200)]), "\uFFFD")
		r.Places = append(r.Places, Odd{line, t, reason})
	}
}

// ErrFormat marks a file that is no list of indicators that this package
// reads: JSON, XML or binary data.
var ErrFormat = errors.New("not a list of indicators that this version reads")

// sniffLen is how much of a list is looked at to tell what form it has.
const sniffLen = 64 << 10

// Read reads one list, UTF-8 or UTF-16 with a byte order mark, and hands each indicator to add. An error from add ends
// it. Lines that can't be read are in the report, never in the error.
func Read(r io.Reader, add func(Indicator) error) (Report, error) {
	br := bufio.NewReaderSize(r, sniffLen)
	if bom, _ := br.Peek(2); string(bom) == "\xff\xfe" || string(bom) == "\xfe\xff" {
		br = bufio.NewReaderSize(transform.NewReader(br, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()), sniffLen)
	}
	head, err := br.Peek(sniffLen)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return Report{}, err
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		br.Discard(3) // a byte order mark; 3 bytes are buffered
		head = head[3:]
	}
	if err := checkText(head); err != nil {
		return Report{}, err
	}
	p := &parser{add: add, regexes: regexFile(head)}
	err = p.lines(br)
	return p.rep, err
}

func checkText(head []byte) error {
	t := bytes.TrimSpace(head)
	switch {
	case len(t) == 0:
		return nil
	case bytes.IndexByte(head, 0) >= 0:
		return fmt.Errorf("%w: binary data, or UTF-16 text without a byte order mark", ErrFormat)
	case t[0] == '{' || bytes.HasPrefix(t, []byte("[{")) || bytes.HasPrefix(t, []byte("[\n")):
		return fmt.Errorf("%w: it looks like JSON", ErrFormat)
	case bytes.HasPrefix(t, []byte("<?xml")) || bytes.HasPrefix(t, []byte("<ioc")) || bytes.HasPrefix(t, []byte("<!DOCTYPE")):
		return fmt.Errorf("%w: it looks like XML", ErrFormat)
	}
	return nil
}

// regexFile tells a file of `regex;score` lines by its head: half of its data
// lines at least end in a score and start with no other type of indicator.
func regexFile(head []byte) bool {
	data, regexes := 0, 0
	for line := range bytes.Lines(head) {
		s := strings.TrimSpace(string(line))
		if s == "" || s[0] == '#' {
			continue
		}
		data++
		value, rest, ok := strings.Cut(s, ";")
		if !ok {
			continue
		}
		if _, ok := score(field(rest)); !ok {
			continue
		}
		if k, _, err := Detect(value); err != nil || k == Path || k == PathEnd || k == WinPath || k == FileName || k == PathRegex {
			regexes++
		}
	}
	return data > 0 && 2*regexes >= data
}

func field(s string) string {
	s, _, _ = strings.Cut(s, ";")
	return s
}

// parser is the state of reading one list.
type parser struct {
	add     func(Indicator) error
	rep     Report
	regexes bool
	csv     *columns // once a header line was seen
	started bool     // a data line was seen: no header after it
}

func (p *parser) lines(br *bufio.Reader) error {
	for {
		line, long, err := readLine(br)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err != nil && len(line) == 0 {
			return nil
		}
		p.rep.Lines++
		if long {
			p.rep.odd(p.rep.Lines, line, fmt.Sprintf("longer than %d bytes", MaxLine))
		} else if err := p.line(br, line); err != nil {
			return err
		}
		if err != nil {
			return nil
		}
	}
}

// readLine returns one line without its end. Of a line over MaxLine it returns
// the start and long.
func readLine(br *bufio.Reader) (line []byte, long bool, err error) {
	line, err = br.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.Clone(line[:MaxLine])
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = br.ReadSlice('\n')
		}
		return line, true, err
	}
	line = bytes.TrimRight(line, "\r\n")
	if err != nil && len(line) == 0 {
		return nil, false, err
	}
	return line, len(line) > MaxLine, err
}

func (p *parser) line(br *bufio.Reader, line []byte) error {
	text := bytes.TrimSpace(line)
	if len(text) == 0 {
		p.rep.Comments++
		return nil
	}
	if !p.started && p.csv == nil {
		if c := header(string(text)); c != nil {
			p.csv = c
			p.rep.Comments++
			return nil
		}
	}
	if remark(text) || p.csv == nil && semicolon(text) || !p.started && separator(text) {
		p.rep.Comments++
		return nil
	}
	p.started = true
	if !utf8.Valid(text) && p.csv == nil {
		p.rep.odd(p.rep.Lines, text, errUTF8.Error())
		return nil
	}
	if p.csv != nil {
		return p.record(br, line)
	}
	return p.plain(string(text))
}

func remark(text []byte) bool { return text[0] == '#' || bytes.HasPrefix(text, []byte("//")) }

// semicolon tells comments as zone files and some blocklists have them, from
// rows whose first cell is empty.
func semicolon(text []byte) bool {
	return len(text) == 1 && text[0] == ';' || bytes.HasPrefix(text, []byte("; ")) || bytes.HasPrefix(text, []byte(";;"))
}

// separator tells the line by which spreadsheets say what stands between cells:
// "sep=;".
func separator(text []byte) bool {
	return len(text) == 5 && bytes.EqualFold(text[:4], []byte("sep="))
}

func (p *parser) emit(ind Indicator) error {
	p.rep.Indicators++
	if len(ind.Comment) > MaxComment {
		ind.Comment = strings.ToValidUTF8(ind.Comment[:MaxComment], "")
	}
	return p.add(ind)
}
