// Package report writes what a sweep found: findings.jsonl and unscanned.jsonl
// (one JSON object a line), findings.csv, events.jsonl (what was read out of
// items: of captures their flows, DNS, HTTP and TLS), a table for a terminal,
// summary.json, and sweep.json, the facts that a result depends on. Seal makes a
// findings bundle of them.
//
// The first four are the same bytes for the same input, whatever the number of
// workers. summary.json holds what differs: times.
package report
