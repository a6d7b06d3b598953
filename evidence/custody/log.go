package custody

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/store"
)

// ErrDamaged says that a log does not hold together: nothing is appended to
// it. Verify tells what is wrong.
var ErrDamaged = errors.New("custody log is damaged")

// Log is the custody log of one case. It is safe for concurrent use; so are
// several Logs of one case, in one process or many.
type Log struct {
	store  store.Store
	caseID string
	now    func() time.Time

	mu   sync.Mutex
	head head
}

// head is what an appender knows of the log so far.
type head struct {
	tree     seal.Tree
	previous string // digest of the last entry's file
	open     string // verifier key of the last entry's actor, where its checkpoint is not there
}

// zeros stands for the entry before the first.
var zeros = strings.Repeat("0", 64)

// Open names the log of a case in a store; it need not exist yet. now is the
// clock of whoever appends.
func Open(st store.Store, caseID string, now func() time.Time) (*Log, error) {
	if err := evidence.ValidCase(caseID); err != nil {
		return nil, err
	}
	return &Log{store: st, caseID: caseID, now: now, head: head{previous: zeros}}, nil
}

// maxRetries bounds how often an append gives way to another's. Each time one
// of them comes through, so that a hundred who append at once all do.
const maxRetries = 1000

// maxBlind bounds how often an append finds its place taken, and nothing there
// to read: a store may be slow to show what it has.
const maxBlind = 8

// Append adds an entry, signed by its actor, and then a checkpoint over the
// log with it, by the same key. It returns the entry's index once both are
// durable. Where another entry took the place meanwhile, it reads that and
// tries the next one. An error after the entry itself was stored says so.
func (l *Log) Append(ctx context.Context, e Entry, s *keys.Signer) (int64, error) {
	return l.AppendUnless(ctx, e, s, func(Record) bool { return false })
}

// AppendUnless is Append, but for an entry that must not stand there twice: done
// is shown each entry that this Log had not read yet, those too that others
// append meanwhile. Where it says of one that it is what e would be, nothing is
// appended, and the index is -1.
func (l *Log) AppendUnless(ctx context.Context, e Entry, s *keys.Signer, done func(Record) bool) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	there, last, blind := false, int64(-1), 0
	see := func(r Record) { there = done(r) || there }
	for attempt := range maxRetries {
		if err := l.catchUp(ctx, see, s); err != nil {
			return 0, fmt.Errorf("custody log of %s: %w", l.caseID, err)
		}
		if there {
			return -1, nil
		}
		index := l.head.tree.Size()
		b, err := l.fill(e, s).sign(s)
		if err == nil { // what a reader refuses would spoil the log for ever
			_, err = Parse(b)
		}
		if err != nil {
			return 0, fmt.Errorf("custody entry %q: %w", e.Event, err)
		}
		err = l.put(ctx, entryKey(index), b)
		if errors.Is(err, store.ErrExists) {
			if blind++; index > last {
				last, blind = index, 1
			}
			if blind > maxBlind {
				return 0, fmt.Errorf("custody log of %s: %w: something is at %s, and it is no entry", l.caseID, ErrDamaged, entryKey(index))
			}
			if err := pause(ctx, attempt); err != nil {
				return 0, err
			}
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("appending to the custody log of %s: %w", l.caseID, err)
		}
		return index, l.seal(ctx, b, s)
	}
	return 0, fmt.Errorf("custody log of %s: others kept appending; gave up after %d attempts; repeat it", l.caseID, maxRetries)
}

// Finish puts the checkpoint over the newest entry, where s signed that one and
// died before it; Append does so too.
func (l *Log) Finish(ctx context.Context, s *keys.Signer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.catchUp(ctx, func(Record) {}, s); err != nil {
		return fmt.Errorf("custody log of %s: %w", l.caseID, err)
	}
	return nil
}

