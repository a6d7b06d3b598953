// Package target holds what a sweep can read: plain folders and files, and
// sealed bundles. Bytes are handed on as they are stored; only worker processes
// decode them.
package target
