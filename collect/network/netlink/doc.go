// Package netlink asks the Linux kernel for its tables and decodes what it
// answers: just enough of rtnetlink and sock_diag to list what there is.
// Nothing is ever changed: every request is a dump.
//
// Formats: netlink(7), rtnetlink(7), sock_diag(7) and the uapi headers
// linux/netlink.h, rtnetlink.h, if_link.h, if_addr.h, fib_rules.h, neighbour.h.
// Numbers are in the byte order of the host.
package netlink
