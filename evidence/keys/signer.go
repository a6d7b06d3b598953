package keys

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"
)

// ErrDestroyed is what a signer says after Destroy.
var ErrDestroyed = errors.New("signing key has been destroyed")

// Signer holds a private signing key. It is a note.Signer, safe for concurrent
// use, and prints as its public half only.
type Signer struct {
	Public
	person    string
	role      Role
	ephemeral bool
	secret    *secret
}

// secret keeps the private bytes behind a pointer, so that there is one copy
// of them to overwrite.
type secret struct {
	mu  sync.RWMutex
	key ed25519.PrivateKey // nil once destroyed
}

// NewSigner makes a key for a person.
func NewSigner(person string, role Role) (*Signer, error) {
	if err := ValidPerson(person); err != nil {
		return nil, err
	}
	if _, err := ParseRole(string(role)); err != nil {
		return nil, err
	}
	return generate(NameFor(person), person, role)
}

// NewEphemeral makes a collector's key for one bundle, to be destroyed at its
// end. Its name is "collector-" and the bundle's id.
func NewEphemeral(bundleID string) (*Signer, error) {
	s, err := generate("collector-"+bundleID, "collector of "+bundleID, Collector)
	if err != nil {
		return nil, err
	}
	s.ephemeral = true
	return s, nil
}

func generate(name, person string, role Role) (*Signer, error) {
	pub, priv, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, fmt.Errorf("making a signing key: %w", err)
	}
	p, err := newPublic(name, pub)
	if err != nil {
		return nil, err
	}
	return &Signer{Public: p, person: person, role: role, secret: &secret{key: priv}}, nil
}

// Person is the display name of the key's owner.
func (s *Signer) Person() string { return s.person }

// Role is the capacity in which the owner signs.
func (s *Signer) Role() Role { return s.role }

// Ephemeral reports whether the key was made for one collection.
func (s *Signer) Ephemeral() bool { return s.ephemeral }

// Sign implements note.Signer: the Ed25519 signature of msg, 64 bytes.
func (s *Signer) Sign(msg []byte) ([]byte, error) {
	s.secret.mu.RLock()
	defer s.secret.mu.RUnlock()
	if s.secret.key == nil {
		return nil, ErrDestroyed
	}
	return ed25519.Sign(s.secret.key, msg), nil
}

// Destroy overwrites the private key in memory; Sign fails from then on. It is
// a best effort: the runtime may have copied the bytes to a stack that moved,
// and the system may have written a page to swap before. What it ensures is
// that this program can't sign again and keeps no copy that it knows of.
func (s *Signer) Destroy() {
	s.secret.mu.Lock()
	defer s.secret.mu.Unlock()
	clear(s.secret.key)
	s.secret.key = nil
}

// encode returns the private key in the form of x/mod/sumdb/note.
func (s *Signer) encode() ([]byte, error) {
	s.secret.mu.RLock()
	defer s.secret.mu.RUnlock()
	if s.secret.key == nil {
		return nil, ErrDestroyed
	}
	seed := append([]byte{algEd25519}, s.secret.key.Seed()...)
	defer clear(seed)
	return fmt.Appendf(nil, "PRIVATE+KEY+%s+%s+%s\n", s.name, s.ID(), base64.StdEncoding.EncodeToString(seed)), nil
}

var errPrivate = errors.New("not a signing key (PRIVATE+KEY+name+hash+base64)")

// parsePrivate reads what encode wrote. No error holds any of the text.
func parsePrivate(text []byte) (*Signer, error) {
	fields := strings.SplitN(strings.TrimSpace(string(text)), "+", 5)
	if len(fields) != 5 || fields[0] != "PRIVATE" || fields[1] != "KEY" {
		return nil, errPrivate
	}
	seed, err := base64.StdEncoding.DecodeString(fields[4])
	if err != nil || len(seed) != 1+ed25519.SeedSize || seed[0] != algEd25519 {
		return nil, errPrivate
	}
	defer clear(seed)
	priv := ed25519.NewKeyFromSeed(seed[1:])
	p, err := newPublic(fields[2], priv.Public().(ed25519.PublicKey))
	if err != nil || p.ID() != fields[3] {
		return nil, errPrivate
	}
	return &Signer{Public: p, person: p.name, secret: &secret{key: priv}}, nil
}

// String names the key: "a-examiner+1234abcd".
func (s Signer) String() string { return s.name + "+" + s.ID() }

// Format prints String whatever the verb, so that no verb reaches the secret.
func (s Signer) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// Format keeps the private bytes out of every print.
func (*secret) Format(f fmt.State, _ rune) { io.WriteString(f, "(secret)") }

var _ note.Signer = (*Signer)(nil)
