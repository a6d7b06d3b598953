// Package pcap examines packet captures: flows, DNS names and answers, HTTP/1
// messages with their bodies, TLS server names and certificates, and the
// reassembled TCP streams. Indicators are matched against all of these; bodies
// and streams go to the other analyzers as derived content.
//
// Analyze is the typed interface, New the analyzer for sweeps, which also tells
// what it read as events where these are wanted. Memory is bounded whatever the
// input. What was not decoded is counted in Stats, and where a limit of this
// package or damage of the file kept something from being examined, the error
// wraps ErrIncomplete and says what.
//
// Not decoded, and counted where they are met: HTTP/2, and of QUIC all but the
// client's hello. DTLS, and DNS over TCP on other ports than 53, are flows only.
// UDP payloads are not handed out as derived content; the capture's own bytes
// are scanned anyway.
//
// The steps have packages of their own: capture (files), decode (headers,
// tunnels, fragments), stream (TCP), dns, http1, tls, quic and carve
// (bodies).
package pcap
