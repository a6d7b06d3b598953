package bundle

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"strings"

	"github.com/hozen-dfir/hozen/evidence/store"
)

// Joined reads a bundle whose objects lie in several places, as a collection
// leaves it whose store stopped answering. Where two places have an object,
// the first counts.
func Joined(places ...Objects) Objects {
	if len(places) == 1 {
		return places[0]
	}
	return joined(places)
}

type joined []Objects

func (j joined) List(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	for i := len(j) - 1; i >= 0; i-- {
		names, err := j[i].List(ctx)
		if err != nil {
			return nil, err
		}
		maps.Copy(out, names)
	}
	return out, nil
}

func (j joined) Open(ctx context.Context, name string) (Object, error) {
	var absent, failed []error
	for _, o := range j {
		obj, err := o.Open(ctx, name)
		switch {
		case err == nil:
			return obj, nil
		case notThere(err):
			absent = append(absent, err)
		default:
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 { // it may lie where nobody could look
		absent = nil
	}
	return nil, errors.Join(append(absent, failed...)...)
}

func (j joined) Close() error {
	var errs []error
	for _, o := range j {
		errs = append(errs, o.Close())
	}
	return errors.Join(errs...)
}

func (j joined) String() string {
	var names []string
	for _, o := range j {
		names = append(names, o.String())
	}
	return strings.Join(names, " + ")
}

// notThere reports an error that says that there is no such object.
func notThere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrNotFound)
}
