package intake

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/custody"
	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// record writes the case's log: what the collector stated, under the
// examiner's signature, then what was done here. What the log has is not
// entered again, by whomever: an intake that broke off, repeated; another of the
// same bundle at the same time.
func (p *putter) record(ctx context.Context, infos []store.Info) error {
	base := custody.Entry{Bundle: p.ref(), Purpose: p.Purpose, Basis: p.Basis, Place: p.Place}
	for _, e := range entries(p.Bundle, base, p.done.Report) {
		if e.Event == custody.Stored && p.had[custody.Received] && !p.had[custody.Stored] {
			if err := p.await(ctx); err != nil {
				return err
			}
		}
		if p.had[e.Event] {
			continue
		}
		n, err := p.enter(ctx, e, infos)
		if err != nil {
			return err
		}
		if n >= 0 {
			p.done.Entries = append(p.done.Entries, n)
		}
	}
	if len(p.done.Entries) > 0 {
		return nil
	}
	return p.log.Finish(ctx, p.Signer)
}

// enter appends an entry; -1 where another intake was first. One with a receipt
// is appended in any case: a receipt that no entry names is a gap.
func (p *putter) enter(ctx context.Context, e custody.Entry, infos []store.Info) (int64, error) {
	if e.Event != custody.Stored {
		return p.log.AppendUnless(ctx, e, p.Signer, func(r custody.Record) bool {
			p.note(r, p.had)
			return p.had[e.Event]
		})
	}
	var err error
	if e.Receipt, err = p.receipt(ctx, infos); err != nil {
		return 0, fmt.Errorf("storing the receipt: %w", err)
	}
	return p.log.Append(ctx, e, p.Signer)
}

// patience is how long an intake that finds the bundle received by its actor,
// and not stored, waits for whoever may be about to enter that.
const patience = 2 * time.Second

// await waits until the log has that the bundle is stored. Where whoever entered
// that it was received died over it, this intake enters the rest.
func (p *putter) await(ctx context.Context) error {
	const step = 100 * time.Millisecond
	for range patience / step {
		had, _, err := p.recorded(ctx)
		if err != nil {
			return err
		}
		if p.had = had; had[custody.Stored] {
			return nil
		}
		select {
		case <-time.After(step):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// receipt stores a receipt, but for where an intake that broke off left one.
func (p *putter) receipt(ctx context.Context, infos []store.Info) (*custody.Ref, error) {
	r := custody.Receipt{Bundle: p.done.Bundle, Store: p.Store.String(), Made: evidence.At(p.Now()), Objects: infos}
	if ref, err := p.log.LoneReceipt(ctx, r, p.receipts); err != nil || ref != nil {
		return ref, err
	}
	return p.log.PutReceipt(ctx, r)
}

// recorded tells which events of this very intake the log has, and all that was
// received under the bundle's id.
func (p *putter) recorded(ctx context.Context) (map[custody.Event]bool, []custody.BundleRef, error) {
	had := map[custody.Event]bool{}
	var refs []custody.BundleRef
	for r, err := range p.log.Entries(ctx) {
		if err != nil {
			return nil, nil, fmt.Errorf("reading the custody log: %w", err)
		}
		p.note(r, had)
		if r.Receipt != nil {
			p.receipts[r.Receipt.SHA256] = true
		}
		if isIntake(r, p.Bundle) {
			refs = append(refs, *r.Bundle)
		}
	}
	return had, refs, nil
}

// note adds what an entry says of this very intake. The collector's statements
// are the same whoever enters them; that it was received and stored are acts of
// this actor, and another's intake says nothing of them.
func (p *putter) note(r custody.Record, had map[custody.Event]bool) {
	stated := r.Event == custody.Collected || r.Event == custody.Sealed
	if r.Bundle != nil && *r.Bundle == *p.ref() && (stated || r.VKey == p.Signer.VKey()) {
		had[r.Event] = true
	}
}

func entries(b *bundle.Bundle, base custody.Entry, rep *verify.Report) []custody.Entry {
	h := b.Header
	collected := base
	collected.Event, collected.Occurred = custody.Collected, sane(h.Started)
	collected.Place, collected.Note = custody.Clip(h.Place, stated), custody.Clip(h.Note, stated)
	collected.Details = clipped(map[string]string{
		"examiner": h.Examiner, "host": h.Host["hostname"], "kind": h.Kind, "tool": h.Tool.Name + " " + h.Tool.Version,
		"tool_sha256": h.Tool.SHA256, "collector_key": h.Signer.VKey, "stated_by": "the collector, in its header",
	})
	out := []custody.Entry{collected}
	if b.End != nil {
		sealed := base
		sealed.Event, sealed.Occurred = custody.Sealed, sane(b.End.Ended)
		sealed.Details = clipped(map[string]string{
			"state": b.End.State, "items": strconv.FormatUint(b.End.Items, 10), "segments": strconv.Itoa(b.End.Segments),
			"gaps": strconv.Itoa(b.End.Gaps), "collector_key": b.End.KeyFate, "stated_by": "the collector, in its end leaf",
		})
		out = append(out, sealed)
	}
	received := base
	received.Event = custody.Received
	received.Details = clipped(map[string]string{"from": b.String(), "state": rep.State, "checked": checked(rep), "root_words": rep.Words})
	stored := base
	stored.Event = custody.Stored
	return append(out, received, stored)
}

// sane leaves out a time that no entry may hold: a collector can state any.
func sane(t evidence.Time) evidence.Time {
	if t.Year() < 1 {
		return evidence.Time{}
	}
	return t
}

// stated bounds a text that the collector, or a path, brings into an entry: the
// whole of it is in the bundle's header.
const stated = 500

// clipped bounds the details of an entry, and leaves out those that say nothing.
func clipped(m map[string]string) map[string]string {
	for k, v := range m {
		if m[k] = custody.Clip(v, stated); v == "" {
			delete(m, k)
		}
	}
	return m
}

// checked names the checks that ran, and those that could not.
func checked(r *verify.Report) string {
	var parts []string
	for _, c := range r.Checks {
		parts = append(parts, c.Name+" "+c.Status)
	}
	return strings.Join(parts, ", ")
}
