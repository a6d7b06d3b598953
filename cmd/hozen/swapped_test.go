package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/sink"
)

// sealed makes an empty bundle, which proves of itself all that one can.
func sealed(t *testing.T, place, id, note string) {
	t.Helper()
	out, err := sink.NewDir(place)
	if err != nil {
		t.Fatal(err)
	}
	s, err := keys.NewEphemeral(id)
	if err != nil {
		t.Fatal(err)
	}
	w, err := sink.New(t.Context(), out, sink.Options{NoEncryption: true, Signer: s, VKey: s.VKey(), Header: seal.Header{Case: "IR-1", Bundle: id, Note: note}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(t.Context(), seal.End{KeyFate: "destroyed"}); err != nil {
		t.Fatal(err)
	}
}

// Another bundle in the place of one that was taken in is not given out for it,
// whether it has its id or not: 4, no copy, and an entry that says so.
func TestSwappedInTheStore(t *testing.T) {
	t.Chdir(t.TempDir())
	expect := func(want cli.Code, words string, args ...string) string {
		t.Helper()
		code, out, errs := call(args...)
		if code != int(want) || !strings.Contains(out+errs, words) {
			t.Fatalf("%v: exit code %d, want %d with %q:\n%s%s", args, code, want, words, out, errs)
		}
		return out
	}
	expect(cli.OK, "", "keys", "new", "--name", "A. Examiner", "--role", "examiner", "--no-passphrase", "--out", "keys")
	sealed(t, "b1", "b1", "")
	sealed(t, "b2", "b2", "")
	sealed(t, "forged", "b1", "forged")
	for _, b := range []string{"b1", "b2"} {
		expect(cli.OK, "", "store", "put", b, "--store", "vault", "--key", "keys")
	}
	for _, swapped := range []string{"forged", "b2"} {
		place := filepath.Join("vault", "cases", "IR-1", "bundles", "b1")
		if err := os.RemoveAll(place); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(place, os.DirFS(swapped)); err != nil {
			t.Fatal(err)
		}
		get := []string{"store", "get", "b1", "--store", "vault", "--case", "IR-1", "--out", "copy"}
		expect(cli.VerifyFailed, "not the bundle that was taken in under this id", get...)
		expect(cli.VerifyFailed, "hint: somebody put another bundle in its place", append(get, "--key", "keys")...)
		if left, err := filepath.Glob("copy*"); err != nil || len(left) > 0 {
			t.Errorf("%s: left %v, %v", swapped, left, err)
		}
	}
	expect(cli.VerifyFailed, "custody: entry", "verify", "forged", "--store", "vault", "--sign-key", "keys")
	expect(cli.VerifyFailed, "not the bundle", "store", "put", "forged", "--store", "vault", "--key", "keys")
	log := expect(cli.OK, "", "custody", "show", "--store", "vault", "--case", "IR-1")
	if n := strings.Count(log, "problem: not the bundle that was taken in under this id"); n != 2 || strings.Count(log, "result: failed") != n {
		t.Errorf("%d entries say that another bundle was found, want that of get and that of verify:\n%s", n, log)
	}
	expect(cli.OK, "", "custody", "verify", "--store", "vault", "--case", "IR-1")

	// Where the log is damaged or gone there is nothing to hold it against; that is
	// said, and is a gap: else whoever swaps bundles had only to harm the log.
	custody := filepath.Join("vault", "cases", "IR-1", "custody")
	entry := filepath.Join(custody, "entries", "000000.note")
	if err := errors.Join(os.Chmod(entry, 0o600), os.WriteFile(entry, []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	expect(cli.Gaps, "warning: it could not be held against the custody log", "store", "get", "b2", "--store", "vault", "--case", "IR-1", "--out", "copy1")
	if err := os.RemoveAll(custody); err != nil {
		t.Fatal(err)
	}
	expect(cli.Gaps, "warning: it could not be held against the custody log", "store", "get", "b2", "--store", "vault", "--case", "IR-1", "--out", "copy2")
}
