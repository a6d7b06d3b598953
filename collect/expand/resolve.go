package expand

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/glob"
	"github.com/hozen-dfir/hozen/evidence"
)

// maxHops bounds the links followed for one path, as Linux does (path_resolution(7)).
const maxHops = 40

// lookup describes one name in a folder. Where case does not count it finds
// how the name is really written. With an error the place holds the path that
// was tried.
func (c *Collector) lookup(ctx context.Context, dir, name string) (place, error) {
	p := place{path: join(dir, name)}
	var err error
	if p.st, err = c.src.Lstat(p.path); err != nil || !c.info.Fold {
		return p, err
	}
	p.path = join(dir, c.trueName(ctx, dir, name))
	return p, nil
}

// trueName finds how a folder writes a name. Names that no listing shows, where
// the source can't tell either, stay as they were asked for.
func (c *Collector) trueName(ctx context.Context, dir, name string) string {
	base, stream := name, ""
	if i := strings.IndexByte(name, ':'); i > 0 && c.info.OS == collect.Windows {
		base, stream = name[:i], name[i:]
	}
	key := join(dir, glob.Fold(base))
	if n, ok := c.names.get(key); ok && stream == "" {
		return n
	}
	if sp, ok := c.src.(collect.Speller); ok {
		n, err := sp.Spell(join(dir, name))
		if err != nil {
			return name
		}
		if stream == "" {
			c.names.put(key, n)
		}
		return n
	}
	folded, found := glob.Fold(base), base
	for e, err := range c.src.ReadDir(ctx, dir) {
		if err != nil {
			return name // it is there; only its spelling is not known
		}
		if e.Name == base || glob.Fold(e.Name) == folded && found == base {
			found = e.Name
		}
		if found == base && e.Name == base {
			break
		}
	}
	c.names.put(key, found)
	return found + stream
}

// trueNames is a small memory of spellings.
type trueNames struct {
	mu sync.Mutex
	m  map[string]string
}

// maxNames bounds trueNames; it is emptied when full.
const maxNames = 4096

func newTrueNames() *trueNames { return &trueNames{m: map[string]string{}} }

func (t *trueNames) get(k string) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, ok := t.m[k]
	return n, ok
}

func (t *trueNames) put(k, n string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.m) >= maxNames {
		clear(t.m)
	}
	t.m[k] = n
}

// offError says that a link leads to what its source does not hold.
type offError struct{ link, target, why string }

func (e offError) Error() string      { return fmt.Sprintf("%q leads to %q: %s", e.link, e.target, e.why) }
func (offError) Is(target error) bool { return target == fs.ErrNotExist }

// target splits a link's target into components and says whether it starts at
// the root, or why it is not on the source.
func (c *Collector) target(raw string) (parts []string, rooted bool, off string) {
	if c.info.OS == collect.Windows {
		return c.env.target(raw)
	}
	return strings.Split(raw, "/"), strings.HasPrefix(raw, "/"), ""
}

// target splits the target of a link of Windows. One that starts at the root may
// carry an NT prefix and a drive letter ([MS-FSCC] 2.1.2.4); the source is one
// volume, so its own drive is its root, and any is where it is not known.
func (e *environment) target(raw string) (parts []string, rooted bool, off string) {
	raw = strings.ReplaceAll(raw, `\`, "/")
	rest, nt := raw, false
	for _, prefix := range [...]string{"/??/", "//?/", "//./"} {
		if r, ok := strings.CutPrefix(raw, prefix); ok {
			rest, nt = r, true
		}
	}
	if !nt && strings.HasPrefix(raw, "//") || nt && strings.HasPrefix(strings.ToUpper(rest), "UNC/") {
		return nil, true, "on another host"
	}
	if d := letter(strings.TrimPrefix(rest, "/")); d != 0 {
		if e.drive != 0 && d != e.drive {
			return nil, true, fmt.Sprintf("on drive %c:, and this volume is %c:", d, e.drive)
		}
		return strings.Split(strings.TrimPrefix(rest, "/")[2:], "/"), true, ""
	}
	if nt { // Volume{GUID}, GLOBALROOT …
		return nil, true, "on another volume"
	}
	return strings.Split(raw, "/"), strings.HasPrefix(raw, "/"), ""
}

// letter returns the letter of the drive that a path with slashes begins with, as
// a capital; 0 where it begins with none.
func letter(p string) byte {
	if len(p) < 2 || p[1] != ':' || len(p) > 2 && p[2] != '/' {
		return 0
	}
	if d := p[0] &^ 0x20; d >= 'A' && d <= 'Z' {
		return d
	}
	return 0
}

// resolution is what following a link came to.
type resolution struct {
	end   place   // where it leads; its path is set even when it isn't there
	links []place // other links met on the way
	err   error   // fs.ErrNotExist where it leads nowhere or in a circle
}

// loopError says that links lead in a circle: what they name is not there.
type loopError struct{}

func (loopError) Error() string        { return "too many links" }
func (loopError) Is(target error) bool { return target == fs.ErrNotExist }

// resolve follows a link inside the source's root, one component at a time.
func (c *Collector) resolve(ctx context.Context, link place) (r resolution) {
	todo, rooted, off := c.target(link.st.RawTarget())
	if off != "" {
		return resolution{end: place{path: link.path}, err: offError{link.path, link.st.RawTarget(), off}}
	}
	cur := path.Dir(link.path)
	if rooted {
		cur = "/"
	}
	r.end.path = cur
	for hops := 1; len(todo) > 0; {
		name := todo[0]
		todo = todo[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			cur = path.Dir(cur) // a true path holds no links, so this is its parent
			continue
		}
		p, err := c.lookup(ctx, cur, name)
		if err != nil {
			r.end, r.err = place{path: path.Join(append([]string{p.path}, todo...)...)}, err
			return r
		}
		if p.st.Type != evidence.TypeSymlink {
			cur = p.path
			if p.st.Type != evidence.TypeDir && len(todo) > 0 {
				r.end, r.err = place{path: path.Join(append([]string{cur}, todo...)...)}, fs.ErrNotExist
				return r
			}
			continue
		}
		if hops++; hops > maxHops {
			r.end, r.err = place{path: path.Join(append([]string{p.path}, todo...)...)}, loopError{}
			return r
		}
		r.links = append(r.links, p)
		next, rooted, off := c.target(p.st.RawTarget())
		if off != "" {
			r.end, r.err = place{path: path.Join(append([]string{p.path}, todo...)...)}, offError{p.path, p.st.RawTarget(), off}
			return r
		}
		todo = append(append([]string{}, next...), todo...)
		if rooted {
			cur = "/"
		}
	}
	r.end.path = cur
	r.end.st, r.err = c.src.Lstat(cur)
	return r
}
