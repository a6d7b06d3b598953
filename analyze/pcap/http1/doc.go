// Package http1 reads HTTP/1.x (RFC 9112) from the two directions of a TCP
// connection: requests and responses, pipelined, with bodies of stated length,
// chunked, or up to the end of the connection, and HTTP/0.9. It is forgiving
// where browsers and servers are, bounded everywhere, and finds its place
// again after bytes that were not captured.
package http1
