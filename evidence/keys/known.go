package keys

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hozen-dfir/hozen/evidence/input"
	"golang.org/x/mod/sumdb/note"
)

// Known is the set of signing keys that somebody vouches for. The nil set
// knows none. It is a note.Verifiers.
type Known struct {
	list []Voucher
}

// Voucher is one known key, and what is said of its owner where anything is.
type Voucher struct {
	Public
	Person string // "" where only the verifier key was given
	Role   Role   // "" likewise
}

const maxKnown = 10000

// LoadKnown reads keys: each argument is a verifier key, a file of them (one a
// line, '#' begins a comment), or a folder made by `keys new` or `keys export`.
func LoadKnown(args []string) (*Known, error) {
	k := &Known{}
	for _, arg := range args {
		if err := k.load(arg); err != nil {
			return nil, fmt.Errorf("known keys: %w", err)
		}
	}
	return k, nil
}

func (k *Known) load(arg string) error {
	if p, err := ParseVKey(arg); err == nil {
		return k.Add(Voucher{Public: p})
	} else if strings.HasPrefix(arg, "PRIVATE+KEY+") {
		return err
	}
	st, err := os.Stat(arg)
	if err != nil {
		return fmt.Errorf("%.200q is neither a verifier key nor a file that can be read: %w", hideSecret(arg), bare(err))
	}
	if st.IsDir() {
		return k.folder(arg)
	}
	b, err := input.Small(arg, maxKeyFile)
	if err != nil {
		return err
	}
	return k.lines(arg, string(b))
}

// folder takes the key that key.json describes; sign.pub must be the same.
func (k *Known) folder(dir string) error {
	f, err := ReadFacts(dir)
	if errors.Is(err, os.ErrNotExist) {
		name := filepath.Join(dir, signPubFile)
		b, err := input.Small(name, maxKeyFile)
		if err != nil {
			return err
		}
		return k.lines(name, string(b))
	}
	if err != nil {
		return err
	}
	if b, err := input.Small(filepath.Join(dir, signPubFile), maxKeyFile); err == nil && strings.TrimSpace(string(b)) != f.VKey {
		return fmt.Errorf("%s: %s and %s are of different keys", dir, signPubFile, factsFile)
	}
	p, err := ParseVKey(f.VKey)
	if err != nil {
		return err
	}
	return k.Add(Voucher{p, f.Person, f.Role})
}

func (k *Known) lines(name, text string) error {
	found := 0
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if strings.HasPrefix(line, "PRIVATE+KEY+") || strings.HasPrefix(line, "-----BEGIN") {
			return fmt.Errorf("%s holds a private key; a verifier key is wanted (%s)", name, signPubFile)
		}
		p, err := ParseVKey(line)
		if err != nil {
			return fmt.Errorf("%s, line %d: not a verifier key (name+hash+base64)", name, n+1)
		}
		if err := k.Add(Voucher{Public: p}); err != nil {
			return err
		}
		found++
	}
	if found == 0 {
		return fmt.Errorf("%s holds no verifier key", name)
	}
	return nil
}

// Add vouches for one more key. What is known of its owner is kept.
func (k *Known) Add(v Voucher) error {
	for i, old := range k.list {
		if old.VKey() == v.VKey() {
			if old.Person == "" {
				k.list[i] = v
			}
			return nil
		}
	}
	if len(k.list) == maxKnown {
		return fmt.Errorf("more than %d keys", maxKnown)
	}
	k.list = append(k.list, v)
	return nil
}

// Len is the number of keys.
func (k *Known) Len() int {
	if k == nil {
		return 0
	}
	return len(k.list)
}

// Lookup finds a key by its whole verifier key, the only form that can't be
// forged. It is what decides whether a signer is known.
func (k *Known) Lookup(vkey string) (Voucher, bool) {
	for i := range k.Len() {
		if k.list[i].VKey() == vkey {
			return k.list[i], true
		}
	}
	return Voucher{}, false
}

// Verifier finds a key by the name and hash of a signature line. Where two
// known keys share them it is an error: one of them is forged.
func (k *Known) Verifier(name string, hash uint32) (note.Verifier, error) {
	var found *Voucher
	for i := range k.Len() {
		if v := &k.list[i]; v.Name() == name && v.KeyHash() == hash {
			if found != nil {
				return nil, fmt.Errorf("two known keys share the id %s+%08x", name, hash)
			}
			found = v
		}
	}
	if found == nil {
		return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
	}
	return found.Public, nil
}

var _ note.Verifiers = (*Known)(nil)
