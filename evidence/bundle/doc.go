// Package bundle writes and reads bundles (format 1, evidence/SPEC.md).
//
// A Writer is an evidence.Sink. One item flows through it in one pass:
//
//	Add → read and hash (read.go) → compress frames (frames.go) →
//	commit in order into a segment (commit.go) → encrypt, store, leaf,
//	checkpoint (sealer.go) → Output
//
// A Bundle is what Open finds in a folder, a ZIP or a store; Verify checks it,
// Items and Reader give its evidence back.
//
// # Memory
//
// A Writer holds three segment-sized buffers, and for each of at most 16
// workers one encoder and about two frames of 1 MiB, whatever it is given.
package bundle
