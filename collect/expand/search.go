package expand

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/glob"
	"github.com/hozen-dfir/hozen/collect/source"
	"github.com/hozen-dfir/hozen/evidence"
)

// heldNames bounds how many names of subfolders are kept while a folder is
// read, so that folders are closed before those below them are opened.
const heldNames = 10_000

// search is one pattern, or one path named by hand, on its way through a
// source's tree.
type search struct {
	c        *Collector
	led      collect.Ledger
	artifact string
	pattern  string
	content  bool  // take bytes, not only metadata
	follow   bool  // take the files behind links that match
	literal  bool  // every component so far is named: what isn't there is missing
	tree     bool  // named by hand: no bound on entries
	whole    bool  // take what is in a folder that matches, too
	probe    bool  // end at the first match with errFound
	trouble  bool  // something could not be looked at, or must not be taken
	left     int64 // entries that may still be looked at; below 0: cut
	matches  int64
	visited  int64
	top      place            // the root
	way      map[string]place // folders that were named on the way
}

// maxWay bounds the folders of search.way; it is emptied when full.
const maxWay = 256

// place is one object of the source: its true path and what it is.
type place struct {
	path string
	st   evidence.Stat
}

// join appends a name to a true path.
func join(dir, name string) string {
	if dir == "/" {
		return "/" + name
	}
	return dir + "/" + name
}

// start searches from the root.
func (s *search) start(ctx context.Context, segs []glob.Segment) error {
	if s.top.path == "" {
		st, err := s.c.src.Lstat("/")
		if err != nil {
			return s.gone(ctx, "/", err)
		}
		s.top = place{"/", st}
	}
	if len(segs) == 0 {
		return s.take(ctx, s.top)
	}
	return s.expand(ctx, s.top, segs)
}

// report writes the pattern's own line.
func (s *search) report() {
	n := s.matches
	s.led.Report(collect.Line{Kind: collect.LinePattern, Source: s.c.info.Name, Artifact: s.artifact, Pattern: s.pattern, Matches: &n, Visited: s.visited})
}

// expand searches one folder for the next components.
func (s *search) expand(ctx context.Context, dir place, segs []glob.Segment) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.c.own(dir) {
		return s.skipOwn(ctx, dir)
	}
	seg, rest := segs[0], segs[1:]
	switch {
	case seg.IsLiteral():
		return s.named(ctx, dir, seg.Text, rest)
	case seg.Deep > 0:
		was := s.literal
		s.literal = false
		defer func() { s.literal = was }()
		return s.descend(ctx, dir, seg, rest, 1, &ancestor{at: dir})
	}
	was := s.literal
	s.literal = false
	defer func() { s.literal = was }()
	return s.each(ctx, dir, func(e collect.Entry) error {
		if !seg.Match(e.Name) {
			return nil
		}
		return s.matched(ctx, dir, e, rest)
	})
}

// named goes on at one name.
func (s *search) named(ctx context.Context, dir place, name string, rest []glob.Segment) error {
	p, err := s.folder(ctx, dir.path, name, len(rest) > 0)
	if err != nil {
		return s.absent(ctx, p.path, rest, err)
	}
	if len(rest) == 0 {
		return s.take(ctx, p)
	}
	return s.enter(ctx, p, rest)
}

// folder describes one name in a folder. Where it is only on the way, what was
// seen for the same pattern a moment ago does: that of ten thousand homes in one
// folder.
func (s *search) folder(ctx context.Context, dir, name string, passing bool) (place, error) {
	if p, ok := s.way[join(dir, name)]; ok && passing {
		return p, nil
	}
	p, err := s.c.lookup(ctx, dir, name)
	if err == nil && passing && p.st.Type == evidence.TypeDir {
		if s.way == nil || len(s.way) >= maxWay {
			s.way = map[string]place{}
		}
		s.way[join(dir, name)] = p
	}
	return p, err
}

// enter goes on below p, which may be a link. A wildcard must not lead onto
// another filesystem of the kinds that are never walked; a name may.
func (s *search) enter(ctx context.Context, p place, rest []glob.Segment) error {
	if p.st.Type == evidence.TypeSymlink {
		at, gone, err := s.through(ctx, p)
		if err != nil {
			return err
		}
		if gone != nil {
			return s.absent(ctx, p.path, rest, gone)
		}
		p = at
	}
	if p.st.Type != evidence.TypeDir {
		return s.absent(ctx, p.path, rest, fs.ErrNotExist)
	}
	// A definition that names the place doesn't ask for the host to be changed.
	if why := s.c.src.Crossing(p.path, p.st); !s.tree && strings.HasPrefix(why, source.DirectAutomount) {
		return s.notEntered(ctx, p, why)
	}
	return s.expand(ctx, p, rest)
}

// matched goes on at an entry that a wildcard component matched.
func (s *search) matched(ctx context.Context, dir place, e collect.Entry, rest []glob.Segment) error {
	if len(rest) > 0 && e.Type != evidence.TypeDir && e.Type != evidence.TypeSymlink && e.Type != evidence.TypeUnknown {
		return nil
	}
	p, err := s.met(ctx, dir, e.Name, e.Type)
	if err != nil || p.path == "" {
		return err
	}
	if len(rest) == 0 {
		return s.take(ctx, p)
	}
	// A home may be a bind mount of a place where no pattern looks for homes. The
	// components that are left are counted, so this can't go round for ever.
	if why := s.crossing(dir, p); why != "" && !strings.HasPrefix(why, source.Bind) {
		return s.notEntered(ctx, p, why)
	}
	if p.st.Type == evidence.TypeDir || p.st.Type == evidence.TypeSymlink {
		return s.enter(ctx, p, rest)
	}
	return nil
}

