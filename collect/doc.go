// Package collect runs a collection: it takes artifacts from a source and
// hands their items to a sink, volatile ones first, and keeps the coverage
// ledger of what was asked for and what came of it.
//
// The seams are Source (where evidence comes from), Artifact (what to take
// from it) and evidence.Sink (where it goes).
package collect
