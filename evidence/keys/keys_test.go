package keys

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
)

const testWork = 10 // log2 of scrypt's cost in tests

var testTime = time.Date(2026, 1, 17, 9, 30, 0, 0, time.UTC)

func create(t *testing.T, o Options) (string, Facts) {
	t.Helper()
	if o.Person == "" {
		o.Person = "A. Examiner"
	}
	if o.Role == "" {
		o.Role = Examiner
	}
	o.Created, o.WorkFactor = testTime, testWork
	dir := filepath.Join(t.TempDir(), "keys")
	f, err := Create(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return dir, f
}

func say(pass string) Passphrase { return func(string) (string, error) { return pass, nil } }

func TestCreateAndLoad(t *testing.T) {
	for _, o := range []Options{{}, {Classic: true}, {Passphrase: "correct horse"}, {Classic: true, Passphrase: "x"}} {
		t.Run(fmt.Sprintf("classic=%v pass=%v", o.Classic, o.Passphrase != ""), func(t *testing.T) {
			dir, f := create(t, o)
			s, err := LoadSigner(dir, say(o.Passphrase))
			if err != nil {
				t.Fatal(err)
			}
			if s.VKey() != f.VKey || s.Person() != "A. Examiner" || s.Role() != Examiner || s.Name() != "a-examiner" {
				t.Fatalf("loaded %v, %q, %q", s, s.Person(), s.Role())
			}
			checkSigns(t, s)
			checkOpens(t, dir, o.Passphrase)
			read, err := ReadFacts(dir)
			if err != nil || !cmp.Equal(read, f) {
				t.Fatal(err, cmp.Diff(read, f))
			}
		})
	}
}

// checkSigns has x/mod's own verifier check a note.
func checkSigns(t *testing.T, s *Signer) {
	t.Helper()
	msg, err := note.Sign(&note.Note{Text: "text\n"}, s)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(s.VKey())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(msg, note.VerifierList(v)); err != nil {
		t.Fatal(err)
	}
	k := &Known{}
	if err := k.Add(Voucher{Public: s.Public}); err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(msg, k); err != nil {
		t.Fatal(err)
	}
	msg[0] ^= 1
	if _, err := note.Open(msg, k); err == nil {
		t.Fatal("a changed note opens")
	}
}

func checkOpens(t *testing.T, dir, pass string) {
	t.Helper()
	rs, err := ParseRecipients([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, rs.Age...)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "evidence")
	w.Close()
	ids, err := LoadIdentities(dir, say(pass))
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(&b, ids...)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != "evidence" {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestModesAndNoOverwrite(t *testing.T) {
	dir, _ := create(t, Options{Passphrase: "x"})
	before := tree(t, dir)
	_, err := Create(dir, Options{Person: "B", Role: Legal, Created: testTime})
	if err == nil || !strings.Contains(err.Error(), "never overwritten") {
		t.Fatalf("a second Create says %v", err)
	}
	if _, err := Export(dir, dir); err == nil {
		t.Fatal("Export onto its own folder")
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Fatal(diff)
	}
	if runtime.GOOS == "windows" {
		return
	}
	st, _ := os.Stat(dir)
	if st.Mode().Perm() != 0o700 {
		t.Errorf("folder is %v", st.Mode())
	}
	for name := range before {
		if st, _ := os.Stat(filepath.Join(dir, name)); st.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v", name, st.Mode())
		}
	}
}

func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	es, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for _, e := range es {
		b, _ := os.ReadFile(filepath.Join(dir, e.Name()))
		m[e.Name()] = string(b)
	}
	return m
}

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

// The age command opens what this package writes: an independent reader.
func TestAgeCommand(t *testing.T) {
	bin, err := exec.LookPath("age")
	if err != nil {
		t.Skip("age is not installed")
	}
	dir, f := create(t, Options{Classic: true})
	out := filepath.Join(t.TempDir(), "x.age")
	cmd := exec.Command(bin, "-r", f.Recipient, "-o", out)
	cmd.Stdin = strings.NewReader("hello")
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s", b)
	}
	b, err := exec.Command(bin, "-d", "-i", filepath.Join(dir, identityTxt), out).Output()
	if err != nil || string(b) != "hello" {
		t.Fatalf("%q, %v", b, err)
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

// Where the disk fills up while keys are made, nothing is left: neither half of
// a secret, nor a recipient that nobody could decrypt for.
func TestHalfFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	if err := writeAll(dir, []file{{identityTxt, []byte("secret")}, {recipientFile, []byte("public")}, {"\x00", nil}}); err == nil {
		t.Fatal("a name with a zero byte was written")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
	s, err := NewSigner("A", Examiner)
	if err != nil {
		t.Fatal(err)
	}
	id, err := NewIdentity(Classic)
	if err != nil {
		t.Fatal(err)
	}
	if f := publicFiles(factsOf(s, id, Options{})); f[len(f)-1].name != factsFile {
		t.Errorf("%s is written last", f[len(f)-1].name)
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

// A passphrase that does not fit is asked for once more, and no oftener.
func TestAskedAgain(t *testing.T) {
	dir, _ := create(t, Options{Passphrase: "right"})
	for said, want := range map[string]error{"right": nil, "wrong right": nil, "wrong wrong right": ErrPassphrase, "wrong other right": ErrPassphrase} {
		words := strings.Fields(said)
		ask := func(string) (string, error) { w := words[0]; words = words[1:]; return w, nil }
		if _, err := LoadIdentities(dir, ask); !errors.Is(err, want) {
			t.Errorf("%s: %v", said, err)
		}
	}
	canceled := func() Passphrase {
		n := 0
		return func(string) (string, error) {
			if n++; n > 1 {
				return "", context.Canceled
			}
			return "wrong", nil
		}
	}
	if _, err := LoadSigner(dir, canceled()); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}
