// Package decode goes from a captured frame to the TCP segments, UDP datagrams
// and other IP payloads in it: link layers, VLAN tags, MPLS, PPP, tunnels, IPv4
// and IPv6 with extension headers, and fragments of both.
//
// Headers are decoded with gopacket's layers where these are sound on hostile
// bytes. Some of v1.1.19 are not, and are decoded here: IPv6 extension headers
// (padding is kept as payload), GTP (prints to standard output), MPLS, PPPoE
// and PPP (no reusable decoder). Its ip4defrag is not used, for it is unbounded
// and tells datagrams apart without their protocol; one bounded reassembler
// here serves both IP versions.
package decode
