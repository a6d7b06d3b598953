package custody

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/store"
)

// Severity says how bad a Problem is.
type Severity string

// Damage means that the log was changed or is incomplete; a Gap is what a
// crash leaves too, or what this version can't check: it proves nothing.
const (
	Damage Severity = "damage"
	Gap    Severity = "gap"
)

// Problem is something that is not as it should be, and where.
type Problem struct {
	Severity Severity `json:"severity"`
	Where    string   `json:"where"` // name below the log's folder
	What     string   `json:"what"`
}

// Signer is one key that signed entries.
type Signer struct {
	VKey    string    `json:"vkey"`
	Person  string    `json:"person"` // as vouched for; else as the entries say
	Role    keys.Role `json:"role"`
	Known   bool      `json:"known"` // somebody vouches for the key
	Entries int       `json:"entries"`
}

// Pin is a head of the log that somebody noted: its size, and its root in any
// form that seal.SameRoot reads.
type Pin struct {
	Size int64
	Root string
}

// VerifyOptions are what the one who verifies brings along.
type VerifyOptions struct {
	Known *keys.Known // keys vouched for; nil knows none
	Pins  []Pin
	// Each, where set, is called for every entry that could be read, in order.
	Each func(r Record, known bool)
}

// Report is the result of Verify.
type Report struct {
	Case        string        `json:"case"`
	Entries     int64         `json:"entries"`
	Checkpoints int64         `json:"checkpoints"`
	Receipts    int64         `json:"receipts"`        // good ones, each counted once
	Root        string        `json:"root,omitempty"`  // of all entries, base64
	Words       string        `json:"words,omitempty"` // the same, short
	First       evidence.Time `json:"first,omitzero"`
	Last        evidence.Time `json:"last,omitzero"`
	Signers     []Signer      `json:"signers"`
	Problems    []Problem     `json:"problems"`
	More        int           `json:"more_problems,omitempty"` // beyond the first MaxProblems
	damaged     bool
}

// MaxProblems bounds the problems that a report lists.
const MaxProblems = 1000

// OK reports whether nothing is damaged. Signers may still be unknown.
func (r *Report) OK() bool { return !r.damaged }

// AllKnown reports whether somebody vouches for every signer.
func (r *Report) AllKnown() bool {
	return !slices.ContainsFunc(r.Signers, func(s Signer) bool { return !s.Known })
}

// Gaps reports whether there are problems that are no damage.
func (r *Report) Gaps() bool {
	return slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Severity == Gap })
}

func (r *Report) add(s Severity, where, what string, args ...any) {
	r.damaged = r.damaged || s == Damage
	if len(r.Problems) == MaxProblems {
		r.More++
		return
	}
	r.Problems = append(r.Problems, Problem{s, where, fmt.Sprintf(what, args...)})
}

// Verify checks the whole log: every entry's form, signature and link to the
// one before, every checkpoint against the tree of the entries, every receipt,
// and that nothing else lies there. What it finds is in the report; its error
// means that the store could not be read.
func (l *Log) Verify(ctx context.Context, o VerifyOptions) (*Report, error) {
	v := &verifier{l: l, o: o, r: &Report{Case: l.caseID, Signers: []Signer{}, Problems: []Problem{}},
		previous: zeros, whole: true, receipts: map[string]bool{}, signers: map[string]int{}}
	if err := v.list(ctx); err != nil {
		return v.r, fmt.Errorf("verifying the custody log of %s: %w", l.caseID, err)
	}
	if err := v.walk(ctx); err != nil {
		return v.r, fmt.Errorf("verifying the custody log of %s: %w", l.caseID, err)
	}
	v.pins()
	return v.r, nil
}

type verifier struct {
	l *Log
	o VerifyOptions
	r *Report

	entries, checkpoints []int64 // present, ascending
	receipts             map[string]bool
	later                []string        // names that later versions use
	referred             map[string]bool // receipts that entries name
	checked              map[pinned]bool
	signers              map[string]int // place in the report, by verifier key

	ahead    map[int64]fetched // checkpoints of the entries at hand, by size
	tree     seal.Tree
	previous string // "" after an entry that is missing
	whole    bool   // no entry is missing so far: the tree is known
	roots    map[int64]string
	last     evidence.Time
}

// pinned is a receipt, and the bundle that an entry names it for.
type pinned struct {
	Ref
	bundle string
}

// list sorts what lies in the log's folder.
func (v *verifier) list(ctx context.Context) error {
	prefix := Prefix(v.l.caseID)
	for i, err := range store.ListAll(ctx, v.l.store, prefix) {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(i.Key, prefix)
		if n := number(name, "entries/", ".note"); n >= 0 && n < MaxEntries {
			v.entries = append(v.entries, n)
		} else if n := number(name, "checkpoints/", ".checkpoint"); n > 0 {
			v.checkpoints = append(v.checkpoints, n)
		} else {
			v.other(name)
		}
	}
	slices.Sort(v.entries) // six digits sort as they count, seven don't
	slices.Sort(v.checkpoints)
	return nil
}

