// Package all is the explicit list of analyzers: it compiles rules and
// indicators for a sweep, once, in the parent process, and builds the analyzers
// from them in each worker.
package all
