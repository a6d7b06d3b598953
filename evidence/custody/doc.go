// Package custody is the record of who held a case's bundles when, and what
// was done with them: an append-only log of signed entries in a store. Each
// entry names the one before it by its digest, is signed by whoever did what
// it says, and is a leaf of an RFC 6962 tree whose checkpoints the actors sign.
//
// The bytes are specified in SPEC.md beside this file; verify.sh checks a log
// with bash, openssl and sha256sum alone.
//
// What a log can't show by itself: that entries at its end, with their
// checkpoints, were taken away. Whoever noted a checkpoint finds that out
// (VerifyOptions.Pins); witnesses will do so for everyone.
package custody
