// Package tls reads what a TLS handshake shows in the clear: the ClientHello
// with its server name (RFC 6066) and ALPN (RFC 7301), the ServerHello, and up
// to TLS 1.2 the certificates. It decrypts nothing and verifies nothing.
package tls
