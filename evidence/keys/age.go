package keys

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// Kind says which age keys are meant.
type Kind string

// The two kinds. Files for hybrid recipients withstand a quantum computer;
// those for classic ones are opened by every age tool. They do not mix: a file
// is as strong as its weakest recipient.
const (
	Hybrid  Kind = "mlkem768x25519"
	Classic Kind = "x25519"
)

// ErrMixed says that hybrid and classic recipients were given together.
var ErrMixed = errors.New("hybrid (age1pq1…) and classic (age1…) recipients can't be mixed: " +
	"a bundle would be only as strong as its classic part")

// Identity opens what was encrypted to its recipient. It is an age.Identity
// and prints as its recipient's id only.
type Identity struct {
	secret    age.Identity
	recipient string
	kind      Kind
}

// NewIdentity makes an age key.
func NewIdentity(kind Kind) (*Identity, error) {
	switch kind {
	case Hybrid:
		id, err := age.GenerateHybridIdentity()
		if err != nil {
			return nil, fmt.Errorf("making an age identity: %w", err)
		}
		return wrapIdentity(id)
	case Classic:
		id, err := age.GenerateX25519Identity()
		if err != nil {
			return nil, fmt.Errorf("making an age identity: %w", err)
		}
		return wrapIdentity(id)
	}
	return nil, fmt.Errorf("unknown kind of age key %q", kind)
}

func wrapIdentity(id age.Identity) (*Identity, error) {
	switch id := id.(type) {
	case *age.HybridIdentity:
		return &Identity{id, id.Recipient().String(), Hybrid}, nil
	case *age.X25519Identity:
		return &Identity{id, id.Recipient().String(), Classic}, nil
	}
	return nil, fmt.Errorf("unsupported kind of age identity %T", id)
}

// Unwrap implements age.Identity.
func (i *Identity) Unwrap(stanzas []*age.Stanza) ([]byte, error) { return i.secret.Unwrap(stanzas) }

// Recipient is the public half, age1… or age1pq1….
func (i *Identity) Recipient() string { return i.recipient }

// Kind says whether the key is hybrid.
func (i *Identity) Kind() Kind { return i.kind }

// ID is RecipientID of the public half.
func (i Identity) ID() string { return RecipientID(i.recipient) }

// String is ID.
func (i Identity) String() string { return i.ID() }

// Format prints ID whatever the verb.
func (i Identity) Format(f fmt.State, _ rune) { io.WriteString(f, i.ID()) }

// encode returns the private key as one line of an age identity file.
func (i *Identity) encode() []byte {
	switch id := i.secret.(type) {
	case *age.HybridIdentity:
		return []byte(id.String() + "\n")
	case *age.X25519Identity:
		return []byte(id.String() + "\n")
	}
	return nil
}

// RecipientID names a recipient in a bundle's header, where a hybrid one would
// take 2,000 characters: the first 16 hex digits of the SHA-256 of its text.
func RecipientID(recipient string) string {
	sum := sha256.Sum256([]byte(recipient))
	return "age:" + hex.EncodeToString(sum[:8])
}
