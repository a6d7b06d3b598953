// Package serve is the worker's side of a sweep: it takes items from the
// parent, decodes their blocks, runs the analyzers and answers.
//
// Memory of one worker beyond its analyzers: the items sent ahead (bounded by
// the parent), cacheBlocks decoded blocks, readAhead stored blocks, and one
// whole item of at most analyze.Config.Whole bytes.
package serve

// Bounds of one item's examination.
const (
	keepBuffer   = 8 << 20   // a buffer up to this size is kept for the next item
	cacheBlocks  = 8         // decoded blocks kept for Subject.Body
	readAhead    = 4         // blocks asked for beyond the one that is needed
	MaxNeed      = 8         // blocks asked for and not yet there
	maxEncoded   = 4 << 20   // bytes of one item's findings, as JSON
	maxOne       = 256 << 10 // bytes of one finding, as JSON
	maxFaults    = 20        // faults of one item
	maxReason    = 500       // bytes of one fault's reason
	derivedFloor = 64 << 20  // derived content of one item: this, and derivedTimes its size
	derivedTimes = 4
	eventsPiece  = 64 << 10           // events are sent in pieces of this many bytes
	MaxFrame     = maxEncoded + 1<<20 // largest frame that a worker sends
)
