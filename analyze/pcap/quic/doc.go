// Package quic reads the TLS client hello from the Initial packets of a QUIC
// connection. Their keys follow from what stands in the first of them (RFC 9001
// section 5.2), so that whoever sees the packets can open them. Nothing else of
// QUIC can be read without the keys of the endpoints.
package quic
