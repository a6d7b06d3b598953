package custody

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/store"
)

// small is a log of three entries by two actors.
func small(t *testing.T, caseID string) *world {
	w := newWorld(t, caseID)
	w.append(Entry{Event: Received, Note: caseID}, w.examiner)
	ref, err := w.log.PutReceipt(context.Background(), Receipt{Bundle: "b", Objects: []store.Info{{Key: "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	w.append(Entry{Event: Stored, Receipt: ref}, w.legal)
	w.append(Entry{Event: Verified}, w.examiner)
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) folder(name string) {
	w.t.Helper()
	if err := os.MkdirAll(w.path(name), 0o700); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(name string) []byte {
	w.t.Helper()
	b, err := os.ReadFile(w.path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) write(name string, b []byte) {
	w.t.Helper()
	os.MkdirAll(filepath.Dir(w.path(name)), 0o700)
	if err := os.WriteFile(w.path(name), b, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) receipt() string {
	m, _ := filepath.Glob(w.path("receipts/*.json"))
	return "receipts/" + filepath.Base(m[0])
}

// rewrite signs an entry anew after a change, as its actor or an attacker
// could.
func (w *world) rewrite(index int64, s *keys.Signer, change func(*Entry)) {
	w.t.Helper()
	r, err := Parse(w.read(entryKey(index)))
	if err != nil {
		w.t.Fatal(err)
	}
	r.VKey, r.Person, r.Role = s.VKey(), s.Person(), s.Role()
	change(&r.Entry)
	b, err := r.Entry.sign(s)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(entryKey(index), b)
}

// checkpoint signs a checkpoint over the entries as they now stand.
func (w *world) checkpoint(size int64, s *keys.Signer) []byte {
	var tree seal.Tree
	for i := range size {
		tree.Append(w.read(entryKey(i)))
	}
	b, err := tree.At(Origin(w.log.caseID)).Sign(s)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

type tampering struct {
	place string // named by both checkers
	do    func(w, other *world)
}

func tamperings() map[string]tampering {
	return map[string]tampering{
		"a bit of an entry":     {entryKey(1), func(w, _ *world) { b := w.read(entryKey(1)); b[200] ^= 1; w.write(entryKey(1), b) }},
		"a bit of a signature":  {entryKey(1), func(w, _ *world) { b := w.read(entryKey(1)); b[len(b)-10] ^= 2; w.write(entryKey(1), b) }},
		"a bit of a checkpoint": {checkpointKey(2), func(w, _ *world) { b := w.read(checkpointKey(2)); b[30] ^= 1; w.write(checkpointKey(2), b) }},
		"a byte more":           {entryKey(1), func(w, _ *world) { w.write(entryKey(1), append(w.read(entryKey(1)), '\n')) }},
		"an entry cut":          {entryKey(2), func(w, _ *world) { b := w.read(entryKey(2)); w.write(entryKey(2), b[:len(b)-5]) }},
		"an entry emptied":      {entryKey(2), func(w, _ *world) { w.write(entryKey(2), nil) }},
		"a bit of a key": {entryKey(0), func(w, _ *world) {
			w.write(entryKey(0), bytes.Replace(w.read(entryKey(0)), []byte("+"), []byte("*"), 1))
		}},
		"all entries gone":    {checkpointKey(1), func(w, _ *world) { os.RemoveAll(w.path("entries")) }},
		"a first entry gone":  {entryKey(0), func(w, _ *world) { os.Remove(w.path(entryKey(0))) }},
		"an entry gone":       {entryKey(1), func(w, _ *world) { os.Remove(w.path(entryKey(1))) }},
		"the last entry gone": {checkpointKey(3), func(w, _ *world) { os.Remove(w.path(entryKey(2))) }},
		"entries swapped": {entryKey(0), func(w, _ *world) {
			a, b := w.read(entryKey(0)), w.read(entryKey(1))
			w.write(entryKey(0), b)
			w.write(entryKey(1), a)
		}},
		"another case's entry":       {entryKey(1), func(w, o *world) { w.write(entryKey(1), o.read(entryKey(1))) }},
		"another case's checkpoint":  {checkpointKey(2), func(w, o *world) { w.write(checkpointKey(2), o.read(checkpointKey(2))) }},
		"an older checkpoint":        {checkpointKey(3), func(w, _ *world) { w.write(checkpointKey(3), w.read(checkpointKey(1))) }},
		"a checkpoint to come":       {checkpointKey(4), func(w, _ *world) { w.write(checkpointKey(4), w.read(checkpointKey(3))) }},
		"an entry to come":           {entryKey(5), func(w, _ *world) { w.write(entryKey(5), w.read(entryKey(2))) }},
		"the last entry again":       {entryKey(3), func(w, _ *world) { w.write(entryKey(3), w.read(entryKey(2))) }},
		"a name that no key has":     {"entries/", func(w, _ *world) { w.write("entries/\u00fc:\n", []byte("x")) }},
		"a link":                     {"entries/link", func(w, _ *world) { os.Symlink("/", w.path("entries/link")) }},
		"a foreign file":             {"entries/notes.txt", func(w, _ *world) { w.write("entries/notes.txt", []byte("x")) }},
		"an entry in a subfolder":    {"entries/x/000001.note", func(w, _ *world) { w.write("entries/x/000001.note", w.read(entryKey(1))) }},
		"a receipt changed":          {"receipts/", func(w, _ *world) { w.write(w.receipt(), append([]byte(" "), w.read(w.receipt())...)) }},
		"a receipt gone":             {"receipts/", func(w, _ *world) { os.Remove(w.path(w.receipt())) }},
		"rewritten by its own actor": {entryKey(2), func(w, _ *world) { w.rewrite(1, w.legal, func(e *Entry) { e.Note = "no" }) }},
		"rewritten by a stranger":    {entryKey(2), func(w, _ *world) { w.rewrite(1, signer(w.t, "L. Legal", keys.Legal), func(e *Entry) {}) }},
		"last one rewritten":         {checkpointKey(3), func(w, _ *world) { w.rewrite(2, w.examiner, func(e *Entry) { e.Note = "no" }) }},
		"rewritten with checkpoint": {entryKey(2), func(w, _ *world) {
			w.rewrite(1, w.legal, func(e *Entry) { e.Note = "no" })
			w.write(checkpointKey(2), w.checkpoint(2, w.legal))
		}},
		"checkpoint by another": {checkpointKey(3), func(w, _ *world) { w.write(checkpointKey(3), w.checkpoint(3, w.legal)) }},
		"two signatures": {checkpointKey(3), func(w, _ *world) {
			b := w.read(checkpointKey(3))
			again := w.checkpoint(3, w.legal)
			w.write(checkpointKey(3), append(b, again[bytes.LastIndex(again, []byte("— ")):]...))
		}},
		"of another case, signed well": {entryKey(2), func(w, _ *world) {
			w.rewrite(2, w.examiner, func(e *Entry) { e.Case = "IR-2" })
			w.write(checkpointKey(3), w.checkpoint(3, w.examiner))
		}},
		"numbered otherwise": {entryKey(2), func(w, _ *world) {
			w.rewrite(2, w.examiner, func(e *Entry) { e.Index = 7 })
			w.write(checkpointKey(3), w.checkpoint(3, w.examiner))
		}},
	}
}

// Each way of tampering is found by Verify and by the script, and named.
func TestTampering(t *testing.T) {
	for name, tamper := range tamperings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, other := small(t, "IR-1"), small(t, "IR-3")
			tamper.do(w, other)
			r := w.verify(VerifyOptions{Known: known(t, w.examiner, w.legal)})
			if r.OK() || !named(r, tamper.place) {
				t.Errorf("Verify does not name %s: %+v", tamper.place, r.Problems)
			}
			if testing.Short() {
				return
			}
			if code, out := w.script(w.examiner, w.legal); code != 4 || !scriptNames(out, tamper.place) {
				t.Errorf("script exits %d and does not name %s:\n%s", code, tamper.place, out)
			}
		})
	}
}

func named(r *Report, place string) bool {
	for _, p := range r.Problems {
		if p.Severity == Damage && strings.HasPrefix(p.Where, place) {
			return true
		}
	}
	return false
}

// scriptNames looks for the place; where entries are missing the script stops
// at the first.
func scriptNames(out, place string) bool {
	return strings.Contains(out, "DAMAGE  "+place) || strings.Contains(out, "is missing; no later entry can be placed")
}

// A log cut at its end, or rewritten by those who hold the keys, holds
// together; a head that was noted in time does not agree with it.
func TestPins(t *testing.T) {
	w := small(t, "IR-1")
	head := w.verify(VerifyOptions{})
	for _, root := range []string{head.Root, head.Words} {
		if r := w.verify(VerifyOptions{Pins: []Pin{{3, root}}}); !r.OK() {
			t.Fatalf("%+v", r.Problems)
		}
	}
	if r := w.verify(VerifyOptions{Pins: []Pin{{3, "nonsense"}}}); r.OK() {
		t.Error("nonsense passes for a root")
	}
	w.append(Entry{Event: Analyzed}, w.legal)
	if r := w.verify(VerifyOptions{Pins: []Pin{{3, head.Root}}}); !r.OK() {
		t.Fatalf("a log that has grown: %+v", r.Problems)
	}
	grown := w.verify(VerifyOptions{})
	os.Remove(w.path(entryKey(3)))
	os.Remove(w.path(checkpointKey(4)))
	if r := w.verify(VerifyOptions{Pins: []Pin{{4, grown.Root}}}); r.OK() {
		t.Error("a cut log passes")
	}
	w.rewrite(2, w.examiner, func(e *Entry) { e.Note = "never happened" })
	w.write(checkpointKey(3), w.checkpoint(3, w.examiner))
	if r := w.verify(VerifyOptions{}); !r.OK() {
		t.Fatalf("the test's own rewriting: %+v", r.Problems)
	}
	if r := w.verify(VerifyOptions{Pins: []Pin{{3, head.Root}}}); r.OK() {
		t.Error("a rewritten log passes")
	}
}

// Nothing is appended to a log that does not hold together.
func TestAppendToDamaged(t *testing.T) {
	for _, name := range []string{"a bit of an entry", "a first entry gone", "an entry emptied", "rewritten with checkpoint", "last one rewritten", "another case's entry", "checkpoint by another"} {
		w, other := small(t, "IR-1"), small(t, "IR-3")
		tamperings()[name].do(w, other)
		if i, err := w.open("IR-1").Append(context.Background(), Entry{Event: Analyzed}, w.legal); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: entry %d, %v", name, i, err)
		}
	}
}

// Every bit of an entry's file counts.
func TestBitFlips(t *testing.T) {
	w := small(t, "IR-1")
	b := w.read(entryKey(1))
	for i := range len(b) * 8 {
		bad := bytes.Clone(b)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := Parse(bad); err == nil {
			t.Fatalf("bit %d of byte %d (%q) flipped, and it still parses", i%8, i/8, b[i/8])
		}
	}
	for n := range b {
		if _, err := Parse(b[:n]); err == nil {
			t.Fatalf("cut to %d bytes, and it still parses", n)
		}
	}
}

// A huge object in an entry's place is not read.
func TestHugeEntry(t *testing.T) {
	w := small(t, "IR-1")
	if err := os.Truncate(w.path(entryKey(1)), 1<<40); err != nil {
		t.Skip(err)
	}
	if r := w.verify(VerifyOptions{}); r.OK() || !named(r, entryKey(1)) {
		t.Fatalf("%+v", r.Problems)
	}
	if code, _ := w.script(); code != 4 {
		t.Errorf("script exits %d", code)
	}
}

// Signed entries that are not in canonical form, or not in order, are refused:
// two readers must not see two things in one entry.
func TestCanonicalForm(t *testing.T) {
	s := signer(t, "A", keys.Examiner)
	e := Entry{Format: EntryFormat, Case: "IR-1", Previous: zeros, Time: evidence.At(newWorld(t, "x").now()),
		Event: Held, VKey: s.VKey(), Person: "A", Role: keys.Examiner, Note: "n"}
	good, err := e.encode()
	if err != nil {
		t.Fatal(err)
	}
	sign := func(text string) []byte {
		b, err := note.Sign(&note.Note{Text: text}, s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if _, err := Parse(sign(good)); err != nil {
		t.Fatal(err)
	}
	extra := strings.Replace(good, `,"note"`, `,"new_field":{"a":[1,true,null,"x"]},"note"`, 1)
	if r, err := Parse(sign(extra)); err != nil || r.Note != "n" {
		t.Fatalf("a field of a later version: %v", err)
	}
	for name, text := range map[string]string{
		"space":       strings.Replace(good, `,"note"`, `, "note"`, 1),
		"escape":      strings.Replace(good, `"note":"n"`, `"note":"\u006e"`, 1),
		"twice":       strings.Replace(good, `,"note":"n"`, `,"note":"n","note":"m"`, 1),
		"case twice":  strings.Replace(good, `,"note":"n"`, `,"note":"n","Case":"IR-2"`, 1),
		"fold twice":  strings.Replace(good, `,"note":"n"`, `,"note":"n","ca\u017fe":"IR-2"`, 1),
		"fold twice2": strings.Replace(good, `,"note":"n"`, ",\"note\":\"n\",\"ca\u017fe\":\"IR-2\"", 1),
		"order":       strings.Replace(good, `"case":"IR-1","index":0`, `"index":0,"case":"IR-1"`, 1),
		"float":       strings.Replace(good, `"note":"n"`, `"x":1.5`, 1),
		"exponent":    strings.Replace(good, `"index":0`, `"index":0e0`, 1),
		"big":         strings.Replace(good, `"note":"n"`, `"x":9007199254740993`, 1),
		"time":        strings.Replace(good, `000Z"`, `0Z"`, 1),
		"format":      strings.Replace(good, `custody/1`, `custody/2`, 1),
		"two lines":   good + "{}\n",
		"array":       "[]\n",
		"deep":        strings.Replace(good, `"note":"n"`, `"x":`+strings.Repeat("[", 50)+strings.Repeat("]", 50), 1),
	} {
		if text == good {
			t.Errorf("%s: the test changes nothing", name)
		}
		if _, err := Parse(sign(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	s := signer(f, "A", keys.Examiner)
	e := Entry{Format: EntryFormat, Case: "IR-1", Previous: zeros, Event: Held, VKey: s.VKey(), Person: "A", Role: keys.Examiner}
	e.Time.UnmarshalText([]byte("2026-01-17T09:30:00Z"))
	b, err := e.sign(s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"format":"hozen-custody/1","case":"IR-1"}` + "\n\n— a AAAA\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b)
		if err == nil && (r.check() != nil || !strings.HasPrefix(string(b), r.head())) {
			t.Fatalf("%q passes", b)
		}
	})
}

// FuzzCanonical: the canonical form is its own canonical form, and means the
// same.
func FuzzCanonical(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":["x",{"c":"\u2028\u0001\t"}],"d":null}`))
	f.Add([]byte(`{"a":{"a":{}},"b":-0}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := canonical(b)
		if err != nil {
			return
		}
		again, err := canonical(c)
		if err != nil || !bytes.Equal(c, again) {
			t.Fatalf("%q: %q, then %q, %v", b, c, again, err)
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	s := signer(f, "A", keys.Examiner)
	var tree seal.Tree
	tree.Append([]byte("x"))
	want := tree.At(Origin("IR-1"))
	b, err := want.Sign(s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(want.Text()))
	f.Fuzz(func(t *testing.T, c []byte) {
		if checkCheckpoint(c, s.VKey(), want) == nil && !bytes.Equal(c, b) {
			t.Fatalf("%q passes", c)
		}
	})
}
