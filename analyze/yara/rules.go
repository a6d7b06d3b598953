package yara

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrNoYARA is returned by Compile and New in a program that was built without
// cgo.
var ErrNoYARA = errors.New("this build has no YARA; use one that was built with cgo and libyara")

// ErrRules is returned by Load and New for bytes that are no compiled rules.
var ErrRules = errors.New("not compiled YARA rules")

// Problem is one place in a rule file that does not compile.
type Problem struct {
	File    string `json:"file"`           // as FileReport.Name
	Line    int    `json:"line,omitempty"` // 0 where the trouble is in an include: the message names it
	Message string `json:"message"`
}

// MaxProblems bounds the problems and warnings kept for one rule file.
const MaxProblems = 20

// FileReport says what became of one rule file.
type FileReport struct {
	Name      string    `json:"name"` // as findings name it
	Namespace string    `json:"namespace,omitempty"`
	SHA256    string    `json:"sha256,omitempty"`
	Rules     int       `json:"rules"`
	Skipped   string    `json:"skipped,omitempty"`  // why it was left out though nothing is wrong with it
	Errors    []Problem `json:"errors,omitempty"`   // not empty: none of its rules are used
	Warnings  []Problem `json:"warnings,omitempty"` // used all the same
	Includes  []Include `json:"includes,omitempty"` // files that it includes
}

// Include is a file that a rule file includes.
type Include struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

func (r *FileReport) fail(line int, format string, args ...any) {
	if len(r.Errors) < MaxProblems {
		r.Errors = append(r.Errors, Problem{r.Name, line, fmt.Sprintf(format, args...)})
	}
}

// Compiled is a set of compiled rules in the form that worker processes get.
type Compiled struct {
	Rules int // rules in it, private ones too
	blob  []byte
}

// Marshal returns the form that New takes: the magic word, a u32 length, JSON
// that names the file of each namespace, and what libyara saves.
func (c *Compiled) Marshal() []byte { return c.blob }

const blobMagic = "hozenYR1"

// blobHead is the JSON part of compiled rules.
type blobHead struct {
	Files map[string]string `json:"files"` // by namespace
	Rules int               `json:"rules"`
	Entry bool              `json:"entry,omitempty"` // a rule may ask for the entry point
	Loose map[string]bool   `json:"loose,omitempty"` // namespaces whose rules don't need each other
}

func pack(h blobHead, rules []byte) ([]byte, error) {
	head, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(blobMagic)+4+len(head)+len(rules))
	b = append(b, blobMagic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(head)))
	return append(append(b, head...), rules...), nil
}

func unpack(b []byte) (h blobHead, rules []byte, err error) {
	const fixed = len(blobMagic) + 4
	if len(b) < fixed || string(b[:len(blobMagic)]) != blobMagic {
		return h, nil, ErrRules
	}
	n := uint64(binary.LittleEndian.Uint32(b[len(blobMagic):]))
	if n > uint64(len(b)-fixed) {
		return h, nil, fmt.Errorf("%w: cut short", ErrRules)
	}
	if err := json.Unmarshal(b[fixed:fixed+int(n)], &h); err != nil {
		return h, nil, fmt.Errorf("%w: %w", ErrRules, err)
	}
	return h, b[fixed+int(n):], nil
}

// Options of scanning.
type Options struct {
	// Timeout for one item, rounded up to seconds; 0 is DefaultTimeout. A
	// deadline of the context that comes earlier counts.
	Timeout time.Duration
	// WholeLimit is the size in bytes up to which an item is scanned from
	// memory in one piece; 0 is DefaultWholeLimit. Larger ones are read in
	// blocks. In blocks libyara's modules see less: elf and pe the first
	// block alone, and math no distribution of all bytes.
	WholeLimit int64
	// Block is the size of blocks in bytes; 0 is WholeLimit.
	Block int64
}

// Defaults of Options.
const (
	DefaultTimeout    = 60 * time.Second
	DefaultWholeLimit = 64 << 20
)

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.WholeLimit <= 0 {
		o.WholeLimit = DefaultWholeLimit
	}
	if o.Block <= 0 {
		o.Block = o.WholeLimit
	}
	o.Block = max(o.Block, 2*overlap)
	return o
}

// overlap of blocks, in bytes. With it blocks give the answers of whole files
// for strings of up to this length.
const overlap = 4 << 10
