// Package packets is the built-in artifact "hozen.packets": packets from the
// first moment of a collection to the last, taken with packet sockets
// (packet(7), Documentation/networking/packet_mmap.rst) in pure Go.
//
// Each capture asked for is one item of type stream, /packets/<name>.pcapng, a
// pcapng file with times in nanoseconds from the kernel, one interface block
// for each interface and, at its end, statistics for each. Its details say for
// every interface <name>: received_<name> (packets the kernel saw),
// dropped_<name> (of these lost, because its buffer was full), written_<name>.
// Packets that were dropped are no gap; the ledger and the summary tell of them.
// A capture that a budget or an interruption ends before its time is partial.
// A capture of one interface that is removed, and does not come back, is partial.
//
// No interface is set to promiscuous mode: that would change the host and show
// in its log. VLAN tags that the hardware took off are put back. On loopback a
// packet is kept once, as it arrives. The collector's own traffic is captured
// like any other.
package packets
