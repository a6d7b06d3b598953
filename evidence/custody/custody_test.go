package custody

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/evidence/store/dir"
)

// world is a store with the log of one case, and two people.
type world struct {
	t        *testing.T
	dir      string // of the log
	store    *dir.Dir
	log      *Log
	examiner *keys.Signer
	legal    *keys.Signer
	clock    time.Time
	mu       sync.Mutex
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(time.Second)
	return w.clock
}

func signer(t testing.TB, person string, role keys.Role) *keys.Signer {
	t.Helper()
	s, err := keys.NewSigner(person, role)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newWorld(t *testing.T, caseID string) *world {
	t.Helper()
	base := t.TempDir()
	st, err := dir.Create(base)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	w := &world{t: t, store: st, dir: filepath.Join(base, "cases", caseID, "custody"),
		examiner: signer(t, `A. "Examiner", \ 証`, keys.Examiner), legal: signer(t, "L. Legal", keys.Legal),
		clock: time.Date(2026, 1, 17, 9, 30, 0, 0, time.UTC)}
	w.log = w.open(caseID)
	return w
}

func (w *world) open(caseID string) *Log {
	l, err := Open(w.store, caseID, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func (w *world) append(e Entry, s *keys.Signer) int64 {
	w.t.Helper()
	i, err := w.log.Append(context.Background(), e, s)
	if err != nil {
		w.t.Fatal(err)
	}
	return i
}

// fill writes a log of six entries with two actors and a receipt.
func (w *world) fill() *world {
	w.t.Helper()
	root := strings.Repeat("A", 43) + "="
	b := &BundleRef{ID: "20260117t093000z-web01-5f0c9a2e", Size: 5, Root: root}
	w.append(Entry{Event: Collected, Bundle: b, Occurred: evidence.At(w.clock.Add(-time.Hour)), Details: map[string]string{"collector": "x", "previous": "trick"}}, w.examiner)
	w.append(Entry{Event: Sealed, Bundle: b, Note: "line\nbreak \",\"vkey\":\"trick\x7f\u2028"}, w.examiner)
	ref, err := w.log.PutReceipt(context.Background(), Receipt{Bundle: b.ID, Store: "vault", Made: evidence.At(w.now()), Objects: []store.Info{{Key: "a/b", Size: 3}}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.append(Entry{Event: Received, Bundle: b, Purpose: "intake", Basis: "engagement letter"}, w.examiner)
	w.append(Entry{Event: Stored, Bundle: b, Receipt: ref}, w.examiner)
	w.append(Entry{Event: Verified, Bundle: b}, w.legal)
	zero := int64(2)
	w.append(Entry{Event: Disclosed, Bundle: b, Refers: &zero, To: &Party{Person: "Court"}}, w.legal)
	return w
}

func (w *world) verify(o VerifyOptions) *Report {
	w.t.Helper()
	r, err := w.open(w.log.caseID).Verify(context.Background(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// script runs verify.sh and returns its exit code and output.
func (w *world) script(known ...*keys.Signer) (int, string) {
	w.t.Helper()
	for _, tool := range []string{"bash", "openssl", "sha256sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			w.t.Skipf("%s is not installed", tool)
		}
	}
	tmp := w.t.TempDir()
	name := filepath.Join(tmp, "verify.sh")
	if err := os.WriteFile(name, VerifyScript(), 0o600); err != nil {
		w.t.Fatal(err)
	}
	args := []string{name, w.dir}
	if known != nil {
		var list strings.Builder
		for _, s := range known {
			fmt.Fprintln(&list, s.VKey())
		}
		file := filepath.Join(tmp, "keys")
		os.WriteFile(file, []byte(list.String()), 0o600)
		args = append(args, file)
	}
	out, err := exec.Command("bash", args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	if exit != nil {
		return exit.ExitCode(), string(out)
	}
	return 0, string(out)
}

func known(t *testing.T, ss ...*keys.Signer) *keys.Known {
	t.Helper()
	k := &keys.Known{}
	for _, s := range ss {
		if err := k.Add(keys.Voucher{Public: s.Public, Person: s.Person(), Role: s.Role()}); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

func TestGoodLog(t *testing.T) {
	w := newWorld(t, "IR-2026-0117").fill()
	r := w.verify(VerifyOptions{Known: known(t, w.examiner, w.legal)})
	if !r.OK() || r.Gaps() || !r.AllKnown() || r.Entries != 6 || r.Checkpoints != 6 || r.Receipts != 1 || len(r.Signers) != 2 {
		t.Fatalf("%+v", r)
	}
	if r.Signers[0].Entries != 4 || r.Signers[0].Person != w.examiner.Person() {
		t.Errorf("%+v", r.Signers)
	}
	n := 0
	for e, err := range w.log.Entries(context.Background()) {
		if err != nil || e.Index != int64(n) {
			t.Fatal(e, err)
		}
		n++
	}
	if n != 6 {
		t.Errorf("%d entries", n)
	}
	code, out := w.script(w.examiner, w.legal)
	if code != 0 || strings.Contains(out, "UNKNOWN") || !strings.Contains(out, r.Root) {
		t.Errorf("script: exit %d\n%s", code, out)
	}
}

// A signature by a key that nobody vouched for is never plain success.
func TestUnknownSigners(t *testing.T) {
	w := newWorld(t, "IR-1").fill()
	r := w.verify(VerifyOptions{Known: known(t, w.examiner)})
	if !r.OK() || r.AllKnown() || !r.Signers[0].Known || r.Signers[1].Known {
		t.Fatalf("%+v", r)
	}
	if r := w.verify(VerifyOptions{}); !r.OK() || r.AllKnown() || r.Signers[0].Known {
		t.Fatalf("%+v", r)
	}
	code, out := w.script(w.examiner)
	if code != 0 || strings.Count(out, "SIGNER UNKNOWN") != 2 || strings.Count(out, "(known)") != 4 {
		t.Errorf("script: exit %d\n%s", code, out)
	}
}

// An actor who claims another role than the one vouched for is caught.
func TestFalseClaim(t *testing.T) {
	w := newWorld(t, "IR-1").fill()
	k := &keys.Known{}
	k.Add(keys.Voucher{Public: w.legal.Public, Person: "L. Legal", Role: keys.Analyst})
	if r := w.verify(VerifyOptions{Known: k}); r.OK() {
		t.Fatal("a false role passes")
	}
}

func TestConcurrentAppends(t *testing.T) {
	w := newWorld(t, "IR-1")
	var mu sync.Mutex
	seen := map[int64]bool{}
	var wg sync.WaitGroup
	for n := range 6 {
		wg.Go(func() {
			l, s := w.open("IR-1"), signer(t, fmt.Sprintf("Person %d", n), keys.Analyst)
			for range 5 {
				i, err := l.Append(context.Background(), Entry{Event: Analyzed}, s)
				mu.Lock()
				if err != nil || seen[i] {
					t.Errorf("entry %d, taken %v: %v", i, seen[i], err)
				}
				seen[i] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	r := w.verify(VerifyOptions{})
	if !r.OK() || r.Entries != 30 || r.Checkpoints != 30 || len(seen) != 30 {
		t.Fatalf("%+v", r)
	}
	for _, p := range r.Problems { // clocks of concurrent writers may cross; nothing else may
		if !strings.Contains(p.What, "clock") {
			t.Error(p)
		}
	}
}

// A writer that dies between entry and checkpoint leaves a gap, and the log
// goes on.
func TestDiedBeforeCheckpoint(t *testing.T) {
	w := newWorld(t, "IR-1").fill()
	os.Remove(filepath.Join(w.dir, checkpointKey(6)))
	for range 2 {
		if r := w.verify(VerifyOptions{}); !r.OK() || !r.Gaps() || r.Problems[0].Where != checkpointKey(6) {
			t.Fatalf("%+v", r.Problems)
		}
		if code, out := w.script(); code != 3 || !strings.Contains(out, "000006.checkpoint") {
			t.Fatalf("script: exit %d\n%s", code, out)
		}
		w.append(Entry{Event: Analyzed}, w.examiner)
	}
}

// The writer that died signs the checkpoint when it comes back, to append or
// not; nobody else can.
func TestCheckpointLater(t *testing.T) {
	for _, again := range []func(w *world){
		func(w *world) { w.append(Entry{Event: Analyzed}, w.examiner) },
		func(w *world) {
			if err := w.open("IR-1").Finish(t.Context(), w.examiner); err != nil {
				t.Fatal(err)
			}
		},
	} {
		w := newWorld(t, "IR-1").fill()
		n := w.append(Entry{Event: Verified}, w.examiner) + 1
		want := w.read(checkpointKey(n))
		os.Remove(w.path(checkpointKey(n)))
		if err := w.open("IR-1").Finish(t.Context(), signer(t, "Other", keys.Legal)); err != nil {
			t.Fatal(err)
		}
		if r := w.verify(VerifyOptions{}); !r.OK() || !r.Gaps() {
			t.Fatalf("%+v", r.Problems)
		}
		w.log = w.open("IR-1")
		again(w)
		if r := w.verify(VerifyOptions{}); !r.OK() || r.Gaps() || !bytes.Equal(w.read(checkpointKey(n)), want) {
			t.Errorf("%+v", r.Problems)
		}
	}
}

func TestEmptyLog(t *testing.T) {
	w := newWorld(t, "IR-1")
	if r := w.verify(VerifyOptions{}); !r.Gaps() || r.Entries != 0 {
		t.Fatalf("%+v", r)
	}
	os.MkdirAll(w.dir, 0o700)
	if code, out := w.script(); code != 1 {
		t.Fatalf("script: exit %d\n%s", code, out)
	}
	if _, err := Open(w.store, "../x", w.now); err == nil {
		t.Error("a hostile case id")
	}
}

// broken is a store whose puts fail.
type broken struct {
	store.Store
	fail string // in the key
	err  error
}

func (b *broken) Put(ctx context.Context, key string, body io.ReaderAt, size int64, sum string) (store.Info, error) {
	if strings.Contains(key, b.fail) {
		return store.Info{}, b.err
	}
	return b.Store.Put(ctx, key, body, size, sum)
}

func TestBrokenStore(t *testing.T) {
	w := newWorld(t, "IR-1").fill()
	for _, part := range []string{"entries/", "checkpoints/"} {
		l, err := Open(&broken{w.store, part, store.ErrUnavailable}, "IR-1", w.now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(context.Background(), Entry{Event: Analyzed}, w.legal); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v", part, err)
		}
	}
	if r := w.verify(VerifyOptions{}); !r.OK() || r.Entries != 7 {
		t.Fatalf("%+v", r)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := w.log.Append(ctx, Entry{Event: Analyzed}, w.legal); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// What can't stand in an entry is refused before anything is stored.
func TestAppendRefuses(t *testing.T) {
	w := newWorld(t, "IR-1").fill()
	later := int64(6)
	long := strings.Repeat("x", MaxText+1)
	for name, e := range map[string]Entry{
		"no event": {}, "other event": {Event: "stolen"}, "long": {Event: Held, Note: long}, "not UTF-8": {Event: Held, Note: "\xff"},
		"bundle": {Event: Held, Bundle: &BundleRef{ID: "../x"}}, "root": {Event: Held, Bundle: &BundleRef{ID: "b", Size: 1, Root: "x"}},
		"receipt": {Event: Stored, Receipt: &Ref{Object: "../x", SHA256: zeros}}, "refers": {Event: Accepted, Refers: &later},
		"details": {Event: Held, Details: map[string]string{strings.Repeat("k", 65): ""}},
	} {
		if _, err := w.log.Append(context.Background(), e, w.legal); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	big := map[string]string{}
	for i := range maxDetails {
		big[fmt.Sprint(i)] = strings.Repeat("x", MaxText)
	}
	if _, err := w.log.Append(context.Background(), Entry{Event: Held, Details: big}, w.legal); err == nil {
		t.Error("an entry over the limit was taken")
	}
	w.legal.Destroy()
	if _, err := w.log.Append(context.Background(), Entry{Event: Held}, w.legal); !errors.Is(err, keys.ErrDestroyed) {
		t.Errorf("%v", err)
	}
	if r := w.verify(VerifyOptions{}); !r.OK() || r.Entries != 6 || r.Gaps() {
		t.Fatalf("%+v", r)
	}
}

func TestReceipts(t *testing.T) {
	w := newWorld(t, "IR-1").fill()
	var ref *Ref
	for e, err := range w.log.Entries(context.Background()) {
		if err == nil && e.Receipt != nil {
			ref = e.Receipt
		}
	}
	r, err := w.log.GetReceipt(context.Background(), *ref)
	if err != nil || r.Store != "vault" || len(r.Objects) != 1 || r.Objects[0].Key != "a/b" {
		t.Fatalf("%+v, %v", r, err)
	}
	bad := *ref
	bad.Size++
	if _, err := w.log.GetReceipt(context.Background(), bad); err == nil {
		t.Error("a receipt of another size")
	}
	if b, _ := os.ReadFile(filepath.Join(w.dir, ref.Object)); !bytes.HasSuffix(b, []byte("\n")) {
		t.Error("receipt has no line end")
	}
}
