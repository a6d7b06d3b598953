package yara

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Bounds on rule files.
const (
	maxRuleFile  = 64 << 20 // bytes of one
	maxRuleBytes = 1 << 30  // of all
	maxRuleFiles = 50_000
	maxRuleDepth = 32
	maxIncludes  = 1_000 // by one file
)

// source is one rule file: its text, and the tree in which its includes are.
type source struct {
	report FileReport
	text   []byte
	tree   fs.FS
	name   string            // in tree
	placed map[string]string // names of includes as written, and where they are in tree
	entry  bool              // the word "entrypoint" is in it, or in what it includes
}

// reader gathers the rule files of several paths.
type reader struct {
	sources []*source
	taken   map[string]bool // namespaces
	names   map[string]bool // whole paths of files
	bytes   int64
	closers []io.Closer
}

func newReader() *reader { return &reader{taken: map[string]bool{}, names: map[string]bool{}} }

func (r *reader) close() {
	for _, c := range r.closers {
		c.Close()
	}
}

// again is why a file that was taken before is left out.
const again = "the same file again"

// path takes a file, a folder or a zip file of rules.
func (r *reader) path(p string) error {
	st, err := os.Stat(p)
	switch {
	case err != nil:
		return err
	case st.IsDir():
		root, err := os.OpenRoot(p)
		if err != nil {
			return err
		}
		r.closers = append(r.closers, root)
		return r.walk(root.FS(), filepath.ToSlash(filepath.Clean(p)))
	case !st.Mode().IsRegular():
		return errors.New("not a regular file")
	case strings.EqualFold(filepath.Ext(p), ".zip"):
		return r.zip(p)
	}
	root, err := os.OpenRoot(filepath.Dir(p))
	if err != nil {
		return err
	}
	r.closers = append(r.closers, root)
	return r.file(root.FS(), filepath.Base(p), filepath.ToSlash(p))
}

