// Package dns decodes DNS messages (RFC 1035 and the records listed in
// types.go), also those of mDNS (RFC 6762) and LLMNR (RFC 4795). Captures hold
// damaged and hostile messages: Parse returns what could be read before the
// fault together with the fault, instead of nothing.
package dns
