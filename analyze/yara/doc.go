// Package yara compiles YARA rules and scans items with them, through libyara.
// Each rule file is compiled on its own, in a namespace that is its relative
// path: one that doesn't compile is reported and the others go on. External
// variables (filename, filepath, extension, filetype, owner) are set for each
// item. libyara reports when it is done with all rules: where one takes too long
// for an item, they are tried in parts, and what is too slow is named. What is
// found then depends on the time, as it does wherever time runs out. Without
// cgo the package builds and says ErrNoYARA.
package yara
