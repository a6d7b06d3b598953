package keys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/hozen-dfir/hozen/evidence/input"
)

// Passphrase is asked for what opens a private file. It is called with the
// file's name, and once more where what it gave does not fit: it may have been
// that of another file. A nil Passphrase has none.
type Passphrase func(file string) (string, error)

// Errors of opening private files.
var (
	ErrPassphrase     = errors.New("wrong passphrase")
	ErrNeedPassphrase = errors.New("this key is encrypted: a passphrase is needed")
	ErrPublicOnly     = errors.New("it holds only the public part of a key")
)

// Bounds on private files. maxWork is log2 of the scrypt cost that a file may
// demand: 2^20 takes 1 GiB for a few seconds; age's own default is 2^18.
const (
	maxPrivate = 64 << 10
	maxWork    = 20
)

// LoadSigner reads a signing key from a folder made by Create or from its
// sign.key file. Person and role come from key.json beside it; a key file that
// stands alone has its name for a person and no role.
func LoadSigner(path string, ask Passphrase) (*Signer, error) {
	name, dir := path, filepath.Dir(path)
	if isDir(path) {
		name, dir = filepath.Join(path, signKeyFile), path
	}
	if err := notSecret(path); err != nil {
		return nil, fmt.Errorf("loading a signing key: %w", err)
	}
	text, err := readPrivate(name, ask)
	if err != nil {
		return nil, fmt.Errorf("loading a signing key: %w", publicOnly(path, err))
	}
	defer clear(text)
	s, err := parsePrivate(text)
	if err != nil {
		return nil, fmt.Errorf("loading a signing key: %s: %w", name, err)
	}
	f, err := ReadFacts(dir)
	switch {
	case err == nil && f.VKey == s.VKey():
		s.person, s.role = f.Person, f.Role
	case errors.Is(err, os.ErrNotExist):
	case isDir(path) && err != nil:
		return nil, err
	case isDir(path):
		return nil, fmt.Errorf("%s: %s and %s are of different keys", path, signKeyFile, factsFile)
	}
	return s, nil
}

// LoadIdentities reads age identities from a folder made by Create or from a
// file of them, encrypted or not. Each is an *Identity.
func LoadIdentities(path string, ask Passphrase) ([]age.Identity, error) {
	name := path
	if isDir(path) {
		name = filepath.Join(path, identityAge)
		if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
			name = filepath.Join(path, identityTxt)
		}
	}
	if err := notSecret(path); err != nil {
		return nil, fmt.Errorf("loading an identity: %w", err)
	}
	text, err := readPrivate(name, ask)
	if err != nil {
		return nil, fmt.Errorf("loading an identity: %w", publicOnly(path, err))
	}
	defer clear(text)
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("AGE-PLUGIN-")) {
		return nil, fmt.Errorf("loading an identity: %s: age plugin identities are not supported", name)
	}
	ids, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("loading an identity: %s: not a file of age identities (AGE-SECRET-KEY-…)", name)
	}
	for i, id := range ids {
		if ids[i], err = wrapIdentity(id); err != nil {
			return nil, fmt.Errorf("loading an identity: %s: %w", name, err)
		}
	}
	return ids, nil
}

// publicOnly tells a folder made to be given away from one that is no key
// folder at all, where a private file was not found.
func publicOnly(dir string, err error) error {
	if !errors.Is(err, os.ErrNotExist) || !isDir(dir) {
		return err
	}
	for _, name := range []string{factsFile, signPubFile, recipientFile} {
		if _, serr := os.Lstat(filepath.Join(dir, name)); serr == nil {
			return fmt.Errorf("%s: %w", dir, ErrPublicOnly)
		}
	}
	return err
}

// notSecret refuses a path that is a private key itself, before any error can
// repeat it.
func notSecret(path string) error {
	if hideSecret(path) != path {
		return errors.New("a private key was given where its file is wanted. A secret on a command line is no longer one: make a new key")
	}
	return nil
}

func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

// readPrivate reads a private file, opening it with a passphrase where it is
// an age file (armored or not).
func readPrivate(name string, ask Passphrase) ([]byte, error) {
	b, err := input.Small(name, maxPrivate)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(b, []byte("age-encryption.org/v1\n")) && !bytes.HasPrefix(b, []byte(armor.Header)) {
		return b, nil
	}
	if ask == nil {
		return nil, fmt.Errorf("%s: %w", name, ErrNeedPassphrase)
	}
	pass, err := ask(name)
	if err != nil {
		return nil, err
	}
	text, err := unlock(b, pass)
	if errors.Is(err, ErrPassphrase) {
		again, aerr := ask(name)
		if errors.Is(aerr, context.Canceled) {
			return nil, aerr
		}
		if aerr == nil && again != pass {
			text, err = unlock(b, again)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return text, nil
}

func unlock(b []byte, pass string) ([]byte, error) {
	var in io.Reader = bytes.NewReader(b)
	if bytes.HasPrefix(b, []byte(armor.Header)) {
		in = armor.NewReader(in)
	}
	id, err := age.NewScryptIdentity(pass)
	if err != nil {
		return nil, ErrNeedPassphrase // empty
	}
	id.SetMaxWorkFactor(maxWork)
	out, err := age.Decrypt(in, id)
	switch {
	case err != nil && strings.Contains(err.Error(), "work factor too large"):
		return nil, fmt.Errorf("its passphrase demands more work than 2^%d: refused", maxWork)
	case err != nil && strings.Contains(err.Error(), "incorrect passphrase"):
		return nil, ErrPassphrase
	case err != nil:
		return nil, errors.New("not an age file that a passphrase opens")
	}
	text, err := io.ReadAll(io.LimitReader(out, maxPrivate))
	if err != nil {
		return nil, errors.New("age file is damaged")
	}
	return text, nil
}

// lock encrypts a private file with a passphrase, as `age -p -a` does.
func lock(secret []byte, o Options) ([]byte, error) {
	r, err := age.NewScryptRecipient(o.Passphrase)
	if err != nil {
		return nil, err
	}
	if o.WorkFactor != 0 {
		r.SetWorkFactor(min(max(o.WorkFactor, 1), maxWork))
	}
	var out bytes.Buffer
	a := armor.NewWriter(&out)
	w, err := age.Encrypt(a, r)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(secret); err != nil {
		return nil, err
	}
	if err := errors.Join(w.Close(), a.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