func (r *reader) zip(p string) error {
	f, err := os.Open(p)
	if err != nil {
		return err
	}
	r.closers = append(r.closers, f)
	st, err := f.Stat()
	if err != nil {
		return err
	}
	z, err := zip.NewReader(f, st.Size())
	if err != nil { // as of a file that does not compile: the others are used
		r.problem(filepath.ToSlash(p), err.Error())
		return nil
	}
	if len(z.File) > maxRuleFiles {
		return fmt.Errorf("%w: more than %d entries", errBounds, maxRuleFiles)
	}
	seen := map[string]bool{}
	for _, e := range z.File {
		name := strings.ReplaceAll(e.Name, `\`, "/")
		if strings.HasSuffix(name, "/") || e.Mode().IsDir() {
			continue
		}
		full := filepath.ToSlash(p) + "/" + escape(e.Name)
		switch {
		case !fs.ValidPath(name) || seen[name]:
			r.problem(full, "an entry whose name leads out of the archive, or that is there twice")
		case !ruleName(name):
			r.skip(full)
		case e.Flags&1 != 0: // encrypted (APPNOTE.TXT, section 4.4.4)
			r.problem(full, "encrypted: unpack it first")
		default:
			if err := r.file(zipTree{z}, name, full); err != nil {
				return err
			}
		}
		seen[name] = true
	}
	return nil
}

// zipTree opens entries by their name with forward slashes.
type zipTree struct{ z *zip.Reader }

func (t zipTree) Open(name string) (fs.File, error) {
	if f, err := t.z.Open(name); err == nil {
		return f, nil
	}
	return t.z.Open(strings.ReplaceAll(name, "/", `\`))
}

var errBounds = errors.New("beyond the bounds of a set of rules")

// walk takes every rule file below the root of tree. Links aren't followed.
func (r *reader) walk(tree fs.FS, prefix string) error {
	return fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		full := prefix + "/" + escape(name)
		switch {
		case err != nil:
			r.problem(full, err.Error())
			return nil
		case strings.Count(name, "/") > maxRuleDepth:
			return fmt.Errorf("%w: folders more than %d deep", errBounds, maxRuleDepth)
		case d.IsDir():
			return nil
		case !ruleName(name):
			r.skip(full)
			return nil
		case !d.Type().IsRegular():
			r.problem(full, "not a regular file (links are not followed)")
			return nil
		}
		return r.file(tree, name, full)
	})
}

func ruleName(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".yar", ".yara", ".rule", ".rules":
		return true
	}
	return false
}

func (r *reader) problem(name, msg string) {
	s := &source{report: FileReport{Name: name}}
	s.report.fail(0, "%s", msg)
	r.sources = append(r.sources, s)
}

func (r *reader) skip(name string) {
	r.sources = append(r.sources, &source{report: FileReport{Name: name, Skipped: notRules}})
}

// notRules is why a file of a folder or an archive is left out.
const notRules = "not a rule file by its name"

// included says of files left out for their names that others include them.
func (r *reader) included() {
	in := map[string]bool{}
	for _, s := range r.sources {
		folder := strings.TrimSuffix(s.report.Name, escape(s.name))
		for _, name := range s.placed {
			in[folder+escape(name)] = true
		}
	}
	for _, s := range r.sources {
		if s.report.Skipped == notRules && in[s.report.Name] {
			s.report.Skipped = "read where others include it"
		}
	}
}

// file takes one rule file; trouble with it ends in its report.
func (r *reader) file(tree fs.FS, name, full string) error {
	if len(r.sources) >= maxRuleFiles {
		return fmt.Errorf("%w: more than %d files", errBounds, maxRuleFiles)
	}
	s := &source{report: FileReport{Name: full}, tree: tree, name: name}
	r.sources = append(r.sources, s)
	text, err := readBounded(tree, name)
	if err != nil {
		s.report.fail(0, "%v", err)
		return nil
	}
	if r.bytes += int64(len(text)); r.bytes > maxRuleBytes {
		return fmt.Errorf("%w: more than %d bytes", errBounds, int64(maxRuleBytes))
	}
	s.text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	s.report.SHA256 = digest(text)
	s.entry = bytes.Contains(text, entryWord)
	where, err := filepath.Abs(full)
	if err != nil {
		where = full
	}
	if r.names[where] {
		s.report.Skipped = again
		return nil
	}
	r.names[where] = true
	s.report.Namespace = r.namespace(escape(name), full)
	s.refuse()
	return nil
}

// namespace gives a file a namespace of its own: its name in the folder that
// was given, or the whole name where another folder has a file of that name. A
// whole name too may be what another file is called in its folder.
func (r *reader) namespace(short, full string) string {
	ns := short
	for n := 1; r.taken[ns]; n++ {
		if ns = full; n > 1 {
			ns = fmt.Sprintf("%s#%d", full, n)
		}
	}
	r.taken[ns] = true
	return ns
}

// refuse names what is no text of rules. At a NUL byte the compiler would stop
// without a word.
func (s *source) refuse() {
	i := bytes.IndexByte(s.text, 0)
	switch {
	case i < 0:
	case bytes.HasPrefix(s.text, []byte("YARA")): // what yarac writes begins so (libyara, arena.c)
		s.report.fail(0, "compiled rules, which may not be what they seem: give their source")
	case bytes.HasPrefix(s.text, []byte("\xff\xfe")), bytes.HasPrefix(s.text, []byte("\xfe\xff")):
		s.report.fail(0, "UTF-16 text: save it as UTF-8")
	default:
		s.report.fail(1+bytes.Count(s.text[:i], []byte("\n")), "a NUL byte in the text")
	}
}

// entryWord is the keyword for what libyara does not forget from item to item.
var entryWord = []byte("entrypoint")

func readBounded(tree fs.FS, name string) ([]byte, error) {
	f, err := tree.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	b, err := io.ReadAll(io.LimitReader(f, maxRuleFile+1))
	if err == nil && len(b) > maxRuleFile {
		err = fmt.Errorf("%w: larger than %d bytes", errBounds, maxRuleFile)
	}
	return b, err
}

func digest(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// escape makes a hostile name fit for reports: control bytes and what is not
// UTF-8 become %XX.
func escape(name string) string {
	clean := strings.IndexFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '%' || r == 0xFFFD }) < 0
	if clean {
		return name
	}
	var b strings.Builder
	for i, r := range name {
		switch {
		case r == 0xFFFD && !strings.HasPrefix(name[i:], "\uFFFD"), r < ' ', r == 0x7f, r == '%':
			fmt.Fprintf(&b, "%%%02X", name[i])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// include answers an include statement: name as written, in the file whose
// name was written as from ("" for the rule file itself). Nothing outside the
// tree is opened.
func (s *source) include(name, from string) ([]byte, error) {
	dir := path.Dir(s.name)
	if at, ok := s.placed[from]; ok {
		dir = path.Dir(at)
	}
	written := name
	name = strings.ReplaceAll(name, `\`, "/")
	p := path.Join(dir, name)
	if path.IsAbs(name) || !fs.ValidPath(p) {
		return nil, errors.New("an include must stay inside the folder that was given")
	}
	if len(s.report.Includes) >= maxIncludes {
		return nil, fmt.Errorf("more than %d includes", maxIncludes)
	}
	b, err := readBounded(s.tree, p)
	if err == nil && bytes.IndexByte(b, 0) >= 0 {
		err = errors.New("a NUL byte in the text")
	}
	if err != nil {
		return nil, err
	}
	if s.placed == nil {
		s.placed = map[string]string{}
	}
	s.placed[written] = p
	s.entry = s.entry || bytes.Contains(b, entryWord)
	s.report.Includes = append(s.report.Includes, Include{escape(p), digest(b)})
	return b, nil
}
