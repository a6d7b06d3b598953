// Package procfs reads and decodes the files of Linux's /proc. Every decoder
// takes bytes, and every read has a bound, so that a hostile or damaged tree
// costs no more than a true one. Nothing here runs a program or follows a name
// that a file of /proc holds.
//
// Formats: proc(5), and Documentation/filesystems/proc.rst of the kernel.
package procfs
