// Package sink writes bundles (format 1, evidence/SPEC.md): what a collection
// hands its items to.
//
// A Writer is an evidence.Sink. One item flows through it in one pass:
//
//	Add → read and hash (read.go) → compress frames (compress.go) →
//	commit in order into a segment (commit.go) → encrypt, store, leaf,
//	checkpoint (sealer.go) → Output (output.go)
//
// A stream (stream.go) joins the same way, flush by flush.
//
// # Guarantees
//
// An item's bytes are read once. Records stand in the order of Add. A segment
// is durable before its leaf, a leaf before its checkpoint, and no object is
// ever replaced: whatever a checkpoint speaks of is there. A source that
// fails, or panics, costs its item; an output that fails ends the bundle at
// its last checkpoint.
//
// # Memory
//
// A Writer holds two segment-sized buffers, and for each of at most 16
// workers one encoder and about two frames of 1 MiB, whatever it is given.
package sink
