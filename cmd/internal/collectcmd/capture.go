package collectcmd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/source/live"
	"github.com/hozen-dfir/hozen/evidence"
)

// captures are capture files named by hand, taken into the bundle as items of
// the source "capture".
type captures []string

// captureSource is the source's name, and capturesName the artifact's.
const (
	captureSource = "capture"
	capturesName  = "hozen.pcap"
)

func (captures) Name() string         { return capturesName }
func (captures) Needs() collect.Needs { return collect.Needs{} }
func (captures) Stage() collect.Stage { return collect.Settled }

// Collect implements collect.Artifact. The files lie on this host, whatever
// the source is.
func (c captures) Collect(ctx context.Context, _ collect.Source, sink evidence.Sink) error {
	host, err := live.Open()
	if err != nil {
		return fmt.Errorf("this host: %w", err)
	}
	defer host.Close()
	for _, name := range c {
		named := collect.LedgerOf(sink).For(name, true)
		if err := named.Add(ctx, captureItem(host, name)); err != nil {
			return err
		}
	}
	return nil
}

func captureItem(host collect.Source, name string) evidence.Item {
	it := evidence.Item{}
	r := &it.Record
	r.Source, r.Method, r.Artifacts = captureSource, host.Info().Method, []string{capturesName}
	path, err := filepath.Abs(name)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		r.SetPath(filepath.ToSlash(name))
		r.Outcome, r.Error = evidence.OutcomeOf(err), err.Error()
		return it
	}
	path = filepath.ToSlash(path)
	r.SetPath(path)
	if st, err := host.Lstat(path); err == nil {
		r.Stat = st
	}
	it.Open = func(ctx context.Context) (evidence.Content, error) { return openCapture(ctx, path) }
	return it
}

// openCapture opens a capture file through a source of its own: the sink reads
// an item when the artifact that named it has long returned.
func openCapture(ctx context.Context, path string) (evidence.Content, error) {
	host, err := live.Open()
	if err != nil {
		return nil, err
	}
	c, _, err := host.Open(ctx, path)
	if err != nil {
		return nil, errors.Join(err, host.Close())
	}
	return captureContent{c, host}, nil
}

type captureContent struct {
	evidence.Content
	host collect.Source
}

// Close implements io.Closer.
func (c captureContent) Close() error { return errors.Join(c.Content.Close(), c.host.Close()) }
