// Package stream puts the segments of one direction of a TCP connection back
// in order (RFC 9293), within bounds, and says what it could not: gaps,
// retransmissions that contradict what was sent before, bytes outside the
// window.
//
// It is not gopacket's reassembly package: that one overwrites nothing and
// tells nothing where two copies of the same bytes differ, which is how
// inspection is evaded, and it keeps no account of what it drops.
package stream
