// Package sourcetest is the conformance suite of collect.Source: what every
// source must do, whatever lies behind it. Run is called from the tests of
// each implementation with a factory that makes a source holding a given tree.
//
// Dir is a small reference source over a folder, for tests of what uses
// sources. It is simple rather than fast or complete.
package sourcetest
