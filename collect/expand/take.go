package expand

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/glob"
	"github.com/hozen-dfir/hozen/collect/source"
	"github.com/hozen-dfir/hozen/evidence"
)

// What is remembered of a path beside that it was taken: suffixes that no
// path can have.
const (
	asMetadata = "\x00metadata"
	asListing  = "\x00listing"
	asNamed    = "\x00named" // missed by a person, whoever else looked for it
)

// record drafts an item's record.
func (s *search) record(path string, st evidence.Stat) evidence.Record {
	r := evidence.Record{Source: s.c.info.Name, Artifacts: s.c.askers(s.artifact, path), Method: s.c.info.Method, Stat: st}
	r.SetPath(path)
	return r
}

// first reports whether an item is to be added, and remembers it. Where it was
// taken before, the ledger gets a line with what is known of it.
func (s *search) first(path, as string) bool {
	before, o := s.c.seen.add(path + as)
	if before {
		s.again(path, o)
	}
	return !before
}

func (s *search) again(path string, o evidence.Outcome) {
	l := collect.Line{Kind: collect.LinePath, Source: s.c.info.Name, Artifact: s.artifact, Pattern: s.pattern, Outcome: o, Again: true}
	l.Path, l.PathB64 = evidence.Text(path)
	s.led.Report(l)
}

// add hands an item over; its outcome is remembered for those who ask again.
func (s *search) add(ctx context.Context, key string, it evidence.Item) error {
	it.Done = func(r evidence.Record) { s.c.seen.settle(key, r.Outcome) }
	return s.led.Add(ctx, it)
}

// take adds what is at p: a file with its bytes, anything else as it is. A
// link's file is an item of its own.
func (s *search) take(ctx context.Context, p place) error {
	if s.c.own(p) {
		s.trouble = true // it matches, and is not taken
		return s.skipOwn(ctx, p)
	}
	s.matches++
	if s.probe {
		return errFound
	}
	if err := s.object(ctx, p); err != nil {
		return err
	}
	if p.st.Type == evidence.TypeSymlink && s.follow {
		return s.behind(ctx, p)
	}
	if p.st.Type == evidence.TypeDir && s.whole {
		return s.below(ctx, p)
	}
	return nil
}

// object adds one object and its alternate streams.
func (s *search) object(ctx context.Context, p place) error {
	file := p.st.Type == evidence.TypeFile || p.st.Type == evidence.TypeADS
	as := ""
	if file && !s.content {
		if s.c.seen.has(p.path) { // taken with its bytes
			s.again(p.path, "")
			return nil
		}
		as = asMetadata
	}
	if s.first(p.path, as) {
		it := evidence.Item{Record: s.record(p.path, p.st)}
		if file && s.content {
			it.Open = s.opener(p.path)
		} else {
			it.Record.Outcome = evidence.Collected
		}
		if err := s.add(ctx, p.path+as, it); err != nil {
			return err
		}
	}
	return s.streams(ctx, p)
}

// maxStreams bounds the alternate streams taken of one file.
const maxStreams = 1024

// streams adds the alternate data streams of a file or folder. They are asked
// for by whoever asks for it.
func (s *search) streams(ctx context.Context, p place) error {
	if !s.content || p.st.Type == evidence.TypeADS {
		return nil
	}
	for i, name := range p.st.Streams {
		full, st, err := s.stream(p, name)
		if i == maxStreams {
			return s.skip(ctx, place{full, evidence.Stat{Type: evidence.TypeADS}}, "budget streams: the file has more alternate streams")
		}
		if !s.first(full, "") {
			continue
		}
		r := s.record(full, st)
		r.Artifacts = s.c.askers(s.artifact, p.path)
		it := evidence.Item{Record: r, Open: s.opener(full)}
		if err = s.c.contradicts(err, "its file"); err != nil {
			it.Open = nil
			it.Record.Type, it.Record.Outcome, it.Record.Error = evidence.TypeADS, evidence.OutcomeOf(err), err.Error()
		}
		if err := s.add(ctx, full, it); err != nil {
			return err
		}
	}
	return nil
}

// stream finds an alternate stream. Where a file has its very path, as NTFS allows
// it and Windows does not, it has the longer one that Windows also knows.
func (s *search) stream(p place, name string) (full string, st evidence.Stat, err error) {
	own := func(st evidence.Stat) bool { return st.Type == evidence.TypeADS && st.Inode == p.st.Inode }
	full = p.path + ":" + name
	if st, err = s.c.src.Lstat(full); err != nil || own(st) {
		return full, st, err
	}
	full += collect.StreamType
	if st, err = s.c.src.Lstat(full); err == nil && (!own(st) || slices.Contains(p.st.Streams, name+collect.StreamType)) {
		err = errors.New("its path leads to another file: damaged")
	}
	return full, st, err
}

