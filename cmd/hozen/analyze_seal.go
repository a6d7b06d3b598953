package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"filippo.io/age"

	"github.com/hozen-dfir/hozen/analyze/report"
	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/cmd/internal/collectcmd"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/custody"
	"github.com/hozen-dfir/hozen/evidence/intake"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/sink"
)

// noCase is the case of findings in loose files where none was named.
const noCase = "unassigned"

// seal makes the findings bundle.
func (f *sweepRun) seal(ctx context.Context) error {
	if f.out == "" {
		return nil
	}
	o, err := f.sealOptions()
	if err != nil {
		return err
	}
	out, err := sink.NewDir(f.bundleDir())
	if err != nil {
		return err
	}
	t, err := report.Seal(ctx, f.out, f.facts, out, o)
	if err != nil {
		return fmt.Errorf("sealing the findings: %w", err)
	}
	f.sealed = &t
	f.app.Notef("findings in %s, sealed in %s; root %s", f.out, f.bundleDir(), seal.Words(t.Checkpoint.Root))
	return nil
}

// canRecord finds out before a sweep of hours whether it can be recorded: there
// is a bundle, and the store has taken every one of them in.
func (f *sweepRun) canRecord(ctx context.Context, bundles []*bundle.Bundle) error {
	if f.log == nil {
		return nil
	}
	if len(bundles) == 0 && f.damaged.Load() == 0 {
		return cli.Usagef("--store %s: no target is a bundle, and of nothing else is there a custody log", f.store)
	}
	for _, b := range bundles {
		if err := intake.TakenIn(ctx, f.log, b); err != nil {
			return custodyError(err)
		}
	}
	return nil
}

// record writes to the custody log of each bundle's case that it was analyzed.
func (f *sweepRun) record(ctx context.Context) error {
	if f.log == nil {
		return nil
	}
	rules := 0
	for _, r := range f.facts.Rules {
		rules += r.Rules
	}
	details := map[string]string{"tool": f.facts.Tool + " " + f.facts.Version, "rules": strconv.Itoa(rules)}
	if f.sealed != nil {
		details["findings_bundle"], details["findings_root"] = f.sealed.Bundle, seal.RootText(f.sealed.Checkpoint.Root)
	}
	for _, b := range f.bundles {
		if err := recordEvent(ctx, f.app, f.log, b, custody.Analyzed, details, f.signer); err != nil {
			return err
		}
	}
	return nil
}

func (f *sweepRun) sealOptions() (o sink.Options, err error) {
	o.Recipients, o.NoEncryption = f.readers, len(f.readers) == 0
	h := &o.Header
	h.Case = f.caseID
	if h.Case == "" && len(f.bundles) > 0 {
		h.Case = f.bundles[0].Header.Case
	}
	if h.Case == "" {
		h.Case = noCase
	}
	h.Tool = seal.Tool{Name: "hozen", OS: runtime.GOOS, Arch: runtime.GOARCH}
	h.Tool.Version, h.Tool.Commit = cli.Version()
	if _, h.Tool.SHA256, err = cli.RunningBinary(); err != nil {
		return o, err
	}
	h.Host = map[string]string{}
	if name, err := os.Hostname(); err == nil {
		h.Host["hostname"] = name
	}
	signer := f.signer
	h.Examiner = signer.Person()
	h.Signer = seal.Signer{Ephemeral: signer.Ephemeral(), Role: string(signer.Role())}
	o.Signer, o.VKey = signer, signer.VKey()
	return o, nil
}

// prepare reads what the flags name, so that a sweep of hours does not end
// over a key that is not there.
func (f *sweepRun) prepare(ctx context.Context) (err error) {
	load := loadSigner
	if f.store != "" {
		load = loadActor
	}
	if f.signer, err = load(ctx, f.app, "sign-key", f.signKey); err != nil {
		return err
	}
	if f.signer == nil {
		if f.signer, err = keys.NewEphemeral("sweep"); err != nil {
			return err
		}
	}
	if f.store != "" {
		if f.log, err = openStore(ctx, f.store); err != nil {
			return err
		}
	}
	if f.ids, err = loadIdentities(ctx, f.app, f.identities); err != nil {
		return err
	}
	f.readers, err = f.recipients()
	return err
}

// recipients are those of --to, or else whoever could read the evidence: the
// identities that the sweep was given.
func (f *sweepRun) recipients() ([]age.Recipient, error) {
	to := f.to
	if len(to) == 0 {
		for _, id := range f.ids {
			if k, ok := id.(*keys.Identity); ok {
				to = append(to, k.Recipient())
			}
		}
	}
	if len(to) == 0 {
		return nil, nil
	}
	r, err := keys.ParseRecipients(to)
	if err != nil {
		return nil, collectcmd.KeyError("to", collectcmd.WantRecipient, err)
	}
	return r.Age, nil
}
