// Package ioc finds indicators of compromise in items: hashes, paths, and in
// contents domains, addresses, networks, URLs, mail addresses and hashes,
// written in UTF-8 or UTF-16LE.
//
// A Set is one flat run of bytes, made once by Compile and handed to worker
// processes as it is; no part of it is rebuilt there. Boundaries: evil.com is
// found in a.evil.com, not in notevil.com or evil.com.au; 1.2.3.4 is not found
// in 11.2.3.4, 1.2.3.45, 1.2.3.4.5 or v1.2.3.4; a listed host:port wants that
// port; a listed URL is found where it begins a URL of the same host and ends
// at a delimiter.
//
// Names with letters beyond ASCII are found however they were listed and
// however they are written: as A-labels (RFC 5890) or as people spell them, in any case and
// Unicode form that UTS 46 maps to the same name, in UTF-8 and UTF-16LE, alone
// and in URLs and mail addresses. A letter of Latin, Greek, Cyrillic, Armenian
// or Georgian beside a name belongs to it; one of a script that puts no spaces
// between words does not. In contents the dot is "." only: ideographic full
// stops are none.
//
// A scan goes on from a host to its path, and from a label to the one before
// it, only as long as something listed goes on so. So content that is made to
// be slow costs a few times what a log of requests costs, not hundreds.
//
// list reads lists, compiled holds and looks up what they say, paths tries
// expressions on paths, scan searches contents; the analyzer and the loader of
// files are here.
package ioc
