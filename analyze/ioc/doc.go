// Package ioc finds indicators of compromise in items: hashes, paths, and in
// contents domains, addresses, networks, URLs, mail addresses and hashes,
// written in ASCII or UTF-16LE.
//
// A Set is one flat run of bytes, made once by Compile and handed to worker
// processes as it is; no part of it is rebuilt there. Boundaries: evil.com is
// found in a.evil.com, not in notevil.com or evil.com.au; 1.2.3.4 is not found
// in 11.2.3.4, 1.2.3.45, 1.2.3.4.5 or v1.2.3.4; a listed host:port wants that
// port; a listed URL is found where it begins a URL of the same host and ends
// at a delimiter. Names in other letters than ASCII are found as A-labels
// everywhere and as UTF-8.
//
// list reads lists, compiled holds and looks up what they say, paths tries
// expressions on paths, scan searches contents; the analyzer and the loader of
// files are here.
package ioc
