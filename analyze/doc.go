// Package analyze sweeps items for threats. Sweep opens each item once and
// offers it to every analyzer that wants it, in worker processes with memory
// and time limits (analyze/worker); analyzers answer with findings.
//
// An item's way: a Target yields it as an Input, whose stored blocks are
// fetched in this process and decoded in a worker; the worker's analyzers
// report Findings and Faults; Sweep puts them back into the order of the items
// and hands them to its Sinks. So findings.jsonl is the same, byte for byte,
// at any number of workers.
//
// Memory of the sweeping process: results of at most 8,192 items that wait for
// an earlier one, 32 MiB of findings among them (and one answer of at most
// 4 MiB from each item under way), about 10 MiB for each worker, and what the
// targets hold. A worker is killed beyond its own limit, 1 GiB by default.
package analyze
