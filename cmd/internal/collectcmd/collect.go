package collectcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/collect/run"
	"github.com/hozen-dfir/hozen/collect/source/image"
	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/sink"
	"github.com/hozen-dfir/hozen/evidence/tsa"
)

// memoryLimit keeps the garbage collector from letting the heap grow: peak
// resident memory of a collection stays below 192 MiB.
const memoryLimit = 160 << 20

// collectBundle is the whole of the command.
func collectBundle(ctx context.Context, app *cli.App, f flags, profileSet bool) error {
	if err := f.check(profileSet); err != nil {
		return err
	}
	debug.SetMemoryLimit(memoryLimit)
	defer cli.OutlivePipes()()
	recipients, err := f.recipients(app)
	if err != nil {
		return err
	}
	plan, notes, err := f.plan()
	if err != nil {
		return err
	}
	defer closeSources(plan.Sources)
	for _, r := range f.replaced {
		app.Warnf("definition %s of %s takes the place of the embedded one, its profiles too", r.By.Name, r.By.File)
	}
	for _, d := range f.idle {
		app.Warnf("--artifact %s is for other systems than those collected: nothing of it is taken", d.Name)
	}
	if err := f.preflight(ctx, app, &plan); err != nil {
		return err
	}
	o, signer, err := f.options(ctx, app, plan, recipients)
	if err != nil {
		return err
	}
	defer signer.Destroy()
	out, err := f.output(ctx)
	if err != nil {
		return outputHint(err)
	}
	// The bundle outlives an interruption: what was taken is sealed.
	var s run.Summary
	o.Footprint = func(t sink.Totals) map[string]string { return f.footprint(out, t, s.Processes) }
	w, err := sink.New(context.WithoutCancel(ctx), out, o)
	if err != nil {
		return errors.Join(StoreHint(err), out.Close())
	}
	app.Notef("collecting into %s (bundle %s)", out, w.Bundle())
	var runErr error
	s, runErr = f.run(ctx, app, w, &plan, notes)
	atVolumes(s.FirstGaps, notes)
	s.Notes = append(told(notes), s.Notes...)
	totals, err := w.Close(context.WithoutCancel(ctx), ending(s, runErr, signer.Ephemeral()))
	if runErr != nil {
		err = runErr // which Close repeats where it was the writer's
	}
	if err != nil {
		return cli.WithHint(fmt.Errorf("the collection broke off: %w", err),
			fmt.Sprintf("what was sealed before is in %s: hozen recover gives it back", out))
	}
	return conclude(app, f, out, totals, s, signer)
}

// outputHint says what to do where the output can't be made.
func outputHint(err error) error {
	if errors.Is(err, fs.ErrExist) {
		return cli.WithHint(err, "a bundle is never written into another one: name a new place")
	}
	return cli.WithHint(StoreHint(err), "name another place with --out: a folder, file.zip or s3://bucket/prefix")
}

// recipients reads --to and warns where one lost key would lose the evidence.
func (f *flags) recipients(app *cli.App) (*keys.Recipients, error) {
	if f.noEncryption {
		app.Warnf("the bundle will not be encrypted: whoever reads it reads the evidence")
		return &keys.Recipients{}, nil
	}
	r, err := keys.ParseRecipients(f.to)
	if err != nil {
		return nil, KeyError("to", WantRecipient, err)
	}
	if len(r.Age) == 1 {
		app.Warnf("one recipient alone: if that key is lost, so is the evidence (give --to twice)")
	}
	return r, nil
}

// options makes the writer's options, and the key that signs.
func (f *flags) options(ctx context.Context, app *cli.App, p run.Plan, to *keys.Recipients) (sink.Options, *keys.Signer, error) {
	o := sink.Options{
		Recipients: to.Age, NoEncryption: f.noEncryption, Workers: f.workers,
		SHA1: slices.Contains(f.hashes, "sha1"), MD5: slices.Contains(f.hashes, "md5"),
	}
	o.Header = f.header(app, p)
	signer, err := f.signer(ctx, app, o.Header.Bundle)
	if err != nil {
		return o, nil, err
	}
	o.Signer, o.VKey = signer, signer.VKey()
	o.Header.Signer = seal.Signer{Ephemeral: signer.Ephemeral(), Role: string(signer.Role())}
	if f.tsa != "" {
		o.TimeStamp = func(ctx context.Context, checkpoint []byte) ([]byte, error) {
			return tsa.Request(ctx, f.tsa, checkpoint)
		}
	}
	return o, signer, nil
}

