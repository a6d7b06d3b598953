package custody

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hozen-dfir/hozen/evidence/store"
)

// far is a store that takes its time to answer, and knows how many wait.
type far struct {
	store.Store
	opened, now, most atomic.Int64
}

func (f *far) Open(ctx context.Context, key, version string) (store.Object, error) {
	f.opened.Add(1)
	n := f.now.Add(1)
	defer f.now.Add(-1)
	for {
		if most := f.most.Load(); n <= most || f.most.CompareAndSwap(most, n) {
			break
		}
	}
	time.Sleep(3 * time.Millisecond)
	return f.Store.Open(ctx, key, version)
}

// A log in a store that is far away is read many objects at a time, and not
// many more than there are; a writer that is up to date asks for one.
func TestFarAway(t *testing.T) {
	w := newWorld(t, "IR-1")
	const entries = 70
	for range entries {
		w.append(Entry{Event: Analyzed}, w.examiner)
	}
	f := &far{Store: w.store}
	l, err := Open(f, "IR-1", w.now)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, atMost int64, do func()) {
		t.Helper()
		f.opened.Store(0)
		f.most.Store(0)
		do()
		if f.opened.Load() > atMost || f.most.Load() > window || atMost > window && f.most.Load() < window/2 {
			t.Errorf("%s: %d objects opened, at most %d; %d at once", what, f.opened.Load(), atMost, f.most.Load())
		}
	}
	check("Entries", entries+2*window, func() {
		n := 0
		for _, err := range l.Entries(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != entries {
			t.Errorf("%d entries", n)
		}
	})
	check("Verify", 2*entries+window, func() {
		if r, err := l.Verify(context.Background(), VerifyOptions{}); err != nil || !r.OK() || r.Gaps() || r.Checkpoints != entries {
			t.Errorf("%+v, %v", r, err)
		}
	})
	add := func() {
		if _, err := l.Append(context.Background(), Entry{Event: Analyzed}, w.legal); err != nil {
			t.Fatal(err)
		}
	}
	check("the first Append", entries+2*window, add)
	check("the next one", 1, add)
}

// overtaken is a store in which others are faster for a while.
type overtaken struct {
	store.Store
	left  int
	other func()
}

func (o *overtaken) Put(ctx context.Context, key string, body io.ReaderAt, size int64, sum string) (store.Info, error) {
	if strings.Contains(key, "/entries/") && o.left > 0 {
		o.left--
		o.other()
	}
	return o.Store.Put(ctx, key, body, size, sum)
}

// However many others append at once, each of them once comes through.
func TestOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "IR-1")
		o := &overtaken{Store: w.store, left: 100, other: func() { w.append(Entry{Event: Verified}, w.examiner) }}
		l, err := Open(o, "IR-1", w.now)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if n, err := l.Append(context.Background(), Entry{Event: Analyzed}, w.legal); err != nil || n != 100 {
			t.Errorf("entry %d, %v", n, err)
		}
		if took := time.Since(begin); took < 10*time.Second || took > 100*time.Second {
			t.Errorf("it waited %v, want more the longer it takes, and never over a second", took)
		}
	})
}

// What stands in an entry's place and is none ends an append soon: it is damage.
func TestNoEntryInItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := small(t, "IR-1")
		if err := os.MkdirAll(w.path(entryKey(3)), 0o700); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if _, err := w.open("IR-1").Append(context.Background(), Entry{Event: Analyzed}, w.legal); !errors.Is(err, ErrDamaged) || time.Since(begin) > 20*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
}

// Neither does a log seem to end before what can't be opened.
func TestLinkInAnEntrysPlace(t *testing.T) {
	w := small(t, "IR-1")
	if err := os.Symlink("000001.note", w.path(entryKey(3))); err != nil {
		t.Skip(err)
	}
	var last error
	for _, err := range w.open("IR-1").Entries(context.Background()) {
		last = err
	}
	if !errors.Is(last, ErrDamaged) {
		t.Errorf("the log ends with %v", last)
	}
}

// failed is a store on a disk that fails.
type failed struct {
	store.Store
	part string // of the keys that can't be read
}

func (f *failed) Open(ctx context.Context, key, version string) (store.Object, error) {
	if strings.Contains(key, f.part) {
		return nil, syscall.EIO
	}
	return f.Store.Open(ctx, key, version)
}

// What can't be read is not damaged: a check that could not be made is an error.
func TestUnreadable(t *testing.T) {
	w := newWorld(t, "IR-1").fill()
	for _, part := range []string{"entries/000002", "checkpoints/000003", "receipts/"} {
		l, err := Open(&failed{w.store, part}, "IR-1", w.now)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := l.Verify(t.Context(), VerifyOptions{}); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v, %+v", part, err, r.Problems)
		}
		for _, err := range l.Entries(t.Context()) {
			if errors.Is(err, ErrDamaged) {
				t.Errorf("%s: %v", part, err)
			}
		}
	}
}