// pause keeps appenders from running into each other again. The longer they do,
// the longer it may be: stores answer in one millisecond, or in a hundred.
func pause(ctx context.Context, attempt int) error {
	select {
	case <-time.After(rand.N(min(20*time.Millisecond<<min(attempt, 10), time.Second))):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *Log) fill(e Entry, s *keys.Signer) Entry {
	e.Format, e.Case, e.Index, e.Previous = EntryFormat, l.caseID, l.head.tree.Size(), l.head.previous
	e.Time, e.VKey, e.Person, e.Role = evidence.At(l.now()), s.VKey(), s.Person(), s.Role()
	return e
}

// seal takes an entry of ours into the head and signs a checkpoint over it.
func (l *Log) seal(ctx context.Context, b []byte, s *keys.Signer) error {
	l.head.take(b)
	l.head.open = s.VKey()
	return l.finish(ctx, s)
}

// finish signs the checkpoint that is missing over an entry of ours. Whoever
// does it, and however often, makes the same bytes: so does whoever may be about
// to, this very moment.
func (l *Log) finish(ctx context.Context, s *keys.Signer) error {
	if l.head.open != s.VKey() {
		return nil
	}
	c := l.head.tree.At(Origin(l.caseID))
	n, err := c.Sign(s)
	if err == nil {
		err = l.put(ctx, checkpointKey(c.Size), n)
	}
	if err != nil {
		return fmt.Errorf("entry %d is in the custody log, but its checkpoint is not: %w", c.Size-1, err)
	}
	l.head.open = ""
	return nil
}

func (h *head) take(b []byte) {
	h.tree.Append(b)
	h.previous = hexSum(b)
}

// catchUp reads what was appended since, checks it, shows it to see, and puts
// the checkpoint that s did not come to.
func (l *Log) catchUp(ctx context.Context, see func(Record), s *keys.Signer) error {
	begin, actor := l.head.tree.Size(), ""
	for b, err := range l.files(ctx, begin) {
		if err != nil {
			return err
		}
		index := l.head.tree.Size()
		r, err := l.read(b, index, l.head.previous)
		if err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
		l.head.take(b)
		see(r)
		actor = r.VKey
	}
	switch size := l.head.tree.Size(); {
	case size == 0:
		return l.ends(ctx, 0)
	case size > begin:
		if err := l.checkHead(ctx, actor); err != nil {
			return err
		}
	}
	return l.finish(ctx, s)
}

// read parses an entry's file and checks that it belongs where it stands.
func (l *Log) read(b []byte, index int64, previous string) (Record, error) {
	r, err := Parse(b)
	if err == nil {
		err = l.links(r.Entry, index, previous)
	}
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return r, nil
}

// links checks that an entry belongs where it stands.
func (l *Log) links(e Entry, index int64, previous string) error {
	switch {
	case e.Case != l.caseID:
		return fmt.Errorf("belongs to case %s", e.Case)
	case e.Index != index:
		return fmt.Errorf("is numbered %d", e.Index)
	case e.Previous != previous:
		return errors.New("does not follow the entry before it: that one was replaced, or this one comes from another log")
	}
	return nil
}

// checkHead compares the tree with the checkpoint of its size, where there is
// one: its writer may have died before making it.
func (l *Log) checkHead(ctx context.Context, vkey string) error {
	size := l.head.tree.Size()
	b, err := l.get(ctx, checkpointKey(size), seal.MaxCheckpoint)
	l.head.open = ""
	if errors.Is(err, store.ErrNotFound) {
		l.head.open = vkey
		return nil
	}
	if err != nil {
		return err
	}
	if err := checkCheckpoint(b, vkey, l.head.tree.At(Origin(l.caseID))); err != nil {
		return fmt.Errorf("%w: checkpoint %d: %w", ErrDamaged, size, err)
	}
	return nil
}

// checkCheckpoint checks a checkpoint's signature by the actor of its last
// entry, and that it shows the tree that the entries make.
func checkCheckpoint(b []byte, vkey string, want seal.Checkpoint) error {
	pub, err := keys.ParseVKey(vkey)
	if err != nil {
		return err
	}
	got, err := seal.OpenCheckpoint(b, pub)
	switch {
	case err != nil:
		return fmt.Errorf("not signed by the actor of entry %d: %w", want.Size-1, err)
	case got.Origin != want.Origin:
		return fmt.Errorf("belongs to %s", got.Origin)
	case got.Size != want.Size:
		return fmt.Errorf("is of size %d", got.Size)
	case got.Root != want.Root:
		return errors.New("shows another tree than the entries make: the log was rewritten or forked")
	}
	return nil
}

// ends tells the end of the log from an entry that was lost: entry index is
// not there, and so nothing after it may be.
func (l *Log) ends(ctx context.Context, index int64) error {
	prefix := Prefix(l.caseID)
	for _, dir := range []string{"entries/", "checkpoints/"} {
		for i, err := range store.ListAll(ctx, l.store, prefix+dir) {
			if err != nil {
				return err
			}
			name := strings.TrimPrefix(i.Key, prefix)
			if max(number(name, "entries/", ".note"), number(name, "checkpoints/", ".checkpoint")-1) < index {
				continue
			}
			// Another actor may be appending this very moment.
			if _, err := l.get(ctx, entryKey(index), MaxEntry); !errors.Is(err, store.ErrNotFound) {
				return err
			}
			return fmt.Errorf("%w: entry %d is missing, but there is %s", ErrDamaged, index, i.Key)
		}
	}
	return nil
}

// Entries yields the entries in order, each checked by itself and against the
// one before. It ends with an error at the first that is damaged or
// missing before others.
func (l *Log) Entries(ctx context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		previous, index := zeros, int64(0)
		for b, err := range l.files(ctx, 0) {
			var r Record
			if err == nil {
				r, err = l.read(b, index, previous)
			}
			if err != nil {
				yield(r, fmt.Errorf("custody log of %s, entry %d: %w", l.caseID, index, err))
				return
			}
			previous, index = hexSum(b), index+1
			if !yield(r, nil) {
				return
			}
		}
		if err := l.ends(ctx, index); err != nil {
			yield(Record{}, fmt.Errorf("custody log of %s: %w", l.caseID, err))
		}
	}
}
