// Package paths matches many regular expressions against paths of files. A
// filter of literals keeps most of them from being tried at all.
package paths
