// Package vectors makes the bundles of testdata: good ones of format 1, whose
// bytes stay as they are for good, and hostile ones, soundly signed lies among
// them. It is all tests, for only a test can fix what is random (keys, salts),
// and none of it belongs into a program: scripts/vectors runs it.
package vectors
