package keys

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// With a passphrase no file holds a private key in the clear.
func TestEncryptedOnDisk(t *testing.T) {
	dir, _ := create(t, Options{Passphrase: "correct horse"})
	for name, text := range tree(t, dir) {
		if strings.Contains(text, "PRIVATE+KEY") || strings.Contains(text, "SECRET-KEY") || strings.Contains(text, "correct horse") {
			t.Errorf("%s holds a secret", name)
		}
	}
	for _, load := range []func(Passphrase) error{
		func(p Passphrase) error { _, err := LoadSigner(dir, p); return err },
		func(p Passphrase) error { _, err := LoadIdentities(dir, p); return err },
	} {
		if err := load(say("wrong")); !errors.Is(err, ErrPassphrase) {
			t.Errorf("wrong passphrase: %v", err)
		}
		if err := load(nil); !errors.Is(err, ErrNeedPassphrase) {
			t.Errorf("no passphrase: %v", err)
		}
		if err := load(say("")); !errors.Is(err, ErrNeedPassphrase) {
			t.Errorf("empty passphrase: %v", err)
		}
	}
}

// A file that demands absurd work is refused at once.
func TestWorkBound(t *testing.T) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "age-encryption.org/v1\n-> scrypt bBjlhJVYZeE4aqUdmtRHfw 29\n%s\n--- %s\n",
		"ZV/AhotwSGqaPCU43cepl4WYUouAa17a3xpu4G2yi5k", "fgMiVLJHMlg9fW7CVG/hPS5EAU4Zeg19LyCP7SoH5nA")
	name := filepath.Join(t.TempDir(), "sign.key")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err := LoadSigner(name, say("x"))
	if err == nil || !strings.Contains(err.Error(), "more work") || time.Since(start) > time.Minute {
		t.Fatalf("%v after %v", err, time.Since(start))
	}
}

func TestDestroy(t *testing.T) {
	s, err := NewEphemeral("20260117t093000z-web01-5f0c9a2e")
	if err != nil {
		t.Fatal(err)
	}
	bytesOf := s.secret.key
	if !s.Ephemeral() || s.Role() != Collector || s.Name() != "collector-20260117t093000z-web01-5f0c9a2e" {
		t.Fatalf("%v", s)
	}
	if _, err := s.Sign([]byte("x")); err != nil {
		t.Fatal(err)
	}
	s.Destroy()
	if !bytes.Equal(bytesOf, make([]byte, len(bytesOf))) {
		t.Error("private bytes are still there")
	}
	if _, err := s.Sign([]byte("x")); !errors.Is(err, ErrDestroyed) {
		t.Errorf("signs after Destroy: %v", err)
	}
	if _, err := s.encode(); !errors.Is(err, ErrDestroyed) {
		t.Errorf("encodes after Destroy: %v", err)
	}
	s.Destroy() // twice is harmless
}

// No verb, logger or copy prints a secret.
func TestNothingSecretPrinted(t *testing.T) {
	s, err := NewSigner("A. Examiner", Examiner)
	if err != nil {
		t.Fatal(err)
	}
	id, err := NewIdentity(Classic)
	if err != nil {
		t.Fatal(err)
	}
	hid, err := NewIdentity(Hybrid)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := s.encode()
	secrets := []string{
		strings.TrimSpace(string(key)), fmt.Sprintf("%x", s.secret.key.Seed()), fmt.Sprint([]byte(s.secret.key.Seed()))[1:40],
		strings.TrimSpace(string(id.encode())), strings.TrimSpace(string(hid.encode()))[:60],
	}
	var out bytes.Buffer
	for _, v := range []any{s, *s, id, *id, hid, *hid, []any{s, id}, struct{ S *Signer }{s}, struct{ S Signer }{*s}, struct{ I Identity }{*id}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
	}
	for n, secret := range secrets {
		if strings.Contains(strings.ToLower(out.String()), strings.ToLower(secret)) {
			t.Errorf("secret %d was printed", n)
		}
	}
}

// An error never repeats a secret that stands in the wrong place.
func TestErrorsHoldNoSecret(t *testing.T) {
	s, _ := NewSigner("A", Examiner)
	key, _ := s.encode()
	private := strings.TrimSpace(string(key))
	id, _ := NewIdentity(Classic)
	secret := strings.TrimSpace(string(id.encode()))
	dir := t.TempDir()
	file := filepath.Join(dir, "f")
	os.WriteFile(file, []byte(private+"\n"+secret+"\n"), 0o600)
	swapped := filepath.Join(dir, "swapped")
	os.WriteFile(swapped, []byte(secret+"\nrubbish "+private), 0o600)
	var errs []error
	for _, arg := range []string{private, secret, file, swapped, private[:len(private)-3], "x" + secret} {
		_, e1 := LoadKnown([]string{arg})
		_, e2 := ParseRecipients([]string{arg})
		_, e3 := ParseVKey(arg)
		_, e4 := LoadSigner(arg, nil)
		_, e5 := LoadIdentities(arg, nil)
		errs = append(errs, e1, e2, e3, e4, e5)
	}
	for _, err := range errs {
		if err == nil {
			continue
		}
		if up := err.Error(); strings.Contains(up, private[30:]) || strings.Contains(up, secret[20:60]) {
			t.Errorf("an error holds a secret: %.60s…", up)
		}
	}
}

// A private key where a folder is wanted is not repeated.
func TestSecretForFolder(t *testing.T) {
	for _, secret := range []string{"AGE-SECRET-KEY-1HUSH", "PRIVATE+KEY+a+00000000+HUSH"} {
		_, err := ReadFacts(secret)
		_, err2 := Export(secret, t.TempDir())
		for _, err := range []error{err, err2} {
			if err == nil || strings.Contains(err.Error(), "HUSH") {
				t.Errorf("%v", err)
			}
		}
	}
}
