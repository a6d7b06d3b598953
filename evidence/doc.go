// Package evidence holds the words that every other package speaks: the item
// and its record, outcomes, digests, identifiers and entry names.
//
// The bytes on disk are specified in SPEC.md beside this file. A bundle is
// written by evidence/sink, read by evidence/bundle and checked by
// evidence/verify; its tree and signatures are in evidence/seal, one segment in
// evidence/segment.
package evidence
