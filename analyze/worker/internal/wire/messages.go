package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

// InitMsg opens a conversation.
type InitMsg struct {
	Memory int64     `json:"memory"` // bytes the worker may use; 0 for no limit
	Shared bool      `json:"shared"` // parts lie in the file the worker inherited
	Events bool      `json:"events"` // what analyzers read out of items is wanted
	Parts  []PartMsg `json:"parts"`
}

// PartMsg says where a part lies in the shared file, or how many bytes follow
// in Part frames.
type PartMsg struct {
	Name   string `json:"name"`
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"`
}

// ReadyMsg answers Init.
type ReadyMsg struct {
	Guards    []string `json:"guards"`    // protections in force, e.g. "landlock"
	Missing   []string `json:"missing"`   // protections this system does not have, and why
	Analyzers []string `json:"analyzers"` // names, in order
}

// ItemMsg is one item on its way to a worker.
type ItemMsg struct {
	ID       uint64
	Deadline int64 // milliseconds that the analyzers have
	Bundle   string
	Record   evidence.Record
	Size     int64
	Blocks   []analyze.Block
	Inline   [][]byte // stored bytes of all blocks, or nil
	Frame    []byte   // as decoded: the memory that Inline shares
}

// MaxRuns bounds a block table as sent: runs of blocks of one size and kind.
const MaxRuns = 1 << 20

// maxBlocks bounds a block table: 1 TiB in blocks of 256 KiB, on average.
const maxBlocks = 4 << 20

// Encode returns the payload of an Item frame, in buf where that is large
// enough.
func (m *ItemMsg) Encode(buf []byte) ([]byte, error) {
	rec, err := evidence.AppendRecord(nil, &m.Record)
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	n := len(rec) + len(m.Bundle) + 64
	for _, b := range m.Inline {
		n += len(b) + binary.MaxVarintLen32
	}
	if cap(buf) < n {
		buf = make([]byte, 0, n+n/4)
	}
	e := encoder(buf[:0])
	e.uint(m.ID)
	e.uint(uint64(m.Deadline))
	e.bytes([]byte(m.Bundle))
	e.bytes(rec)
	e.uint(uint64(m.Size))
	if err := e.table(m.Blocks); err != nil {
		return nil, err
	}
	e.uint(uint64(len(m.Inline)))
	for _, b := range m.Inline {
		e.bytes(b)
	}
	return e, nil
}

// DecodeItem reads the payload of an Item frame. Inline blocks share b.
func DecodeItem(b []byte) (*ItemMsg, error) {
	d := decoder{b: b}
	m := &ItemMsg{Frame: b, ID: d.uint(), Deadline: int64(d.uint()), Bundle: string(d.bytes())}
	rec := d.bytes()
	m.Size = int64(d.uint())
	m.Blocks = d.table()
	n := d.uint()
	if n != 0 && n != uint64(len(m.Blocks)) {
		d.fail("inline blocks")
	}
	for range n {
		m.Inline = append(m.Inline, d.bytes())
		if d.err != nil {
			break
		}
	}
	if d.err != nil {
		return nil, d.err
	}
	if err := evidence.ParseRecord(rec, &m.Record); err != nil {
		return nil, fmt.Errorf("%w: record: %w", ErrFrame, err)
	}
	return m, nil
}

// NeedMsg asks for the stored bytes of block I.
type NeedMsg struct {
	ID uint64
	I  int
}

// Encode returns the payload of a Need frame.
func (m NeedMsg) Encode() []byte {
	var e encoder
	e.uint(m.ID)
	e.uint(uint64(m.I))
	return e
}

// DecodeNeed reads the payload of a Need frame.
func DecodeNeed(b []byte) (NeedMsg, error) {
	d := decoder{b: b}
	m := NeedMsg{ID: d.uint(), I: d.int(maxBlocks)}
	return m, d.err
}

// BlockHead returns the head of a Block frame; the stored bytes, or the text
// of an error, follow it.
func BlockHead(id uint64, i int, failed bool) []byte {
	var e encoder
	e.uint(id)
	e.uint(uint64(i))
	if failed {
		return append(e, 1)
	}
	return append(e, 0)
}

// BlockMsg is a block as it arrives: Data, or Err where it can't be had.
type BlockMsg struct {
	ID   uint64
	I    int
	Data []byte
	Err  string
}

// DecodeBlock reads the payload of a Block frame. Data shares b.
func DecodeBlock(b []byte) (BlockMsg, error) {
	d := decoder{b: b}
	m := BlockMsg{ID: d.uint(), I: d.int(maxBlocks)}
	failed := d.byte() != 0
	if failed {
		m.Err = string(d.b)
	} else {
		m.Data = d.b
	}
	return m, d.err
}

// ResultMsg is the answer to an item. Findings are JSON, one each.
type ResultMsg struct {
	ID       uint64
	Findings [][]byte
	Faults   []analyze.Fault
}

// Bounds of one answer.
const (
	MaxFindings = 10000
	MaxFaults   = 32
)

// Encode returns the payload of a Result frame.
func (m *ResultMsg) Encode() []byte {
	var e encoder
	e.uint(m.ID)
	e.uint(uint64(len(m.Findings)))
	for _, f := range m.Findings {
		e.bytes(f)
	}
	e.uint(uint64(len(m.Faults)))
	for _, f := range m.Faults {
		e.bytes([]byte(f.Kind))
		e.bytes([]byte(f.Analyzer))
		e.bytes([]byte(f.Reason))
	}
	return e
}

// DecodeResult reads the payload of a Result frame. Findings share b.
func DecodeResult(b []byte) (*ResultMsg, error) {
	d := decoder{b: b}
	m := &ResultMsg{ID: d.uint()}
	for range d.int(MaxFindings) {
		m.Findings = append(m.Findings, d.bytes())
	}
	for range d.int(MaxFaults) {
		f := analyze.Fault{Kind: analyze.FaultKind(d.bytes()), Analyzer: string(d.bytes()), Reason: string(d.bytes())}
		m.Faults = append(m.Faults, f)
	}
	if d.err == nil && len(d.b) > 0 {
		d.fail("bytes after the end")
	}
	return m, d.err
}
