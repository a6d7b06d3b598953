package collectcmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/collect/run"
	"github.com/hozen-dfir/hozen/evidence/sink"
)

// How long the estimate may take where the collection starts without a
// question: definitions are looked through in less than a second on most hosts,
// a tree named by hand may be of any size.
const (
	wholeLook = time.Second
	quickLook = 100 * time.Millisecond
)

// preflight looks before anything is written, says what it saw, and asks only
// where --confirm was given.
func (f *flags) preflight(ctx context.Context, app *cli.App, p *run.Plan) error {
	output := f.out
	if f.remote() {
		output = f.spill
	}
	look := ctx
	if !f.confirm { // nobody waits for a number: a quick look will do
		limit := quickLook
		if len(p.Definitions) > 0 {
			limit = wholeLook
		}
		var cancel context.CancelFunc
		look, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	c := run.Check(look, *p, output)
	if !f.offline() {
		p.Own = append(p.Own, c.Own...)
	}
	more := ""
	if c.Estimate.Cut {
		more = "at least "
	}
	free := ""
	if c.FreeBytes >= 0 {
		free = fmt.Sprintf("; %s free at the output", cli.Bytes(c.FreeBytes))
	}
	app.Notef("preflight: %s%s files, %s to read%s", more, cli.Count(c.Estimate.Files), cli.Bytes(c.Estimate.Bytes), free)
	for _, w := range c.Warnings {
		app.Warnf("%s", w)
	}
	if !f.confirm {
		return nil
	}
	return ask(ctx, app)
}

// ask wants a plain yes on standard input. Ctrl-C is none.
func ask(ctx context.Context, app *cli.App) error {
	fmt.Fprintln(app.Err, "Start? [y/N]")
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	in := bufio.NewReader(io.LimitReader(app.In, 100))
	go func() { // ends with the answer, or with the process
		answer, err := in.ReadString('\n')
		read <- line{answer, err}
	}()
	var l line
	select {
	case <-ctx.Done():
		return ctx.Err()
	case l = <-read:
	}
	if l.err != nil && !errors.Is(l.err, io.EOF) {
		return fmt.Errorf("reading the answer: %w", l.err)
	}
	if a := strings.ToLower(strings.TrimSpace(l.text)); a != "y" && a != "yes" {
		return cli.WithHint(errors.New("not confirmed: nothing was collected"), "--confirm wants y or yes on standard input; without it the collection starts at once")
	}
	return nil
}

// footprint is the collector's own trace on the host, for the end leaf.
func (f *flags) footprint(out sink.Output, t sink.Totals, processes int64) map[string]string {
	return run.Measure(f.created(out, t), processes).Map()
}

// created is how many files of the output lie on this host. They are counted as
// they were put; of a store there are none but those that it refused.
func (f *flags) created(out sink.Output, t sink.Totals) int64 {
	const end = 2 // leaf and checkpoint of the end, which are still to come
	switch {
	case f.remote():
		sp, ok := out.(sink.Spilled)
		if !ok {
			return 0
		}
		if folder, cause := sp.Spilled(); cause != nil {
			return filesBelow(folder) + end
		}
		return 0
	case f.zip():
		return 1
	}
	// Two texts; leaf and checkpoint of header and segments; segments.
	return 2 + 2*(int64(t.Segments)+1) + int64(t.Segments) + end
}

func filesBelow(folder string) (n int64) {
	_ = filepath.WalkDir(folder, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			n++
		}
		return nil
	})
	return n
}
