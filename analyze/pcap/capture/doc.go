// Package capture reads packet captures: pcap (microseconds, nanoseconds and
// the variant with 24-byte record headers, both byte orders) and pcapng (many
// sections, many interfaces), either of them gzipped.
//
// It is a reader of its own rather than pcapgo's, because a capture from a
// compromised host is often cut short or damaged: this one says at which byte
// it stopped and why, goes on behind blocks it does not know, keeps the link
// type of each packet, and never allocates what a length field asks for.
//
// Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng and the LINKTYPE_
// registry of tcpdump.org.
package capture