// other takes what is neither an entry nor a checkpoint.
func (v *verifier) other(name string) {
	sum := strings.TrimSuffix(strings.TrimPrefix(name, "receipts/"), ".json")
	switch {
	case isHex256(sum) && name == receiptKey(sum):
		v.receipts[sum] = true
	case reserved(name):
		v.later = append(v.later, name)
	default:
		v.r.add(Damage, name, "does not belong to a custody log")
	}
}

// reserved are the names that later versions will use (SPEC.md, "Objects").
func reserved(name string) bool {
	rest, ok := strings.CutPrefix(name, "checkpoints/")
	if !ok {
		return false
	}
	digits, rest, _ := strings.Cut(rest, ".")
	return number(digits, "", "") > 0 && (rest == "tsr" || cosignName.MatchString(rest))
}

var cosignName = regexp.MustCompile(`^cosign/[a-z0-9](?:[a-z0-9.-]{0,98}[a-z0-9])?\+[0-9a-f]{8}$`) // keys.ValidName, and the key's id

// reservedSize is the size of the checkpoint that a reserved name belongs to.
func reservedSize(name string) int64 {
	digits, _, _ := strings.Cut(strings.TrimPrefix(name, "checkpoints/"), ".")
	return number(digits, "", "")
}

// walk checks entries in order, with the checkpoint and the receipt of each.
func (v *verifier) walk(ctx context.Context) error {
	v.roots, v.referred, v.checked = map[int64]string{}, map[string]bool{}, map[pinned]bool{}
	want := int64(0)
	for chunk := range slices.Chunk(v.entries, window) {
		names := make([]string, len(chunk))
		for i, n := range chunk {
			names[i] = entryKey(n)
		}
		files, err := v.l.fetch(ctx, names, MaxEntry)
		if err != nil {
			return err
		}
		if err := v.fetchCheckpoints(ctx, chunk); err != nil {
			return err
		}
		for i, n := range chunk {
			for ; want < n; want++ {
				v.missing(want)
			}
			want++
			if err := v.entry(ctx, n, files[i]); err != nil {
				return err
			}
		}
	}
	v.r.Entries = int64(len(v.entries))
	if v.whole && v.r.Entries > 0 {
		v.r.Root, v.r.Words = seal.RootText(v.tree.Root()), seal.Words(v.tree.Root())
	}
	v.rest()
	return nil
}

// fetchCheckpoints fetches those over the given entries that are there.
func (v *verifier) fetchCheckpoints(ctx context.Context, entries []int64) error {
	var names []string
	var sizes []int64
	for _, n := range entries {
		if _, there := slices.BinarySearch(v.checkpoints, n+1); there {
			names, sizes = append(names, checkpointKey(n+1)), append(sizes, n+1)
		}
	}
	files, err := v.l.fetch(ctx, names, seal.MaxCheckpoint)
	if err != nil {
		return err
	}
	v.ahead = map[int64]fetched{}
	for i, size := range sizes {
		v.ahead[size] = files[i]
	}
	return nil
}

func (v *verifier) missing(n int64) {
	if v.whole {
		v.r.add(Damage, entryKey(n), "is missing: what follows is checked by itself only, and later checkpoints can't be")
	} else if len(v.r.Problems) < MaxProblems {
		v.r.add(Damage, entryKey(n), "is missing")
	}
	v.whole, v.previous = false, ""
}

// entry checks one entry, its checkpoint and its receipt.
func (v *verifier) entry(ctx context.Context, n int64, f fetched) error {
	name := entryKey(n)
	if f.err != nil {
		v.r.add(Damage, name, "%v", f.err)
		v.whole, v.previous = false, ""
		return nil
	}
	r, err := Parse(f.b)
	if err != nil {
		v.r.add(Damage, name, "%v", err)
	} else {
		v.links(r, n)
	}
	v.previous = hexSum(f.b)
	if v.whole {
		v.tree.Append(f.b)
		for _, p := range v.o.Pins {
			if p.Size == n+1 {
				v.roots[p.Size] = seal.RootText(v.tree.Root())
			}
		}
	}
	if err != nil {
		v.checkpoint(n+1, "")
		return nil
	}
	known := v.signer(r.Entry, name)
	if v.o.Each != nil {
		v.o.Each(r, known)
	}
	if r.Receipt != nil {
		if err := v.receipt(ctx, name, r.Entry); err != nil {
			return err
		}
	}
	v.checkpoint(n+1, r.VKey)
	return nil
}

func (v *verifier) links(r Record, n int64) {
	name := entryKey(n)
	previous := v.previous
	if previous == "" { // the one before is missing: nothing to compare with
		previous = r.Previous
	}
	if err := v.l.links(r.Entry, n, previous); err != nil {
		v.r.add(Damage, name, "%v", err)
	}
	if r.Time.Before(v.last.Time) {
		v.r.add(Gap, name, "is dated before the entry before it: a clock was wrong")
	}
	if v.r.First.IsZero() {
		v.r.First = r.Time
	}
	v.last, v.r.Last = r.Time, r.Time
}

