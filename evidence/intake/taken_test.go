package intake

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/custody"
	"github.com/hozen-dfir/hozen/evidence/seal"
)

// half is a copy of a bundle without its end leaf.
func half(t *testing.T, place string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "half")
	check(t, os.CopyFS(to, os.DirFS(place)))
	end := opened(t, place).LastFile
	check(t, os.Remove(filepath.Join(to, end)))
	check(t, os.Remove(filepath.Join(to, end[:len(end)-len("checkpoint")]+"json")))
	return to
}

// Whoever puts a bundle of their own in the place of one that was taken in, and
// seals it under its id, has it told from that: it does not come out of the
// store, nor into the record.
func TestAnotherUnderItsID(t *testing.T) {
	place, signer := made(t), examiner(t)
	id := opened(t, place).Header.Bundle
	for name, forged := range map[string]string{
		"fewer leaves":   madeBy(t, id, seal.Header{}),
		"as many leaves": madeWith(t, id, seal.Header{Note: "another"}),
	} {
		st, where := vault(t)
		_, err := Put(t.Context(), Request{Store: st, Bundle: opened(t, place), Signer: signer, Now: time.Now})
		check(t, err)
		inStore := filepath.Join(where, Prefix("IR-1", id))
		put := func() error {
			_, err := Put(t.Context(), Request{Store: st, Bundle: opened(t, forged), Signer: signer, Now: time.Now})
			return err
		}
		check(t, os.RemoveAll(inStore))
		if err := put(); !errors.Is(err, ErrOther) || !errors.Is(err, bundle.ErrVerify) {
			t.Errorf("%s, put where the first is gone: %v", name, err)
		}
		if _, err := os.Stat(inStore); err == nil {
			t.Errorf("%s: something was stored", name)
		}
		check(t, os.CopyFS(inStore, os.DirFS(forged)))
		if err := put(); !errors.Is(err, ErrOther) {
			t.Errorf("%s, put where it lies already: %v", name, err)
		}
		b, err := Open(t.Context(), st, "IR-1", id)
		check(t, err)
		if err := TakenIn(t.Context(), st, b); !errors.Is(err, ErrOther) {
			t.Errorf("%s: %v", name, err)
		}
		if got := events(t, st); len(got) != 4 {
			t.Errorf("%s: the log has %v", name, got)
		}
	}
}

// A bundle that was taken in before its collection ended may come again whole;
// its beginning may come again where the store has the whole, and only there.
func TestGrownAndBeginning(t *testing.T) {
	place, signer := made(t), examiner(t)
	id := opened(t, place).Header.Bundle
	st, _ := vault(t)
	put := func(place string) error {
		_, err := Put(t.Context(), Request{Store: st, Bundle: opened(t, place), Signer: signer, Now: time.Now})
		return err
	}
	check(t, put(half(t, place)))
	if err := TakenIn(t.Context(), st, opened(t, place)); !errors.Is(err, ErrNotIn) || errors.Is(err, bundle.ErrVerify) {
		t.Errorf("the whole, of which the log has the beginning: %v", err)
	}
	check(t, put(place))
	check(t, TakenIn(t.Context(), st, opened(t, place)))

	st, _ = vault(t)
	check(t, put(place))
	if err := TakenIn(t.Context(), st, opened(t, half(t, place))); !errors.Is(err, ErrOther) {
		t.Errorf("what was cut at its end: %v", err)
	}
	check(t, put(half(t, place)))
	st, where := vault(t)
	check(t, put(place))
	check(t, os.RemoveAll(filepath.Join(where, Prefix("IR-1", id))))
	if err := put(half(t, place)); !errors.Is(err, ErrOther) {
		t.Errorf("the beginning of what is gone: %v", err)
	}
	check(t, put(place)) // the same again restores it
}

// Who asks for one bundle does not get another that lies in its place.
func TestOpenAnother(t *testing.T) {
	st, where := vault(t)
	for caseID, id := range map[string]string{"IR-1": "b2", "IR-2": "b1"} {
		check(t, os.CopyFS(filepath.Join(where, Prefix(caseID, id)), os.DirFS(madeBy(t, "b1", seal.Header{}))))
		if _, err := Open(t.Context(), st, caseID, id); !errors.Is(err, ErrOther) {
			t.Errorf("%s of %s: %v", id, caseID, err)
		}
	}
	check(t, os.CopyFS(filepath.Join(where, Prefix("IR-1", "b1")), os.DirFS(madeBy(t, "b1", seal.Header{}))))
	b, err := Open(t.Context(), st, "IR-1", "b1")
	check(t, err)
	check(t, b.Close())
	if err := TakenIn(t.Context(), st, b); !errors.Is(err, ErrNotIn) || errors.Is(err, custody.ErrDamaged) {
		t.Errorf("nobody took it in: %v", err)
	}
}
