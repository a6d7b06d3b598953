package intake

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/custody"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/sink"
	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/evidence/store/dir"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// content is an item's bytes.
type content struct{ *bytes.Reader }

func (content) Close() error            { return nil }
func (content) Finish() evidence.Finish { return evidence.Finish{} }

// made writes a bundle of a few items to a folder.
func made(t *testing.T) string { return madeWith(t, "", seal.Header{}) }

func madeWith(t *testing.T, id string, h seal.Header) string {
	t.Helper()
	place := filepath.Join(t.TempDir(), "b")
	out, err := sink.NewDir(place)
	check(t, err)
	s, err := keys.NewEphemeral("b")
	check(t, err)
	h.Bundle, h.Case, h.Examiner, h.Tool, h.Host = id, "IR-1", "A. Examiner", seal.Tool{Name: "test"}, map[string]string{"hostname": "web01"}
	w, err := sink.New(t.Context(), out, sink.Options{NoEncryption: true, Signer: s, VKey: s.VKey(), Header: h})
	check(t, err)
	for _, name := range []string{"/a", "/b"} {
		it := evidence.Item{Open: func(context.Context) (evidence.Content, error) { return content{bytes.NewReader([]byte(name))}, nil }}
		it.Record.Source, it.Record.Type = "live", evidence.TypeFile
		it.Record.SetPath(name)
		check(t, w.Add(t.Context(), it))
	}
	_, err = w.Close(t.Context(), seal.End{KeyFate: "destroyed"})
	check(t, err)
	return place
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func opened(t *testing.T, place string) *bundle.Bundle {
	t.Helper()
	o, err := bundle.DirObjects(place)
	check(t, err)
	b, err := bundle.Open(t.Context(), o)
	check(t, err)
	t.Cleanup(func() { b.Close() })
	return b
}

func examiner(t *testing.T) *keys.Signer {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "keys")
	_, err := keys.Create(folder, keys.Options{Person: "A. Examiner", Role: keys.Examiner, Created: time.Now()})
	check(t, err)
	s, err := keys.LoadSigner(folder, nil)
	check(t, err)
	return s
}

// failing is a store that stops taking anything after some puts.
type failing struct {
	store.Store
	left int
}

func (f *failing) Put(ctx context.Context, key string, body io.ReaderAt, size int64, sum string) (store.Info, error) {
	if f.left--; f.left < 0 {
		return store.Info{}, store.ErrUnavailable
	}
	return f.Store.Put(ctx, key, body, size, sum)
}

// report verifies the case's log.
func report(t *testing.T, st store.Store) *custody.Report {
	t.Helper()
	log, err := custody.Open(st, "IR-1", time.Now)
	check(t, err)
	r, err := log.Verify(t.Context(), custody.VerifyOptions{})
	check(t, err)
	return r
}

// A copy that is interrupted ends at the next object.
func TestGetInterrupted(t *testing.T) {
	out, err := sink.NewDir(filepath.Join(t.TempDir(), "copy"))
	check(t, err)
	defer out.Close()
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	err = Get(ctx, opened(t, made(t)), out, func(int64) { n++; cancel() })
	if !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("%v after %d objects", err, n)
	}
}

// Where the store holds other bytes under one of a bundle's names, that is no
// failure to store but evidence of tampering, unless nobody could look.
func TestPutOntoOthers(t *testing.T) {
	b := opened(t, made(t))
	where := t.TempDir()
	place := filepath.Join(where, filepath.FromSlash(Prefix("IR-1", b.Header.Bundle)))
	check(t, os.MkdirAll(place, 0o700))
	check(t, os.WriteFile(filepath.Join(place, "README.txt"), []byte("something else"), 0o600))
	st, err := dir.Open(where)
	check(t, err)
	r := Request{Store: st, Bundle: b, Signer: examiner(t), Now: time.Now}
	_, err = Put(t.Context(), r)
	if !errors.Is(err, bundle.ErrVerify) || !errors.Is(err, store.ErrExists) || !strings.Contains(err.Error(), where) {
		t.Error(err)
	}
	check(t, os.Remove(filepath.Join(place, "README.txt")))
	check(t, os.Mkdir(filepath.Join(place, "README.txt"), 0o700))
	if _, err = Put(t.Context(), r); errors.Is(err, bundle.ErrVerify) || err == nil {
		t.Error(err)
	}
}

// An intake may break off after any of its puts. What lies there then is never
// a bundle that looks whole and is not, and repeating the intake completes it:
// the bundle, one countersignature, each event once, and no gap in the log.
func TestPutBreaksOff(t *testing.T) {
	place, signer := made(t), examiner(t)
	for after := 0; ; after++ {
		st, err := dir.Create(filepath.Join(t.TempDir(), "vault"))
		check(t, err)
		f := &failing{st, after}
		b := opened(t, place)
		_, err = Put(t.Context(), Request{Store: f, Bundle: b, Signer: signer, Now: time.Now})
		done := err == nil
		if !done && !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("after %d puts: %v", after, err)
		}
		if !done {
			if half, err := Open(t.Context(), st, "IR-1", b.Header.Bundle); err == nil && len(half.Segments) > 0 {
				r, err := verify.Bundle(t.Context(), half, verify.Options{})
				check(t, err)
				if !r.OK() {
					t.Errorf("after %d puts: %v", after, r.Problems)
				}
			}
			_, err = Put(t.Context(), Request{Store: st, Bundle: b, Signer: signer, Now: time.Now})
			check(t, err)
		}
		whole(t, st, b.Header.Bundle, after)
		if done {
			if after < 12 {
				t.Errorf("an intake took %d puts only", after)
			}
			return
		}
	}
}