// signer keeps count of who signed, and holds what entries say of their actors
// against what is vouched for.
func (v *verifier) signer(e Entry, name string) bool {
	i, there := v.signers[e.VKey]
	voucher, known := v.o.Known.Lookup(e.VKey)
	if !there {
		s := Signer{VKey: e.VKey, Person: e.Person, Role: e.Role, Known: known}
		if known && voucher.Person != "" {
			s.Person, s.Role = voucher.Person, voucher.Role
		}
		v.r.Signers, i = append(v.r.Signers, s), len(v.r.Signers)
		v.signers[e.VKey] = i
	}
	s := &v.r.Signers[i]
	s.Entries++
	if known && voucher.Person != "" && (e.Person != voucher.Person || e.Role != voucher.Role) {
		v.r.add(Damage, name, "says its actor is %q, %s; the key is vouched for as %q, %s", e.Person, e.Role, voucher.Person, voucher.Role)
	}
	return known
}

func (v *verifier) receipt(ctx context.Context, name string, e Entry) error {
	ref, bundle := *e.Receipt, ""
	if e.Bundle != nil {
		bundle = e.Bundle.ID
	}
	if v.checked[pinned{ref, bundle}] {
		return nil
	}
	v.checked[pinned{ref, bundle}], v.referred[ref.SHA256] = true, true
	if !v.receipts[ref.SHA256] {
		v.r.add(Damage, ref.Object, "is missing; %s names it", name)
		return nil
	}
	files, err := v.l.fetch(ctx, []string{ref.Object}, MaxReceipt)
	if err != nil {
		return err
	}
	var r Receipt
	if err = files[0].err; err == nil {
		r, err = v.l.parseReceipt(ref, files[0].b)
	}
	if err != nil {
		v.r.add(Damage, ref.Object, "%v", err)
		return nil
	}
	if bundle != "" && r.Bundle != bundle {
		v.r.add(Damage, ref.Object, "is of bundle %.80q; %s is about %s", r.Bundle, name, bundle)
		return nil
	}
	v.r.Receipts++
	return nil
}

// checkpoint checks the one of the given size, if there is one. vkey is that
// of its last entry's actor, "" where that entry is damaged.
func (v *verifier) checkpoint(size int64, vkey string) {
	name := checkpointKey(size)
	if _, there := slices.BinarySearch(v.checkpoints, size); !there {
		v.r.add(Gap, name, "there is none: the writer of entry %d did not come to it, or it was removed", size-1)
		return
	}
	switch f := v.ahead[size]; {
	case f.err != nil:
		v.r.add(Damage, name, "%v", f.err)
	case !v.whole:
		v.r.add(Damage, name, "can't be checked: an entry before it is missing")
	case vkey == "":
		v.r.add(Damage, name, "can't be checked: entry %d is damaged", size-1)
	default:
		if err := checkCheckpoint(f.b, vkey, v.tree.At(Origin(v.l.caseID))); err != nil {
			v.r.add(Damage, name, "%v", err)
			return
		}
		v.r.Checkpoints++
	}
}

// rest names what no entry accounts for.
func (v *verifier) rest() {
	for _, size := range v.checkpoints {
		if _, there := slices.BinarySearch(v.entries, size-1); !there {
			v.r.add(Damage, checkpointKey(size), "covers entry %d, which is missing", size-1)
		}
	}
	for _, name := range v.later {
		if size := reservedSize(name); len(v.entries) == 0 || size > v.entries[len(v.entries)-1]+1 {
			v.r.add(Damage, name, "belongs to the checkpoint over entry %d, which is missing", size-1)
		} else {
			v.r.add(Gap, name, "this version does not check it")
		}
	}
	for _, sum := range slices.Sorted(maps.Keys(v.receipts)) {
		if !v.referred[sum] {
			v.r.add(Gap, receiptKey(sum), "no entry names it")
		}
	}
	if len(v.entries) == 0 {
		v.r.add(Gap, "entries/", "there is no custody log")
	}
}

// pins holds the log against heads that were noted elsewhere.
func (v *verifier) pins() {
	for _, p := range v.o.Pins {
		where := fmt.Sprintf("noted head of size %d", p.Size)
		root, there := v.roots[p.Size]
		if !there {
			v.r.add(Damage, where, "the log no longer reaches it whole: entries were removed")
			continue
		}
		h, err := seal.ParseRoot(root)
		if err != nil {
			v.r.add(Damage, where, "%v", err)
			continue
		}
		if same, err := seal.SameRoot(p.Root, h); err != nil {
			v.r.add(Damage, where, "%v", err)
		} else if !same {
			v.r.add(Damage, where, "the log's root there is %s, not %s: it was rewritten", seal.Words(h), p.Root)
		}
	}
}
