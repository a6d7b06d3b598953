// Package scan finds the indicators of a compiled set in bytes: domains,
// addresses, networks, URLs, mail addresses and hashes, in UTF-8 or UTF-16LE.
package scan
