// Package segment builds and reads the plaintext of one segment: a ZIP whose
// entries are stored, never deflated. Entries below data/ hold zstd frames;
// items.jsonl holds one evidence record a line; index.jsonl, last, says which
// entry holds which record's bytes and where its frames begin.
//
// The bytes are specified in evidence/SPEC.md, "Segments". Encryption and
// hashing of the whole are the bundle's business.
package segment

// Bounds of format 1.
const (
	// FrameSize is the content of one zstd frame, except where a slow source
	// or the end of an item makes it shorter.
	FrameSize = 1 << 20
	// DefaultSize is the most bytes a segment's plaintext has, MinSize the
	// least that a writer may set.
	DefaultSize = 32 << 20
	MinSize     = 8 << 20
	// PartRoom is what a segment keeps for itself: an item with more content
	// than size less PartRoom is split into parts, each with a record, so that
	// an incompressible part fits a segment.
	PartRoom = 4 << 20
	// MaxSize is what a reader accepts at the most.
	MaxSize = 256 << 20
	// CipherRoom is what encryption may add to a segment as stored: age's
	// header, and 16 bytes every 64 KiB.
	CipherRoom = 256 << 10
	// MaxRecord bounds one line of items.jsonl.
	MaxRecord = 1 << 20
	// maxRecords bounds items.jsonl and maxItems its lines, so that the ZIP
	// needs no ZIP64 and a flood of empty items closes segments too.
	maxRecords = 2 << 20
	maxItems   = 20_000
)

// Names of the two entries that are not evidence.
const (
	ItemsName = "items.jsonl"
	IndexName = "index.jsonl"
)

// IndexFormat names the format of index.jsonl; it stands in the first line.
const IndexFormat = "hozen-index/1"

// Frame is one zstd frame of an entry.
type Frame struct {
	Stored  int // bytes of the frame as stored
	Content int // bytes it decodes to
}

// indexHead is the first line of index.jsonl, indexLine each other.
type indexHead struct {
	Format string `json:"format"`
}

type indexLine struct {
	Seq    uint64   `json:"seq"`
	Entry  string   `json:"entry"`
	Frames [][2]int `json:"frames"` // [stored, content] bytes of each
}