func (f *flags) signer(ctx context.Context, app *cli.App, bundleID string) (*keys.Signer, error) {
	if f.signKey == "" {
		return keys.NewEphemeral(bundleID)
	}
	app.Warnf("a long-lived signing key is on this host while it is collected; without --sign-key none is")
	s, err := keys.LoadSigner(f.signKey, func(file string) (string, error) {
		p, err := app.Passphrase(ctx, "Passphrase for "+file, false)
		return string(p), err
	})
	if err != nil {
		return nil, KeyError("sign-key", WantSigner, err)
	}
	return s, nil
}

// run carries the plan out, with progress.
func (f *flags) run(ctx context.Context, app *cli.App, w *sink.Writer, p *run.Plan, notes []image.Note) (run.Summary, error) {
	p.Sink, p.Found = w, found(notes)
	bar := app.Progress("collecting")
	defer bar.Done()
	var last run.Progress
	p.Watch = func(now run.Progress) {
		now.Bytes = max(now.Bytes, last.Bytes) // an item that was read is settled a little later
		bar.Add(now.Items-last.Items, now.Bytes-last.Bytes)
		last = now
	}
	return run.Run(ctx, *p)
}

// found are the records of what an image holds that no source reads, or reads
// in another way.
func found(notes []image.Note) []evidence.Record {
	var out []evidence.Record
	for i, n := range notes {
		r := evidence.Record{Source: "hozen", Method: "hozen", Outcome: evidence.Empty, Reason: n.Text}
		if n.Unread {
			r.Outcome, r.Reason, r.Error = evidence.Failed, "", n.Text
		}
		r.SetPath(notePath(i, n))
		out = append(out, r)
	}
	return out
}

func notePath(i int, n image.Note) string {
	return "/image-notes/" + strconv.Itoa(i+1) + "/" + n.Volume
}

// atVolumes lets the gaps that are such records name the volume instead.
func atVolumes(gaps []run.Gap, notes []image.Note) {
	for i, n := range notes {
		for j := range gaps {
			if g := &gaps[j]; g.Artifact == run.FoundName && g.Path == notePath(i, n) {
				g.Source, g.Path = cmp.Or(n.Volume, "image"), "/"
			}
		}
	}
}

// notesTold is how many notes of images are shown; all are in the bundle.
const notesTold = 20

// told are the notes that are no gaps, which are shown as such: an image that was
// cut short, a copy that was used in place of what is damaged.
func told(notes []image.Note) []string {
	var out []string
	for _, n := range notes {
		if !n.Unread && len(out) < notesTold {
			out = append(out, n.String())
		}
	}
	return out
}

// ending is the end leaf's draft.
func ending(s run.Summary, err error, ephemeral bool) seal.End {
	e := seal.End{State: seal.Complete, Reason: s.Stopped, Gaps: int(s.Gaps), KeyFate: seal.Signer{Ephemeral: ephemeral}.KeyFate()}
	if s.Interrupted || err != nil {
		e.State = seal.Interrupted
	}
	if err != nil {
		e.Reason = err.Error()
	}
	return e
}

// conclude says what came of it, in the end what to write down.
func conclude(app *cli.App, f flags, out sink.Output, t sink.Totals, s run.Summary, signer *keys.Signer) error {
	if t.TimeStampErr != nil {
		app.Warnf("no time stamp: %v", t.TimeStampErr)
	}
	if sp, ok := out.(sink.Spilled); ok {
		if folder, cause := sp.Spilled(); cause != nil {
			app.Warnf("the store stopped answering (%v): the rest of the bundle is in %s; hozen store put joins the two", cause, folder)
		}
	}
	r := result{
		Format: "hozen-collect/1", Bundle: t.Bundle, Case: f.caseID, Place: out.String(), State: seal.Complete,
		Items: t.Items, Bytes: t.Bytes, Stored: t.Stored, Segments: t.Segments, Outcomes: t.Outcomes, Gaps: s.Gaps,
		Root: seal.RootText(t.Checkpoint.Root), Words: seal.Words(t.Checkpoint.Root), VKey: signer.VKey(), Fingerprint: signer.Fingerprint(),
		Ephemeral: signer.Ephemeral(), Stopped: s.Stopped, FirstGaps: gapsOf(s), Artifacts: talliesOf(s), Unsupported: s.Unsupported, Notes: s.Notes,
	}
	if s.Interrupted {
		r.State = seal.Interrupted
	}
	if err := r.show(app); err != nil {
		return err
	}
	if s.Gaps > 0 || s.Interrupted || s.Stopped != "" || t.TimeStampErr != nil {
		return cli.Ended(cli.Gaps)
	}
	return nil
}

// platform is what the header says of the program's own build.
func platform() (string, string) { return runtime.GOOS, runtime.GOARCH }
