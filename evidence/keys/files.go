package keys

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/durable"
	"github.com/hozen-dfir/hozen/evidence/input"
)

// Names of the files of a key folder.
const (
	factsFile     = "key.json"
	signPubFile   = "sign.pub"
	signKeyFile   = "sign.key"
	recipientFile = "recipient.txt"
	identityAge   = "identity.age"
	identityTxt   = "identity.txt"
)

// FactsFormat names the format of key.json.
const FactsFormat = "hozen-key/1"

// Facts is key.json: what may be told to anyone. It is not signed; whoever
// takes a folder from somebody takes their word for it.
type Facts struct {
	Format      string        `json:"format"`
	Name        string        `json:"name"`   // of the signing key
	Person      string        `json:"person"` // display name
	Role        Role          `json:"role"`
	Created     evidence.Time `json:"created"`
	ID          string        `json:"id"`
	VKey        string        `json:"vkey"`
	Fingerprint string        `json:"fingerprint"`
	Recipient   string        `json:"recipient"`
	RecipientID string        `json:"recipient_id"`
	Kind        Kind          `json:"recipient_kind"`
	Encrypted   bool          `json:"encrypted"` // private files need a passphrase
}

// Options says what Create makes.
type Options struct {
	Person     string
	Role       Role
	Classic    bool   // an X25519 identity, which older age tools open
	Passphrase string // "" leaves the private files unencrypted
	Created    time.Time
	// WorkFactor is log2 of scrypt's cost; 0 is age's own, about a second.
	WorkFactor int
}

// Create makes a signing key and an identity in the folder dir, which must not
// hold keys yet: no file is ever overwritten. The folder is 0700, each file 0600.
func Create(dir string, o Options) (Facts, error) {
	s, err := NewSigner(o.Person, o.Role)
	if err != nil {
		return Facts{}, err
	}
	defer s.Destroy()
	kind := Hybrid
	if o.Classic {
		kind = Classic
	}
	id, err := NewIdentity(kind)
	if err != nil {
		return Facts{}, err
	}
	f := factsOf(s, id, o)
	if err := writeFolder(dir, s, id, f, o); err != nil {
		return Facts{}, fmt.Errorf("making keys in %s: %w", dir, err)
	}
	return f, nil
}

func factsOf(s *Signer, id *Identity, o Options) Facts {
	return Facts{
		Format: FactsFormat, Name: s.Name(), Person: s.Person(), Role: s.Role(), Created: evidence.At(o.Created),
		ID: s.ID(), VKey: s.VKey(), Fingerprint: s.Fingerprint(),
		Recipient: id.Recipient(), RecipientID: id.ID(), Kind: id.Kind(), Encrypted: o.Passphrase != "",
	}
}

type file struct {
	name string
	data []byte
}

func writeFolder(dir string, s *Signer, id *Identity, f Facts, o Options) error {
	if err := free(dir); err != nil {
		return err
	}
	key, err := s.encode()
	if err != nil {
		return err
	}
	ident, identName := id.encode(), identityTxt
	defer clear(key)
	defer clear(ident)
	if o.Passphrase != "" {
		identName = identityAge
		if key, err = lock(key, o); err != nil {
			return err
		}
		if ident, err = lock(ident, o); err != nil {
			return err
		}
	}
	return writeAll(dir, append([]file{{identName, ident}, {signKeyFile, key}}, publicFiles(f)...))
}

// publicFiles makes the part of a folder that may be given away. It is written
// after the private part: nobody must encrypt to a key that was never kept. And
// key.json, which makes a key folder of a folder, is written last.
func publicFiles(f Facts) []file {
	b, _ := json.MarshalIndent(f, "", "  ") // can't fail: strings and a bool
	return []file{
		{signPubFile, []byte(f.VKey + "\n")},
		{recipientFile, []byte(f.Recipient + "\n")},
		{factsFile, append(b, '\n')},
	}
}

// free refuses a folder that holds a key file already, before any is written.
func free(dir string) error {
	for _, name := range []string{factsFile, signPubFile, signKeyFile, recipientFile, identityAge, identityTxt} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("%s: %w; keys are never overwritten", filepath.Join(dir, name), os.ErrExist)
		} else if !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// writeAll writes files that are not there yet, or leaves none of them.
func writeAll(dir string, files []file) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for i, f := range files {
		if err := durable.WriteNew(root, f.name, 0o600, func(w io.Writer) error {
			_, err := w.Write(f.data)
			return err
		}); err != nil {
			for _, made := range files[:i] {
				_ = root.Remove(made.name)
			}
			return err
		}
	}
	return nil
}

// ReadFacts reads key.json of a folder and checks it against itself.
func ReadFacts(dir string) (Facts, error) {
	var f Facts
	if err := notSecret(dir); err != nil {
		return f, fmt.Errorf("reading a key folder: %w", err)
	}
	name := filepath.Join(dir, factsFile)
	b, err := input.Small(name, maxKeyFile)
	if err != nil {
		return f, fmt.Errorf("reading a key folder: %w", err)
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return f, fmt.Errorf("%s: %w", name, err)
	}
	if f.Format != FactsFormat {
		return f, fmt.Errorf("%s: format %q; this version reads %s", name, f.Format, FactsFormat)
	}
	if err := f.check(); err != nil {
		return f, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

func (f Facts) check() error {
	p, err := ParseVKey(f.VKey)
	if err != nil {
		return err
	}
	if _, err := ParseRole(string(f.Role)); err != nil {
		return err
	}
	if err := ValidPerson(f.Person); err != nil {
		return err
	}
	if p.Name() != f.Name || p.ID() != f.ID || p.Fingerprint() != f.Fingerprint {
		return errors.New("name, id or fingerprint does not belong to the verifier key")
	}
	rs := &Recipients{}
	if err := rs.line(f.Recipient); err != nil {
		return err
	}
	if rs.IDs[0] != f.RecipientID || rs.Kind != f.Kind {
		return errors.New("id or kind of the recipient does not belong to it")
	}
	return nil
}

// Export copies the public part of a key folder to a new folder, for giving
// away: key.json, sign.pub and recipient.txt.
func Export(dir, out string) (Facts, error) {
	f, err := ReadFacts(dir)
	if err != nil {
		return f, err
	}
	if err := free(out); err != nil {
		return f, err
	}
	return f, writeAll(out, publicFiles(f))
}
