// Package bundletest writes bundles for tests of what writes, reads and checks
// them: honest ones through the sink, and soundly signed lies, which only a
// dishonest or broken collector would make.
package bundletest

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"testing"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/sink"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// Maker holds what a test needs to write bundles: a signer, and an identity
// that opens them. What goes wrong ends the test.
type Maker struct {
	t      testing.TB
	Signer note.Signer
	VKey   string
	ID     *age.X25519Identity
}

// New makes a maker with keys of its own.
func New(t testing.TB) *Maker {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "tester")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return &Maker{t, signer, vkey, id}
}

// Options are those of an encrypted bundle.
func (m *Maker) Options() sink.Options {
	return sink.Options{
		Header: seal.Header{Case: "IR-1", Tool: seal.Tool{Name: "test"}, Host: map[string]string{"hostname": "web01"}},
		Signer: m.Signer, VKey: m.VKey, Recipients: []age.Recipient{m.ID.Recipient()},
	}
}

// Begin begins a bundle folder.
func (m *Maker) Begin(o sink.Options) (string, *sink.Writer) {
	m.t.Helper()
	dir := filepath.Join(m.t.TempDir(), "b")
	out, err := sink.NewDir(dir)
	if err != nil {
		m.t.Fatal(err)
	}
	w, err := sink.New(context.Background(), out, o)
	if err != nil {
		m.t.Fatal(err)
	}
	return dir, w
}

// Write makes a bundle folder with the given items.
func (m *Maker) Write(o sink.Options, items ...evidence.Item) (string, sink.Totals) {
	m.t.Helper()
	dir, w := m.Begin(o)
	return dir, m.fill(w, items)
}

// WriteTo writes a bundle with the given items to out.
func (m *Maker) WriteTo(out sink.Output, o sink.Options, items ...evidence.Item) sink.Totals {
	m.t.Helper()
	w, err := sink.New(context.Background(), out, o)
	if err != nil {
		m.t.Fatal(err)
	}
	return m.fill(w, items)
}

func (m *Maker) fill(w *sink.Writer, items []evidence.Item) sink.Totals {
	m.t.Helper()
	for _, it := range items {
		if err := w.Add(context.Background(), it); err != nil {
			m.t.Fatal(err)
		}
	}
	totals, err := w.Close(context.Background(), seal.End{KeyFate: "kept"})
	if err != nil {
		m.t.Fatal(err)
	}
	return totals
}

// Open opens a bundle folder until the test ends.
func (m *Maker) Open(dir string, ids ...age.Identity) *bundle.Bundle {
	m.t.Helper()
	o, err := bundle.DirObjects(dir)
	if err != nil {
		m.t.Fatal(err)
	}
	b, err := bundle.Open(context.Background(), o, ids...)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { b.Close() })
	return b
}

// Verify checks a bundle folder as far as the options and identities allow.
func (m *Maker) Verify(dir string, o verify.Options, ids ...age.Identity) *verify.Report {
	m.t.Helper()
	r, err := verify.Bundle(context.Background(), m.Open(dir, ids...), o)
	if err != nil {
		m.t.Fatal(err)
	}
	return r
}
