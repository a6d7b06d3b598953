// Package collectcmd is the collect command, which both binaries have: it
// turns flags into a plan (sources, artifacts, budgets), opens the bundle's
// output, runs the plan, seals, and says what came of it.
package collectcmd
