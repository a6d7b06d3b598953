// Package analyze sweeps items for threats. The engine opens each item once
// and offers it to every analyzer that wants it, in worker processes with
// memory and time limits; analyzers answer with findings.
package analyze
