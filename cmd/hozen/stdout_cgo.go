//go:build cgo && unix

package main

// #include <fcntl.h>
//
// static int closed;
//
// // Runs before Go does, which opens /dev/null where standard output is closed.
// __attribute__((constructor)) static void look(void) { closed = fcntl(1, F_GETFD) == -1; }
//
// static int stdout_closed(void) { return closed; }
import "C"

// stdoutClosed reports whether this program was started without a standard
// output (>&-): what is printed would be lost without an error.
func stdoutClosed() bool { return C.stdout_closed() != 0 }
