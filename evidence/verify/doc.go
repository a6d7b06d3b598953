// Package verify checks bundles (format 1, evidence/SPEC.md, "Verifying").
//
// Bundle takes a bundle as bundle.Open returned it and goes on from there: the
// ZIP around the objects, the texts, signatures and countersignatures, time
// stamp and root; then every segment as stored (segments.go) or, with an
// identity, every record and every byte inside (deep.go, chain.go). The Report
// names each check, how it went, and each problem.
//
// # Guarantees
//
// A flipped bit anywhere in a bundle is a problem in the report, with a key and
// without one; a check that was not run says so. An error is about a place that
// can't be read, not about what was read there.
//
// # Memory
//
// Each of at most 16 workers holds one segment, one decoder and one frame, and
// of an item in parts one part. Workers that have no segment left take items of
// the others' (lend.go).
package verify
