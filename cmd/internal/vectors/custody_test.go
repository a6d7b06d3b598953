package vectors

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/hozen-dfir/hozen/evidence/custody"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/store/dir"
)

// custody makes one store with a case for each log: IR-good, and others that
// lie or were changed.
func (m maker) custody() {
	for name, note := range map[string]string{"good": "as it was", "text": nasty, "changed": "x", "cut": "x", "reordered": "x", "older": "x", "forged": "x", "twice": "x", "case": "x", "space": "x"} {
		m.log("IR-"+name, note)
	}
	entry := func(name, n string) string { return filepath.Join(m.dir, "custody/cases/IR-"+name+"/custody", n) }
	change := func(file string, f func([]byte) []byte) {
		b, err := os.ReadFile(file)
		m.must(err)
		m.must(os.WriteFile(file, f(b), 0o644))
	}
	change(entry("changed", "entries/000001.note"), func(b []byte) []byte { return bytes.Replace(b, []byte(`"note":"x"`), []byte(`"note":"y"`), 1) })
	m.must(os.Remove(entry("cut", "entries/000001.note")))
	one, err := os.ReadFile(entry("reordered", "entries/000001.note"))
	m.must(err)
	change(entry("reordered", "entries/000002.note"), func(b []byte) []byte {
		m.must(os.WriteFile(entry("reordered", "entries/000001.note"), b, 0o644))
		return one
	})
	old, err := os.ReadFile(entry("older", "checkpoints/000002.checkpoint"))
	m.must(err)
	change(entry("older", "checkpoints/000003.checkpoint"), func([]byte) []byte { return old })
	change(entry("forged", "entries/000002.note"), func(b []byte) []byte {
		at := bytes.LastIndexByte(bytes.TrimSpace(b), ' ') + 1
		sig, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(b[at:])))
		m.must(err)
		sig[20] ^= 1
		return append(b[:at:at], base64.StdEncoding.EncodeToString(sig)+"\n"...)
	})
	m.resigned("twice", `"note":"x"`, `"note":"x","note":"y"`)
	m.resigned("case", `"note":"x"`, `"Note":"x"`)
	m.resigned("space", `"note":"x"`, `"note": "x"`)
}

// resigned changes the last entry of a log and signs it, and the checkpoint
// over it, anew: as its own actor can.
func (m maker) resigned(name, from, to string) {
	folder := filepath.Join(m.dir, "custody/cases/IR-"+name+"/custody")
	s := m.testSigner()
	var tree seal.Tree
	for i := range 3 {
		file := filepath.Join(folder, fmt.Sprintf("entries/%06d.note", i))
		b, err := os.ReadFile(file)
		m.must(err)
		if i == 2 {
			line, _, _ := strings.Cut(string(b), "\n")
			if !strings.Contains(line, from) {
				m.Fatalf("%s has no %s", line, from)
			}
			b, err = note.Sign(&note.Note{Text: strings.Replace(line, from, to, 1) + "\n"}, s)
			m.must(err)
			m.must(os.WriteFile(file, b, 0o644))
		}
		tree.Append(b)
	}
	cp, err := tree.At(custody.Origin("IR-" + name)).Sign(s)
	m.must(err)
	m.must(os.WriteFile(filepath.Join(folder, "checkpoints/000003.checkpoint"), cp, 0o644))
}

// log writes the log of one case: three entries by the test key.
func (m maker) log(caseID, note string) {
	m.random(caseID)
	st, err := dir.Create(filepath.Join(m.dir, "custody"))
	m.must(err)
	defer st.Close()
	c := &clock{at: epoch}
	s, err := keys.LoadSigner(filepath.Join(m.dir, "keys/examiner"), nil)
	m.must(err)
	log, err := custody.Open(st, caseID, func() time.Time { c.pass(time.Second); return c.now() })
	m.must(err)
	ref := &custody.BundleRef{ID: "20260117t093000z-web01-plain", Size: 5, Root: base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))}
	for _, e := range []custody.Event{custody.Collected, custody.Received, custody.Verified} {
		_, err := log.Append(context.Background(), custody.Entry{Event: e, Bundle: ref, Note: note, Purpose: note, Place: note,
			Details: map[string]string{"host": note, strings.ToValidUTF8(note[:min(len(note), 60)], ""): note}}, s)
		m.must(err)
	}
}
