package main

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
)

// globHelp tells the users of commands that select how to.
const globHelp = `In a PATH-GLOB * and ? stand for what lies within one folder, ** goes across
folders, a / at the end takes everything below; before it may stand a source and a
colon, as ls shows them. Where nothing is selected the command fails (1); where
one path of several has no item it is named, and the exit code is 3. Where only
what stands around the items was altered (the ZIP, README.txt, verify.sh, a
countersignature, the time stamp) that is said, the items are read all the same,
and the exit code is 4.`

// selection says which items of a bundle a command is about.
type selection struct {
	artifacts, outcomes, sources []string
	sha256                       []string
	paths                        []*pathGlob
}

// pathGlob is one path glob of the command line.
type pathGlob struct {
	text  string
	re    *regexp.Regexp
	found bool // an item's path matched, whatever else was asked for
}

// flags adds the selecting flags to a command.
func (s *selection) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&s.artifacts, "artifact", nil, "only items that this `definition` asked for (repeatable)")
	f.StringArrayVar(&s.outcomes, "outcome", nil, "only items with this `outcome`: collected, changed, partial, missing, empty, denied, failed, skipped (repeatable)")
	f.StringArrayVar(&s.sources, "source", nil, "only items of this `source`: live, hozen, p1 … (repeatable)")
	f.StringArrayVar(&s.sha256, "sha256", nil, "only items with this `digest` (repeatable)")
}

// setPaths takes path globs: * and ? within a component, ** across them; a
// glob that ends in / means everything below, and one may begin with a source
// and a colon, as ls shows paths.
func (s *selection) setPaths(globs []string) error {
	for _, g := range globs {
		if g == "" {
			return cli.Usagef("an empty path")
		}
		s.paths = append(s.paths, &pathGlob{text: g, re: globPattern(g)})
	}
	for _, o := range s.outcomes {
		if !evidence.Outcome(o).Valid() {
			return cli.Usagef("unknown outcome %q; the outcomes are %v", o, evidence.Outcomes())
		}
	}
	for i, h := range s.sha256 {
		s.sha256[i] = strings.ToLower(h)
		if !hexDigest.MatchString(s.sha256[i]) {
			return cli.Usagef("--sha256 %q: want 64 hex digits", h)
		}
	}
	return nil
}

var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// globPattern turns a glob into an expression over what textOf gives.
func globPattern(g string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	runes := []rune(textOf(g))
	for i := 0; i < len(runes); i++ {
		switch {
		case runes[i] == '*' && i+1 < len(runes) && runes[i+1] == '*':
			b.WriteString(`.*`)
			i++
		case runes[i] == '*':
			b.WriteString(`[^/]*`)
		case runes[i] == '?':
			b.WriteString(`[^/]`)
		default:
			b.WriteString(regexp.QuoteMeta(string(runes[i])))
		}
	}
	if strings.HasSuffix(g, "/") {
		b.WriteString(`.*`)
	}
	b.WriteString(`\z`)
	return regexp.MustCompile(b.String()) // every piece is quoted or our own
}

// badByte is where textOf puts bytes that are not UTF-8: the end of a
// private plane, which no file name is known to use.
const badByte = 0x10fe00

// textOf makes text that regexp can tell apart from any path: regexp takes
// every byte that is not UTF-8 for the same character, and refuses them in an
// expression.
func textOf(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			r = badByte + rune(s[i])
		}
		b.WriteRune(r)
		i += n
	}
	return b.String()
}

// match reports whether an item is meant. A path that is not UTF-8 is found by
// its bytes, and by the record's readable form of them.
func (s *selection) match(r evidence.Record) bool {
	named := len(s.paths) == 0
	for _, p := range s.paths { // each, for missed
		if p.match(r) {
			p.found, named = true, true
		}
	}
	return named &&
		(len(s.outcomes) == 0 || slices.Contains(s.outcomes, string(r.Outcome))) &&
		(len(s.sources) == 0 || slices.Contains(s.sources, r.Source)) &&
		(len(s.sha256) == 0 || slices.Contains(s.sha256, r.SHA256)) &&
		(len(s.artifacts) == 0 || slices.ContainsFunc(s.artifacts, func(a string) bool { return slices.Contains(r.Artifacts, a) }))
}

func (p *pathGlob) match(r evidence.Record) bool {
	one := func(path string) bool {
		return p.re.MatchString(path) || strings.Contains(p.text, ":") && p.re.MatchString(r.Source+":"+path)
	}
	return one(r.Path) || r.PathB64 != "" && one(textOf(r.RawPath()))
}

// items yields the selected items of a bundle. An error is the last thing
// yielded: what could not be read makes every answer after it a guess.
func (s *selection) items(ctx context.Context, b *bundle.Bundle) iter.Seq2[*bundle.Item, error] {
	return func(yield func(*bundle.Item, error) bool) {
		for it, err := range b.Items(ctx) {
			if err != nil {
				yield(nil, readError(err))
				return
			}
			if s.match(it.Record) && !yield(it, nil) {
				return
			}
		}
	}
}

// none says what it means that no item was meant: an error where any was asked
// for.
func (s *selection) none(b *bundle.Bundle) error {
	asked := s.String()
	if asked == "" {
		return nil
	}
	hint := "hozen ls shows what the bundle holds; quote globs, and write ** to cross folders"
	if b.End == nil {
		hint = "the bundle is unfinished: its collection may have died before it came to that"
	}
	return cli.WithHint(fmt.Errorf("no item matches %s", asked), hint)
}

// String is the selection as it was asked for.
func (s *selection) String() string {
	var all []string
	for _, p := range s.paths {
		all = append(all, p.text)
	}
	for _, f := range []struct {
		name   string
		values []string
	}{{"artifact", s.artifacts}, {"outcome", s.outcomes}, {"source", s.sources}, {"sha256", s.sha256}} {
		for _, v := range f.values {
			all = append(all, fmt.Sprintf("--%s %s", f.name, v))
		}
	}
	return strings.Join(all, " ")
}

// missed warns of each path that no item has, where others were found, and
// reports whether there was one.
func (s *selection) missed(app *cli.App) bool {
	any := false
	for _, p := range s.paths {
		if !p.found {
			app.Warnf("no item matches %s", p.text)
			any = true
		}
	}
	return any
}
