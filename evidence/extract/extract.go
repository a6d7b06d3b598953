package extract

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
)

// Result is what came of one item.
type Result struct {
	Item *bundle.Item
	Name string // below the target; "" where nothing was written
	Err  error
	// Renamed says that Name is not where the item belongs: something had that
	// name already.
	Renamed bool
}

// Target is the folder that items are written to.
type Target struct {
	root *os.Root
	dirs []dirTime // set last, for writing into a folder moves its time
	made string    // the folder that was made or found last: most items lie where the one before does
	buf  []byte    // what content goes through
}

// copySize is how much is written at once, and how long the runs of zeros are
// that holes are left for.
const copySize = 64 << 10

type dirTime struct {
	name  string
	times evidence.Stat
}

// maxDirTimes bounds the memory for folders' times; later folders keep theirs.
const maxDirTimes = 200_000

// New opens the folder dir as a target, and makes it where it is missing.
func New(dir string) (*Target, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("target folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("target folder: %w", err)
	}
	return &Target{root: root, buf: make([]byte, copySize)}, nil
}

// Close sets the folders' times and lets go of the target.
func (t *Target) Close() error {
	for i := len(t.dirs) - 1; i >= 0; i-- {
		t.setTimes(t.dirs[i].name, t.dirs[i].times)
	}
	return t.root.Close()
}

// Item writes one item. The error in the result is the item's; the second one
// means that nothing more can be written.
func (t *Target) Item(ctx context.Context, b *bundle.Bundle, it *bundle.Item) (Result, error) {
	r := Result{Item: it}
	rec := it.Record
	switch {
	case rec.Type == evidence.TypeDir && (rec.Outcome == evidence.Collected || rec.Outcome == evidence.Empty):
		r.Name, r.Err = t.folder(rec)
	case rec.Outcome.HasBytes() && (len(it.Parts) > 0 || plain(rec.Type)),
		rec.Outcome == evidence.Empty && plain(rec.Type):
		r.Name, r.Err = t.file(ctx, b, it)
		r.Renamed = r.Name != "" && r.Name != place(it)
	}
	if full(r.Err) || ctx.Err() != nil {
		if r.Err != nil && r.Name != "" { // half a file must not pass for a whole one
			_ = t.root.Remove(r.Name)
		}
		return r, errors.Join(r.Err, ctx.Err())
	}
	return r, nil
}

// plain types are those that a file can stand for.
func plain(t evidence.FileType) bool {
	return t == evidence.TypeFile || t == evidence.TypeStream || t == evidence.TypeADS || t == ""
}

func (t *Target) folder(rec evidence.Record) (string, error) {
	name := Name(rec.Source, rec.RawPath())
	if err := t.mkdir(name); err != nil {
		return "", err
	}
	if len(t.dirs) < maxDirTimes {
		t.dirs = append(t.dirs, dirTime{name, rec.Stat})
	}
	return name, nil
}

func (t *Target) file(ctx context.Context, b *bundle.Bundle, it *bundle.Item) (string, error) {
	content, err := b.Reader(ctx, it)
	if err != nil {
		return "", err
	}
	defer content.Close()
	f, name, err := t.create(place(it), it.Record.Seq)
	if err != nil {
		return "", err
	}
	err = t.copySparse(f, content)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	t.setTimes(name, it.Record.Stat)
	return name, err
}

// place is where an item's content belongs. A run of bytes from its middle must
// not pass for the file.
func place(it *bundle.Item) string {
	name := Name(it.Record.Source, it.Record.RawPath())
	if it.Torn && len(it.Parts) > 0 && it.Parts[0].Offset > 0 {
		name = fmt.Sprintf("%s~%d", name, it.Record.Seq)
	}
	return name
}

// create makes a new file, under another name where the name is taken: two
// items may have had one path, or paths that this file system can't tell apart.
func (t *Target) create(name string, seq uint64) (*os.File, string, error) {
	if err := t.mkdir(path.Dir(name)); err != nil {
		return nil, "", err
	}
	for _, try := range []string{name, fmt.Sprintf("%s~%d", name, seq)} {
		f, err := t.root.OpenFile(try, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return f, try, err
		}
	}
	return nil, "", fmt.Errorf("%s: %w in the target", name, fs.ErrExist)
}

