package keys

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

func TestVKeyGrammar(t *testing.T) {
	s, _ := NewSigner("A. Examiner", Examiner)
	good := s.VKey()
	if p, err := ParseVKey(good); err != nil || p.VKey() != good || p.Fingerprint() != s.Fingerprint() {
		t.Fatal(err)
	}
	_, foreign, _ := note.GenerateKey(rand.Reader, "a-examiner")
	if _, err := ParseVKey(foreign); err != nil {
		t.Errorf("a key made by x/mod: %v", err)
	}
	_, odd, _ := note.GenerateKey(rand.Reader, "Has/Slash")
	for _, bad := range []string{
		"", "a", "a+b", good + "\n", " " + good, good[:len(good)-1], good + "A", odd,
		strings.Replace(good, "a-examiner", "b-examiner", 1), strings.Replace(good, "+", "+0", 1),
		strings.ToUpper(good), "../x" + good, strings.Repeat("a", 300) + good,
	} {
		if _, err := ParseVKey(bad); err == nil {
			t.Errorf("%q is taken for a verifier key", bad)
		}
	}
	for i := range len(good) {
		bad := []byte(good)
		bad[i] ^= 1
		if p, err := ParseVKey(string(bad)); err == nil {
			t.Errorf("byte %d changed, and it reads as %s", i, p.VKey())
		}
	}
}

func TestNames(t *testing.T) {
	for person, want := range map[string]string{
		"A. Examiner": "a-examiner", "  x  y ": "x-y", "Ünïcode": "n-code", "証拠": "key", "a+b/c": "a-b-c", "UPPER.case": "upper-case",
	} {
		if got := NameFor(person); got != want || ValidName(got) != nil {
			t.Errorf("NameFor(%q) = %q, want %q", person, got, want)
		}
	}
	if got := NameFor(strings.Repeat("x", 500)); len(got) > 60 {
		t.Errorf("%d bytes", len(got))
	}
	for _, bad := range []string{"", "-a", "a-", ".a", "A", "a b", "a+b", "a/b", "ä", strings.Repeat("a", 101)} {
		if ValidName(bad) == nil {
			t.Errorf("name %q passes", bad)
		}
	}
	for _, bad := range []string{"", "  ", "a\nb", "a\x1bb", "\xff", strings.Repeat("x", 300)} {
		if _, err := NewSigner(bad, Examiner); err == nil {
			t.Errorf("person %q passes", bad)
		}
	}
	if _, err := NewSigner("A", "boss"); err == nil {
		t.Error("role boss passes")
	}
}

func TestExport(t *testing.T) {
	dir, f := create(t, Options{})
	out := filepath.Join(t.TempDir(), "pub")
	if _, err := Export(dir, out); err != nil {
		t.Fatal(err)
	}
	for name, text := range tree(t, out) {
		if strings.Contains(text, "SECRET") || strings.Contains(text, "PRIVATE") {
			t.Errorf("%s holds a secret", name)
		}
	}
	k, err := LoadKnown([]string{out})
	if err != nil {
		t.Fatal(err)
	}
	v, ok := k.Lookup(f.VKey)
	if !ok || v.Person != "A. Examiner" || v.Role != Examiner {
		t.Fatalf("%+v, %v", v, ok)
	}
	if rs, err := ParseRecipients([]string{out, f.Recipient}); err != nil || len(rs.Age) != 1 || rs.Text[0] != f.Recipient || rs.Kind != Hybrid {
		t.Fatal(rs, err)
	}
	if _, err := LoadSigner(out, nil); err == nil {
		t.Error("a signing key in an exported folder")
	}
}

func TestKnown(t *testing.T) {
	dir, f := create(t, Options{})
	other, _ := NewSigner("Other", Legal)
	list := filepath.Join(t.TempDir(), "list")
	os.WriteFile(list, []byte("# ours\n\n"+f.VKey+"\n"+other.VKey()+"\r\n"), 0o600)
	k, err := LoadKnown([]string{list, f.VKey, dir})
	if err != nil || k.Len() != 2 {
		t.Fatal(k.Len(), err)
	}
	if v, _ := k.Lookup(f.VKey); v.Person != "A. Examiner" {
		t.Error("the folder's facts were lost")
	}
	if _, ok := (*Known)(nil).Lookup(f.VKey); ok {
		t.Error("the nil set knows a key")
	}
	if _, err := (*Known)(nil).Verifier("a", 1); err == nil {
		t.Error("the nil set has a verifier")
	}
	// One name and hash, another key: the lookup by vkey must not be fooled.
	k.list = append(k.list, Voucher{Public: Public{other.name, other.hash, make([]byte, 32)}})
	if _, err := k.Verifier(other.Name(), other.KeyHash()); err == nil || strings.Contains(err.Error(), "unknown") {
		t.Errorf("two keys with one id: %v", err)
	}
}

func TestKnownRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		os.WriteFile(p, []byte(text), 0o600)
		return p
	}
	a, fa := create(t, Options{})
	_, fb := create(t, Options{})
	mixed := filepath.Join(dir, "mixed")
	os.Mkdir(mixed, 0o700)
	fj, _ := os.ReadFile(filepath.Join(a, factsFile))
	os.WriteFile(filepath.Join(mixed, factsFile), fj, 0o600)
	os.WriteFile(filepath.Join(mixed, signPubFile), []byte(fb.VKey+"\n"), 0o600)
	lied := filepath.Join(dir, "lied")
	os.Mkdir(lied, 0o700)
	os.WriteFile(filepath.Join(lied, factsFile), bytes.Replace(fj, []byte(fa.VKey), []byte(fb.VKey), 1), 0o600)
	for _, arg := range []string{
		"", "nothing", write("empty", ""), write("comment", "# x\n"), write("bad", fa.VKey+"\nrubbish\n"),
		filepath.Join(a, signKeyFile), mixed, lied, dir, write("big", strings.Repeat("#\n", 1<<20)),
	} {
		if k, err := LoadKnown([]string{arg}); err == nil {
			t.Errorf("%s: %d keys taken", arg, k.Len())
		}
	}
	// A folder whose private key belongs to another is refused for signing.
	sk, _ := os.ReadFile(filepath.Join(a, signKeyFile))
	b, _ := create(t, Options{})
	os.Remove(filepath.Join(b, signKeyFile))
	os.WriteFile(filepath.Join(b, signKeyFile), sk, 0o600)
	if _, err := LoadSigner(b, nil); err == nil {
		t.Error("a folder with another's private key signs")
	}
	if s, err := LoadSigner(filepath.Join(a, signKeyFile), nil); err != nil || s.Role() != Examiner {
		t.Errorf("a key file with its facts beside it: %v", err)
	}
}

func TestRecipients(t *testing.T) {
	c1, _ := NewIdentity(Classic)
	c2, _ := NewIdentity(Classic)
	h, _ := NewIdentity(Hybrid)
	list := filepath.Join(t.TempDir(), "list")
	os.WriteFile(list, []byte("# two\n"+c1.Recipient()+"\n"+c2.Recipient()+"\n"), 0o600)
	rs, err := ParseRecipients([]string{list, c1.Recipient()})
	if err != nil || len(rs.Age) != 2 || rs.Kind != Classic || rs.IDs[1] != c2.ID() {
		t.Fatal(rs, err)
	}
	if _, err := ParseRecipients([]string{list, h.Recipient()}); !errors.Is(err, ErrMixed) {
		t.Errorf("mixed: %v", err)
	}
	for arg, word := range map[string]string{
		"ssh-ed25519 AAAAC3Nz": "SSH", "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t": "plugin",
		"AGE-SECRET-KEY-1QQQ": "private", "AGE-PLUGIN-X-1": "private", "": "neither", "age1qqqq": "malformed",
		c1.Recipient()[:40]: "malformed", h.Recipient()[:99]: "malformed", t.TempDir(): "reading",
	} {
		if _, err := ParseRecipients([]string{arg}); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: %v, want a word of %q", arg, err, word)
		}
	}
	if _, err := ParseRecipients(nil); err == nil {
		t.Error("no recipient is none too few")
	}
}

// A folder whose files name two recipients is nobody's: one of them may be of
// whoever changed it.
func TestRecipientSwapped(t *testing.T) {
	_, other := create(t, Options{})
	dir, f := create(t, Options{})
	if rs, err := ParseRecipients([]string{dir}); err != nil || rs.IDs[0] != f.RecipientID {
		t.Fatal(rs, err)
	}
	facts, err := os.ReadFile(filepath.Join(dir, factsFile))
	if err != nil {
		t.Fatal(err)
	}
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{other.Recipient + "\n", f.Recipient + "\n" + other.Recipient + "\n", ""} {
		put(recipientFile, text)
		if _, err := ParseRecipients([]string{dir}); err == nil || !strings.Contains(err.Error(), "different keys") {
			t.Errorf("%q in %s: %v", text, recipientFile, err)
		}
	}
	put(recipientFile, f.Recipient)
	for old, swapped := range map[string]string{f.Recipient: other.Recipient, f.RecipientID: other.RecipientID, string(f.Kind): "x", f.Recipient[:9]: "x"} {
		put(factsFile, strings.Replace(string(facts), old, swapped, 1))
		if _, err := ReadFacts(dir); err == nil {
			t.Errorf("%.20s for %.20s: shown", swapped, old)
		}
		if _, err := ParseRecipients([]string{dir}); err == nil {
			t.Errorf("%.20s for %.20s: encrypted to", swapped, old)
		}
		if _, err := Export(dir, t.TempDir()); err == nil {
			t.Errorf("%.20s for %.20s: exported", swapped, old)
		}
	}
	if err := os.Remove(filepath.Join(dir, factsFile)); err != nil {
		t.Fatal(err)
	}
	if rs, err := ParseRecipients([]string{dir}); err != nil || rs.IDs[0] != f.RecipientID {
		t.Errorf("%s alone: %v, %v", recipientFile, rs, err)
	}
}

func FuzzParseVKey(f *testing.F) {
	s, _ := NewSigner("A", Examiner)
	f.Add(s.VKey())
	f.Add("a+00000000+AQ==")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseVKey(text)
		if err != nil {
			return
		}
		if v, err := note.NewVerifier(text); err != nil || v.Name() != p.Name() || v.KeyHash() != p.KeyHash() || p.VKey() != text {
			t.Fatalf("%q: x/mod reads it otherwise: %v", text, err)
		}
	})
}
