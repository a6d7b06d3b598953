//go:build !linux

package live

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
)

// readSorted yields the entries of d, sorted where they are few enough; an
// error is returned, not yielded.
func readSorted(ctx context.Context, d *os.File, yield func(collect.Entry, error) bool) error {
	var batch []collect.Entry
	streaming := false
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		some, err := d.ReadDir(4096)
		for _, e := range some {
			batch = append(batch, collect.Entry{Name: e.Name(), Type: evidence.TypeOf(e.Type())})
		}
		streaming = streaming || len(batch) > sortLimit
		if err != nil && !streaming {
			slices.SortFunc(batch, func(a, b collect.Entry) int { return strings.Compare(a.Name, b.Name) })
		}
		if err != nil || streaming {
			for _, e := range batch {
				if !yield(e, nil) {
					return nil
				}
			}
			batch = batch[:0]
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
