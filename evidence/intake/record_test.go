package intake

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
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
)

// madeBy writes a bundle whose header says what its collector likes.
func madeBy(t *testing.T, id string, h seal.Header) string {
	t.Helper()
	place := filepath.Join(t.TempDir(), "b")
	out, err := sink.NewDir(place)
	check(t, err)
	s, err := keys.NewEphemeral("b")
	check(t, err)
	h.Case, h.Bundle = "IR-1", id
	w, err := sink.New(t.Context(), out, sink.Options{NoEncryption: true, Signer: s, VKey: s.VKey(), Header: h})
	check(t, err)
	_, err = w.Close(t.Context(), seal.End{KeyFate: "destroyed"})
	check(t, err)
	return place
}

func vault(t *testing.T) (*dir.Dir, string) {
	t.Helper()
	where := filepath.Join(t.TempDir(), "vault")
	st, err := dir.Create(where)
	check(t, err)
	return st, where
}

func events(t *testing.T, st store.Store) (out []string) {
	t.Helper()
	log, err := custody.Open(st, "IR-1", time.Now)
	check(t, err)
	for r, err := range log.Entries(t.Context()) {
		check(t, err)
		out = append(out, r.Person+": "+string(r.Event))
	}
	return out
}

func person(t *testing.T, name string) *keys.Signer {
	t.Helper()
	s, err := keys.NewSigner(name, keys.Legal)
	check(t, err)
	return s
}

