// Package evidence holds the words that every other package speaks: the item
// and its record, outcomes, digests, identifiers and entry names.
//
// The bytes on disk are specified in SPEC.md beside this file. The bundle
// writer and reader are in evidence/bundle, its tree and signatures in
// evidence/seal, one segment in evidence/segment.
package evidence
