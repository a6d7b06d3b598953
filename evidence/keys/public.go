package keys

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hozen-dfir/hozen/evidence/seal"
)

// algEd25519 is the signed-note key type of plain Ed25519 (C2SP signed-note).
const algEd25519 = 1

// maxVKey bounds a verifier key's text: name, hash and 44 characters of key.
const maxVKey = 200

// Public is the public half of a signing key. It is a note.Verifier. Anyone
// can make one: that it verifies a signature says nothing of whose it is.
type Public struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

// ParseVKey reads a verifier key. Only the canonical text of an Ed25519 key
// with a name of our grammar is taken.
func ParseVKey(s string) (Public, error) {
	if len(s) > maxVKey {
		return Public{}, fmt.Errorf("verifier key has %d bytes, at most %d", len(s), maxVKey)
	}
	if hideSecret(s) != s {
		return Public{}, errors.New("this is a private key; a verifier key is wanted (sign.pub)")
	}
	parts := strings.Split(s, "+")
	if len(parts) < 3 {
		return Public{}, fmt.Errorf("verifier key %q: want name+hash+base64", s)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.Join(parts[2:], "+")) // base64 may hold '+'
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != algEd25519 {
		return Public{}, fmt.Errorf("verifier key %q: not an Ed25519 key", s)
	}
	p, err := newPublic(parts[0], raw[1:])
	if err != nil {
		return Public{}, err
	}
	if p.VKey() != s {
		return Public{}, fmt.Errorf("verifier key %q: hash does not fit name and key", s)
	}
	return p, nil
}

func newPublic(name string, key ed25519.PublicKey) (Public, error) {
	if err := ValidName(name); err != nil {
		return Public{}, err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%c", name, algEd25519)
	h.Write(key)
	return Public{name, binary.BigEndian.Uint32(h.Sum(nil)), key}, nil
}

// Name is the key's name, the first part of its verifier key.
func (p Public) Name() string { return p.name }

// KeyHash is the 32-bit hash that signature lines carry. It tells keys apart;
// it does not identify one, for it can be forged.
func (p Public) KeyHash() uint32 { return p.hash }

// ID is KeyHash in eight hex digits.
func (p Public) ID() string { return fmt.Sprintf("%08x", p.hash) }

// VKey is the verifier key, which identifies the key in full.
func (p Public) VKey() string {
	return fmt.Sprintf("%s+%08x+%s", p.name, p.hash,
		base64.StdEncoding.EncodeToString(append([]byte{algEd25519}, p.key...)))
}

// Key is the bare public key.
func (p Public) Key() ed25519.PublicKey { return p.key }

// Verify implements note.Verifier.
func (p Public) Verify(msg, sig []byte) bool {
	return len(p.key) == ed25519.PublicKeySize && ed25519.Verify(p.key, msg, sig)
}

// Fingerprint is the first 96 bits of the SHA-256 of the verifier key's text
// as six words for a notebook, in the form of seal.Words.
func (p Public) Fingerprint() string {
	return seal.Words(tlog.Hash(sha256.Sum256([]byte(p.VKey()))))
}

var _ note.Verifier = Public{}
