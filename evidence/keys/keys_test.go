package keys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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