// mkdir makes a folder and those above it. Where a file has one of the names,
// that is an error of the item.
func (t *Target) mkdir(name string) error {
	if name == "." || name == "/" || name == t.made {
		return nil
	}
	if err := t.mkdirAll(name); err != nil {
		return err
	}
	t.made = name
	return nil
}

func (t *Target) mkdirAll(name string) error {
	if st, err := t.root.Lstat(name); err == nil {
		if st.IsDir() {
			return nil
		}
		return fmt.Errorf("%s is in the way: no folder", name)
	}
	if err := t.mkdir(path.Dir(name)); err != nil {
		return err
	}
	if err := t.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func (t *Target) setTimes(name string, s evidence.Stat) {
	m, a := s.MTime.Time, s.ATime.Time
	if !settable(m) {
		return
	}
	if !settable(a) {
		a = m
	}
	_ = t.root.Chtimes(name, a, m.Round(0)) // the record has the true times
}

// settable reports whether a time is there and one that Chtimes can set: it
// counts in nanoseconds of 64 bits, which wrap around before 1678 and after 2262.
func settable(t time.Time) bool { return !t.IsZero() && time.Unix(0, t.UnixNano()).Equal(t) }

// copySparse leaves holes where there are runs of zeros.
func (t *Target) copySparse(f *os.File, r io.Reader) error {
	var size int64
	buf := t.buf
	for {
		n, err := io.ReadFull(r, buf)
		if bytes.Count(buf[:n], []byte{0}) == n {
			if _, serr := f.Seek(int64(n), io.SeekCurrent); serr != nil {
				return serr
			}
		} else if _, werr := f.Write(buf[:n]); werr != nil {
			return werr
		}
		size += int64(n)
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return f.Truncate(size)
		default:
			return err
		}
	}
}

// Bounds of a path that is restored as it was: making a folder takes time that
// grows with its depth, so the whole of a path's with the square of it.
const (
	maxDepth = 1000
	maxPath  = 64 << 10
)

// Name is where an item lies below the target: its source, then its path, each
// component as it was where this system and the target's safety allow it. What
// is longer or deeper than any system has it lies in ~long/<hash>/, as in a
// segment.
func Name(source, itemPath string) string {
	parts := []string{component(source)}
	if source == "" {
		parts[0] = noSource
	}
	for c := range strings.SplitSeq(itemPath, "/") {
		if c != "" {
			parts = append(parts, component(c))
		}
	}
	if len(parts) == 1 {
		parts = append(parts, "%2F")
	}
	if len(parts) > maxDepth || len(itemPath) > maxPath {
		sum := sha256.Sum256([]byte(itemPath))
		parts = []string{parts[0], "~long", hex.EncodeToString(sum[:16]), parts[len(parts)-1]}
	}
	return strings.Join(parts, "/")
}

// noSource stands for the source of a record that names none, which no honest
// one does. It is no source's name.
const noSource = "~"

func component(c string) string { return componentOn(runtime.GOOS, c) }

// deviceName is what Windows opens a device for, with any ending; the digits may
// be superscript ones.
var deviceName = regexp.MustCompile(`^(?i:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)`)

func componentOn(system, c string) string {
	safe := c != "." && c != ".." && len(c) <= 255 && !strings.ContainsAny(c, "/\x00")
	if safe && system != "windows" && system != "darwin" {
		return c
	}
	name := evidence.EscapeComponent(c)
	if system == "windows" && deviceName.MatchString(name) {
		name = fmt.Sprintf("%%%02X", name[0]) + name[1:]
	}
	return name
}

// full reports errors after which every further write would fail too.
func full(err error) bool {
	for _, e := range []error{syscall.ENOSPC, syscall.EROFS, syscall.EDQUOT} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
