// Package compiled holds indicators in one flat run of bytes, made once by a
// Builder and handed to worker processes as it is, and looks them up: digests,
// names, addresses, URLs, paths.
package compiled