// Whatever a collector wrote into its header, the intake of its bundle can be
// recorded, and by entries that a reader takes.
func TestPutHostileHeader(t *testing.T) {
	for name, text := range map[string]string{"control": "\x01", "quotes": `"`, "wide": "証"} {
		long := strings.Repeat(text, 3000)
		tool := seal.Tool{Name: long, Version: long, SHA256: long}
		h := seal.Header{Examiner: long, Note: long, Place: long, Tool: tool, Kind: long, Host: map[string]string{"hostname": long},
			Started: evidence.At(time.Date(0, 5, 1, 0, 0, 0, 0, time.UTC))}
		st, _ := vault(t)
		_, err := Put(t.Context(), Request{Store: st, Bundle: opened(t, madeBy(t, "b1", h)), Signer: examiner(t), Now: time.Now,
			Purpose: strings.Repeat("p", custody.MaxText), Basis: strings.Repeat("b", custody.MaxText), Place: strings.Repeat("l", custody.MaxText)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if r := report(t, st); !r.OK() || r.Gaps() || r.Entries != 4 {
			t.Errorf("%s: %d entries, %v", name, r.Entries, r.Problems)
		}
	}
}

// What no entry could hold is refused before anything is stored.
func TestPutBadTexts(t *testing.T) {
	place, signer := made(t), examiner(t)
	for _, text := range []string{strings.Repeat("x", custody.MaxText+1), "a\xff", strings.Repeat("\x01", custody.MaxText)} {
		for _, r := range []Request{{Purpose: text}, {Basis: text}, {Place: text}} {
			st, _ := vault(t)
			r.Store, r.Bundle, r.Signer, r.Now = st, opened(t, place), signer, time.Now
			if _, err := Put(t.Context(), r); err == nil {
				t.Errorf("%.10q… was taken", text)
			}
			for info := range st.List(t.Context(), "") {
				t.Errorf("%.10q…: %s was stored", text, info.Key)
			}
		}
	}
}

// Nothing is stored that could not be recorded.
func TestPutDamagedLog(t *testing.T) {
	st, where := vault(t)
	_, err := Put(t.Context(), Request{Store: st, Bundle: opened(t, made(t)), Signer: examiner(t), Now: time.Now})
	check(t, err)
	check(t, os.Remove(filepath.Join(where, "cases/IR-1/custody/entries/000001.note")))
	b := opened(t, madeBy(t, "b2", seal.Header{}))
	if _, err := Put(t.Context(), Request{Store: st, Bundle: b, Signer: examiner(t), Now: time.Now}); !errors.Is(err, custody.ErrDamaged) {
		t.Errorf("got %v, want ErrDamaged", err)
	}
	for info := range st.List(t.Context(), Prefix("IR-1", "b2")) {
		t.Errorf("%s was stored", info.Key)
	}
}

// A second person who takes the same bundle in countersigns it: the record says
// so, and enters the collector's statements no second time.
func TestPutByAnother(t *testing.T) {
	place := made(t)
	st, _ := vault(t)
	first, second := examiner(t), person(t, "L. Counsel")
	for _, s := range []*keys.Signer{first, second, first, second} {
		_, err := Put(t.Context(), Request{Store: st, Bundle: opened(t, place), Signer: s, Now: time.Now})
		check(t, err)
	}
	want := []string{"A. Examiner: collected", "A. Examiner: sealed", "A. Examiner: received", "A. Examiner: stored",
		"L. Counsel: received", "L. Counsel: stored"}
	if d := cmp.Diff(want, events(t, st)); d != "" {
		t.Error(d)
	}
	if r := report(t, st); !r.OK() || r.Gaps() || r.Receipts != 2 {
		t.Errorf("%d receipts, %v", r.Receipts, r.Problems)
	}
}

// Puts of one bundle at the same time, by one person and by two, enter what each
// did once.
func TestPutsAtOnce(t *testing.T) {
	place := made(t)
	for range 5 {
		st, _ := vault(t)
		signers := []*keys.Signer{examiner(t), person(t, "L. Counsel")}
		var wg sync.WaitGroup
		for i := range 8 {
			b := opened(t, place)
			wg.Go(func() {
				if _, err := Put(t.Context(), Request{Store: st, Bundle: b, Signer: signers[i%2], Now: time.Now}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got := map[string]int{}
		for _, e := range events(t, st) {
			_, event, _ := strings.Cut(e, ": ")
			got[event]++
		}
		if d := cmp.Diff(map[string]int{"collected": 1, "sealed": 1, "received": 2, "stored": 2}, got); d != "" {
			t.Error(d)
		}
		if r := report(t, st); !r.OK() || r.Gaps() || r.Receipts != 2 {
			t.Errorf("%d receipts, %v", r.Receipts, r.Problems)
		}
	}
}

// lagging keeps what is put under some keys until it is told to go on.
type lagging struct {
	store.Store
	part string
	on   chan struct{}
}

func (l *lagging) Put(ctx context.Context, key string, body io.ReaderAt, size int64, sum string) (store.Info, error) {
	if strings.Contains(key, l.part) {
		<-l.on
		return store.Info{}, store.ErrUnavailable
	}
	return l.Store.Put(ctx, key, body, size, sum)
}

// A put that finds another one under way, which then dies, enters what that did
// not come to.
func TestPutOutlivesAnother(t *testing.T) {
	st, _ := vault(t)
	place, signer := made(t), examiner(t)
	dying := &lagging{st, "/receipts/", make(chan struct{})}
	done := make(chan error)
	b := opened(t, place)
	go func() {
		_, err := Put(t.Context(), Request{Store: dying, Bundle: b, Signer: signer, Now: time.Now})
		done <- err
	}()
	// The one that lives has begun before the other entered anything.
	slow := &held{Store: st, until: func() bool { return len(events(t, st)) == 3 }}
	d, err := Put(t.Context(), Request{Store: slow, Bundle: opened(t, place), Signer: signer, Now: time.Now})
	check(t, err)
	close(dying.on)
	if err := <-done; !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("the other one: %v", err)
	}
	if len(d.Entries) != 1 || d.Entries[0] != 3 {
		t.Errorf("entered %v, want the fourth entry alone", d.Entries)
	}
	if r := report(t, st); !r.OK() || r.Gaps() {
		t.Errorf("%v", r.Problems)
	}
}

// held is a store whose first put waits.
type held struct {
	store.Store
	until func() bool
}

func (h *held) Put(ctx context.Context, key string, body io.ReaderAt, size int64, sum string) (store.Info, error) {
	for h.until != nil && !h.until() {
		time.Sleep(time.Millisecond)
	}
	h.until = nil
	return h.Store.Put(ctx, key, body, size, sum)
}

// What happens to a bundle is recorded where it was taken in, and only there.
func TestRecord(t *testing.T) {
	st, _ := vault(t)
	analyst, b := person(t, "N. Analyst"), opened(t, madeBy(t, "b1", seal.Header{}))
	record := func(b *bundle.Bundle) error {
		_, err := Record(t.Context(), st, b, custody.Analyzed, map[string]string{"x": "y"}, analyst, time.Now)
		return err
	}
	failed := func(b *bundle.Bundle) error {
		_, err := RecordFailed(t.Context(), st, b, map[string]string{"result": "failed"}, analyst, time.Now)
		return err
	}
	for _, f := range []func(*bundle.Bundle) error{record, failed, func(b *bundle.Bundle) error { return TakenIn(context.Background(), st, b) }} {
		if err := f(b); !errors.Is(err, ErrNotIn) || !strings.Contains(err.Error(), "b1") {
			t.Errorf("before the intake: %v", err)
		}
	}
	_, err := Put(t.Context(), Request{Store: st, Bundle: b, Signer: examiner(t), Now: time.Now})
	check(t, err)
	check(t, record(b))
	// Another bundle under its id is not it, whatever it proves of itself.
	other := opened(t, madeBy(t, "b1", seal.Header{Note: "another"}))
	if err := record(other); !errors.Is(err, bundle.ErrVerify) {
		t.Errorf("another bundle: %v", err)
	}
	check(t, failed(other))
	if got := events(t, st); len(got) != 6 || got[4] != "N. Analyst: analyzed" || got[5] != "N. Analyst: verified" {
		t.Error(got)
	}
	log, err := custody.Open(st, "IR-1", time.Now)
	check(t, err)
	for r, err := range log.Entries(t.Context()) {
		check(t, err)
		if *r.Bundle != *refOf(b) {
			t.Errorf("entry %d is about %v", r.Index, *r.Bundle)
		}
	}
}
