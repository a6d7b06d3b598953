// Package seal is a bundle's public side: leaves (header, segments, end), the
// RFC 6962 tree over them, and the checkpoints signed after each. Whoever has
// these and the segments as stored can check a bundle without a key.
//
// The bytes are specified in evidence/SPEC.md, "The seal".
package seal
