//go:build cgo

package yara

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	yr "github.com/hillu/go-yara/v4"
)

// Of the time that an item has, all rules together get firstShare per cent. If
// they are not done then, one of them may be to blame, which libyara does not
// say, and it has reported none of the others: it reports when all are done.
// Until partsEnd per cent they are tried in parts. The rest of the time is for
// the analyzers that come after.
const (
	firstShare = 60
	partsEnd   = 85
	maxTries   = 12 // of parts that are not done in time
	namedParts = 5  // in an error
)

// part is what of a set of rules can be tried without the rest: one rule file,
// or one rule of a file whose rules don't need each other.
type part struct {
	name  string
	rules []yr.Rule
}

func (a *Analyzer) divide() (out []part) {
	at := map[string]int{}
	for _, r := range a.rules.GetRules() {
		space := r.Namespace()
		file := a.files[space]
		if a.loose[space] {
			out = append(out, part{file + ": " + r.Identifier(), []yr.Rule{r}})
			continue
		}
		i, ok := at[space]
		if !ok {
			i = len(out)
			at[space] = i
			out = append(out, part{name: file})
		}
		out[i].rules = append(out[i].rules, r)
	}
	return out
}

// limit is the time that an item has, and whether it is the context's.
func (a *Analyzer) limit(ctx context.Context) (left time.Duration, bounded bool) {
	left = a.opts.Timeout
	if d, ok := ctx.Deadline(); ok && time.Until(d) < left {
		return time.Until(d), true
	}
	return left, false
}

// inParts tries the rules again in parts, halved where they take too long, until
// only those are left that do, or the time is used up. scan scans for at most d.
func (a *Analyzer) inParts(ctx context.Context, until time.Time, whole error, scan func(d time.Duration) error) error {
	slice := max(time.Second, time.Until(until)/maxTries)
	if a.parts == nil {
		a.parts = a.divide()
	}
	defer func() { // no part's state is kept
		enable(a.parts)
		a.stale = true
	}()
	todo, late := halves(a.parts), []part(nil)
	for len(todo) > 0 {
		some := todo[0]
		todo = todo[1:]
		if ctx.Err() != nil || time.Until(until) < time.Second { // libyara counts in seconds
			late = append(late, some...)
			continue
		}
		disable(a.parts)
		enable(some)
		if err := a.renew(); err != nil {
			return err
		}
		err := scan(min(slice, time.Until(until)))
		switch {
		case err == nil:
		case !errors.Is(err, ErrTimeout):
			return err
		case len(some) == 1:
			late = append(late, some...)
		default:
			todo = append(todo, halves(some)...)
		}
	}
	return notDone(whole, late, len(a.parts))
}

func enable(parts []part) {
	for _, p := range parts {
		for i := range p.rules {
			p.rules[i].Enable()
		}
	}
}

func disable(parts []part) {
	for _, p := range parts {
		for i := range p.rules {
			p.rules[i].Disable()
		}
	}
}

func halves(parts []part) (out [][]part) {
	half := (len(parts) + 1) / 2
	for _, some := range [][]part{parts[:half], parts[half:]} {
		if len(some) > 0 {
			out = append(out, some)
		}
	}
	return out
}

// notDone names the parts that were not tried to the end. Where that is all,
// nothing is known beyond the error.
func notDone(whole error, late []part, of int) error {
	if len(late) == 0 {
		return nil
	}
	if len(late) == of && of > 1 {
		return whole
	}
	names := make([]string, len(late))
	for i, p := range late {
		names[i] = p.name
	}
	slices.Sort(names)
	what := strings.Join(names[:min(len(names), namedParts)], ", ")
	if more := len(names) - namedParts; more > 0 {
		what += fmt.Sprintf(" and %d more", more)
	}
	if of > 1 {
		what += "; all other rules were tried"
	}
	return fmt.Errorf("%w with %s", ErrTimeout, what)
}
