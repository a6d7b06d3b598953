// Package bundle reads bundles (format 1, evidence/SPEC.md), which evidence/sink
// writes and evidence/verify checks.
//
// Objects is where one lies: a folder, a ZIP, a store, or several joined. Open
// reads its seal and checks that as far as it goes; Items lists its items,
// their parts put together; Blocks, Fetch and Reader give their content.
// Cosign adds the one thing that a bundle may be given later, a
// countersignature.
//
// # Guarantees
//
// Nothing is believed because it is there: leaves count only under a good
// checkpoint, and of a segment nothing is looked at before the SHA-256 of the
// whole is the one in its leaf. What is wrong with a seal is in Problems; what
// is wrong with a segment is an error that wraps ErrVerify. That records and
// content agree is what evidence/verify checks.
//
// # Memory
//
// A Bundle holds the seal and the names of its objects, and the plaintext of
// the five segments read last; a Reader one decoder and one frame of 1 MiB.
package bundle