// crossing says why a walk must not go from dir to its child p. Where dir
// itself is on such a filesystem it was named, and p on the same one is fine.
func (s *search) crossing(dir, p place) string {
	if p.st.Type != evidence.TypeDir {
		return ""
	}
	why := s.c.src.Crossing(p.path, p.st)
	if why != "" && p.st.Dev == dir.st.Dev && s.c.src.Crossing(dir.path, dir.st) != "" {
		return ""
	}
	return why
}

// descend walks the levels that ** stands for. above is the way from
// where it began to dir: a folder among its own ancestors is a loop.
func (s *search) descend(ctx context.Context, dir place, seg glob.Segment, rest []glob.Segment, level int, above *ancestor) error {
	var below []string
	one := func(name string, typ evidence.FileType) error {
		p, err := s.met(ctx, dir, name, typ)
		if err != nil || p.path == "" {
			return err
		}
		return s.level(ctx, dir, p, name, seg, rest, level, above)
	}
	err := s.each(ctx, dir, func(e collect.Entry) error {
		isDir := e.Type == evidence.TypeDir || e.Type == evidence.TypeUnknown
		if isDir && len(below) < heldNames {
			below = append(below, e.Name)
			return nil
		}
		if isDir || seg.Match(e.Name) {
			return one(e.Name, e.Type)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range below {
		if err := one(name, evidence.TypeUnknown); err != nil {
			return err
		}
	}
	return nil
}

// level deals with one entry at one level of a walk: it takes it where it
// matches, and walks on below it.
func (s *search) level(ctx context.Context, dir, p place, name string, seg glob.Segment, rest []glob.Segment, level int, above *ancestor) error {
	if s.c.own(p) {
		return s.skipOwn(ctx, p)
	}
	why := s.crossing(dir, p)
	if why == "" && p.st.Type == evidence.TypeDir {
		why = looped(p, above)
	}
	if seg.Match(name) {
		if err := s.hit(ctx, p, rest, why); err != nil {
			return err
		}
	}
	if p.st.Type != evidence.TypeDir || why != "" || level >= seg.Deep {
		return nil
	}
	if level >= s.c.opt.MaxDepth {
		return s.skip(ctx, p, fmt.Sprintf("budget depth: folders are nested deeper than %d levels", s.c.opt.MaxDepth))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.descend(ctx, p, seg, rest, level+1, &ancestor{p, above})
}

// hit deals with an entry of a walk that matches.
func (s *search) hit(ctx context.Context, p place, rest []glob.Segment, why string) error {
	switch {
	case why != "":
		return s.notEntered(ctx, p, why)
	case len(rest) == 0:
		return s.take(ctx, p)
	case p.st.Type == evidence.TypeDir: // links met by ** are not followed
		return s.expand(ctx, p, rest)
	}
	return nil
}

// ancestor is one folder on the way from where a walk began.
type ancestor struct {
	at place
	up *ancestor
}

func looped(p place, above *ancestor) string {
	for a := above; a != nil; a = a.up {
		if p.st.Inode != "" && p.st.Inode == a.at.st.Inode && p.st.Dev == a.at.st.Dev {
			return fmt.Sprintf("loop: the folder is its own ancestor %q", a.at.path)
		}
	}
	return ""
}

// each calls f for every entry of a folder, within the bound on entries. A
// folder that can't be read is recorded.
func (s *search) each(ctx context.Context, dir place, f func(collect.Entry) error) error {
	for e, err := range s.c.src.ReadDir(ctx, dir.path) {
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return s.unlisted(ctx, dir, err)
		}
		if strings.ContainsAny(e.Name, "/\x00") || e.Name == "" || e.Name == "." || e.Name == ".." {
			continue // no name at all: a damaged or hostile filesystem
		}
		s.visited++
		if !s.tree {
			if s.left--; s.left < 0 {
				return nil
			}
		}
		if err := f(e); err != nil {
			return err
		}
		if s.left < 0 {
			return nil
		}
	}
	return nil
}

// met describes an entry that was just listed. One that can't be described, or
// must not be, is recorded, and the empty place returned.
func (s *search) met(ctx context.Context, dir place, name string, typ evidence.FileType) (place, error) {
	path := join(dir.path, name)
	if typ == evidence.TypeDir || typ == evidence.TypeUnknown {
		// A server that has died must not even be asked what is there.
		why := s.c.src.Crossing(path, evidence.Stat{})
		if source.Served(why) && !source.Served(s.c.src.Crossing(dir.path, dir.st)) {
			return place{}, s.notEntered(ctx, place{path, evidence.Stat{Type: evidence.TypeDir}}, why)
		}
	}
	st, err := s.c.src.Lstat(path)
	if err == nil {
		return place{path, st}, nil
	}
	return place{}, s.gone(ctx, path, s.c.contradicts(err, "its folder"))
}

// contradicts explains why what lister has listed just now can't be described.
// What is not there any more has vanished, or, where nothing changes, the two
// disagree: then it is no absence.
func (c *Collector) contradicts(err error, lister string) error {
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return err
	case c.still():
		return fmt.Errorf("%s lists it, but it can't be found: damaged: %v", lister, err)
	}
	return fmt.Errorf("it vanished while %s was read: %w", lister, err)
}
