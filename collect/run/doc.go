// Package run runs a collection: artifacts in the order of their stages, into
// one sink, within budgets, with a ledger of what was asked for and what came
// of it. Whatever an artifact does, the ledger is written and the sink is
// whole: a panic costs the artifact, an interruption or a budget ends the
// taking in order.
//
// The ledger is an item of the bundle itself: source "hozen", path
// /ledger.jsonl, one collect.Line a line.
package run