func whole(t *testing.T, st store.Store, id string, after int) {
	t.Helper()
	b, err := Open(t.Context(), st, "IR-1", id)
	check(t, err)
	r, err := verify.Bundle(t.Context(), b, verify.Options{})
	check(t, err)
	if !r.OK() || len(r.Signatures) != 2 {
		t.Errorf("after %d puts: %v, %d signatures", after, r.Problems, len(r.Signatures))
	}
	log, err := custody.Open(st, "IR-1", time.Now)
	check(t, err)
	var got []custody.Event
	for e, err := range log.Entries(t.Context()) {
		check(t, err)
		got = append(got, e.Event)
	}
	if d := cmp.Diff([]custody.Event{custody.Collected, custody.Sealed, custody.Received, custody.Stored}, got); d != "" {
		t.Errorf("after %d puts: events: %s", after, d)
	}
	if c := report(t, st); !c.OK() || c.Gaps() {
		t.Errorf("after %d puts: %v", after, c.Problems)
	}
}

// A repeated intake adds nothing, so that the log's check stays without gaps.
func TestPutTwice(t *testing.T) {
	place, signer := made(t), examiner(t)
	st, err := dir.Create(filepath.Join(t.TempDir(), "vault"))
	check(t, err)
	for range 2 {
		_, err = Put(t.Context(), Request{Store: st, Bundle: opened(t, place), Signer: signer, Now: time.Now})
		check(t, err)
	}
	if r := report(t, st); !r.OK() || r.Gaps() || r.Receipts != 1 || r.Entries != 4 {
		t.Errorf("%d entries, %d receipts, %v", r.Entries, r.Receipts, r.Problems)
	}
}

// What does not verify is not taken in, and leaves nothing in the store.
func TestPutTampered(t *testing.T) {
	place := made(t)
	list, err := filepath.Glob(filepath.Join(place, "segments", "*"))
	check(t, err)
	body, err := os.ReadFile(list[0])
	check(t, err)
	body[len(body)/2] ^= 1
	check(t, os.WriteFile(list[0], body, 0o600))
	st, err := dir.Create(filepath.Join(t.TempDir(), "vault"))
	check(t, err)
	if _, err = Put(t.Context(), Request{Store: st, Bundle: opened(t, place), Signer: examiner(t), Now: time.Now}); !errors.Is(err, bundle.ErrVerify) {
		t.Errorf("got %v, want ErrVerify", err)
	}
	for info, err := range st.List(t.Context(), "") {
		t.Errorf("%s was stored (%v)", info.Key, err)
	}
}

// A bundle that changes between its check and the copying is not countersigned.
func TestPutChangesUnderway(t *testing.T) {
	for _, what := range []string{"segments/*", "verify.sh", "seal/000000.json", "seal/000001.json", "seal/000002.json", "seal/000002.checkpoint"} {
		place := made(t)
		st, err := dir.Create(filepath.Join(t.TempDir(), "vault"))
		check(t, err)
		b := opened(t, place)
		list, err := filepath.Glob(filepath.Join(place, what))
		check(t, err)
		body, err := os.ReadFile(list[0])
		check(t, err)
		changed := false
		_, err = Put(t.Context(), Request{Store: st, Bundle: b, Signer: examiner(t), Now: time.Now, Progress: func(int64) {
			if !changed { // the first object was stored: the check is over
				changed = true
				body[len(body)/2] ^= 1
				check(t, os.WriteFile(list[0], body, 0o600))
			}
		}})
		if !errors.Is(err, bundle.ErrVerify) {
			t.Errorf("%s: got %v, want ErrVerify", what, err)
		}
		if r := report(t, st); r.Entries != 0 {
			t.Errorf("%s: %d entries were written", what, r.Entries)
		}
	}
}

// What comes out of a store is checked as it passes.
func TestGetDamaged(t *testing.T) {
	place := made(t)
	vault := filepath.Join(t.TempDir(), "vault")
	st, err := dir.Create(vault)
	check(t, err)
	d, err := Put(t.Context(), Request{Store: st, Bundle: opened(t, place), Signer: examiner(t), Now: time.Now})
	check(t, err)
	list, err := filepath.Glob(filepath.Join(vault, filepath.FromSlash(d.Prefix), "segments", "*"))
	check(t, err)
	body, err := os.ReadFile(list[0])
	check(t, err)
	body[10] ^= 1
	check(t, os.Chmod(list[0], 0o600))
	check(t, os.WriteFile(list[0], body, 0o600))
	b, err := Open(t.Context(), st, "IR-1", d.Bundle)
	check(t, err)
	out, err := sink.NewDir(filepath.Join(t.TempDir(), "copy"))
	check(t, err)
	defer out.Close()
	if err := Get(t.Context(), b, out, nil); !errors.Is(err, bundle.ErrVerify) {
		t.Errorf("got %v, want ErrVerify", err)
	}
}
