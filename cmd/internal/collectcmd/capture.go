package collectcmd

import (
	"context"
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
		if err := sink.Add(ctx, captureItem(host, name)); err != nil {
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
	it.Open = func(ctx context.Context) (evidence.Content, error) {
		c, _, err := host.Open(ctx, path)
		return c, err
	}
	return it
}