// opener reads the path when the sink is ready for it. Should another object
// have taken its place by then, the sink sees another inode in the stat after
// reading and says "changed".
func (s *search) opener(path string) func(context.Context) (evidence.Content, error) {
	src := s.c.src
	return func(ctx context.Context) (evidence.Content, error) {
		c, _, err := src.Open(ctx, path)
		return c, err
	}
}

// through follows a link in the middle of a path: the link and those behind it
// are items where they lead to a folder, and where the link was named. gone
// says why nothing can be reached behind it.
func (s *search) through(ctx context.Context, link place) (at place, gone, broken error) {
	r := s.c.resolve(ctx, link)
	if r.err == nil && r.end.st.Type != evidence.TypeDir {
		r.err = fs.ErrNotExist
	}
	off := errors.As(r.err, &offError{})
	if r.err != nil && !s.literal && !off {
		return place{}, r.err, nil
	}
	for _, l := range append([]place{link}, r.links...) {
		if err := s.object(ctx, l); err != nil {
			return place{}, nil, err
		}
	}
	if off { // what was asked for may well be there, and nobody looks
		if err := s.notEntered(ctx, link, r.err.Error()); err != nil {
			return place{}, nil, err
		}
	}
	if r.err != nil || s.literal {
		return r.end, r.err, nil
	}
	if why := s.c.src.Crossing(r.end.path, r.end.st); why != "" && !strings.HasPrefix(why, source.Bind) {
		return place{}, fs.ErrNotExist, s.notEntered(ctx, r.end, why)
	}
	return r.end, nil, nil
}

// behind takes the file that a matching link leads to.
func (s *search) behind(ctx context.Context, link place) error {
	r := s.c.resolve(ctx, link)
	if errors.As(r.err, &offError{}) {
		return s.notEntered(ctx, link, r.err.Error())
	}
	if r.err != nil {
		if s.literal {
			return s.gone(ctx, r.end.path, r.err)
		}
		return nil // the link itself tells where it leads
	}
	isDir := r.end.st.Type == evidence.TypeDir
	if isDir && !s.literal || s.c.own(r.end) {
		return nil
	}
	for _, l := range r.links {
		if err := s.object(ctx, l); err != nil {
			return err
		}
	}
	return s.object(ctx, r.end)
}

// absent records that the path a pattern names is not there.
func (s *search) absent(ctx context.Context, at string, rest []glob.Segment, err error) error {
	if !s.literal && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		for _, seg := range rest {
			if !seg.IsLiteral() {
				return nil // the pattern's own line says that it matched nothing
			}
			at = join(at, seg.Text)
		}
	}
	return s.gone(ctx, at, err)
}

// gone records that something could not be reached.
func (s *search) gone(ctx context.Context, path string, err error) error {
	s.trouble = s.trouble || !errors.Is(err, fs.ErrNotExist)
	return s.missed(ctx, path, "", err)
}

// missed records it under one of the names for what is remembered of a path.
func (s *search) missed(ctx context.Context, path, as string, err error) error {
	if !s.first(path, as) {
		return nil
	}
	r := s.record(path, evidence.Stat{})
	r.Outcome, r.Error = evidence.OutcomeOf(err), err.Error()
	return s.add(ctx, path+as, evidence.Item{Record: r})
}

// unlisted records that a folder could not be read, or not to its end.
func (s *search) unlisted(ctx context.Context, dir place, err error) error {
	s.trouble = true
	if !s.first(dir.path, asListing) {
		return nil
	}
	r := s.record(dir.path, dir.st)
	r.Outcome, r.Error = evidence.OutcomeOf(err), "reading the folder: "+err.Error()
	return s.add(ctx, dir.path+asListing, evidence.Item{Record: r})
}

// skip records something that is left out.
func (s *search) skip(ctx context.Context, p place, reason string) error {
	if !s.first(p.path, asListing) {
		return nil
	}
	r := s.record(p.path, p.st)
	r.Outcome, r.Reason = evidence.Skipped, reason
	return s.add(ctx, p.path+asListing, evidence.Item{Record: r})
}

func (s *search) skipOwn(ctx context.Context, p place) error {
	return s.skip(ctx, p, "own output")
}

func (s *search) notEntered(ctx context.Context, p place, why string) error {
	return s.skip(ctx, p, "not entered: "+why)
}
