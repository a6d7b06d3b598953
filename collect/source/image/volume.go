package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/source"
	"github.com/hozen-dfir/hozen/collect/source/salvage"
	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/disk/ntfs"
)

// sortLimit is how many entries of a directory are sorted in memory.
const sortLimit = 100_000

// volume is the collect.Source of one NTFS volume.
type volume struct {
	fs     *ntfs.FS
	sh     *shared
	info   collect.SourceInfo
	offset int64 // in the image, in bytes
	length int64
	here   int64 // bytes of the volume that the image has
	spent  spent
	closed atomic.Bool

	mu      sync.Mutex
	comps   []string // that Crossing was asked for last, where nothing was crossed
	records []uint64 // of the directories they lead to
}

// Info implements collect.Source.
func (v *volume) Info() collect.SourceInfo { return v.info }

// Close implements collect.Source.
func (v *volume) Close() error {
	if v.closed.Swap(true) {
		return nil
	}
	return v.sh.release()
}

// object is what a path leads to: a node, or one stream of it.
type object struct {
	node    *ntfs.Node
	stream  string
	isADS   bool
	journal bool // $Extend/$UsnJrnl:$J
}

// find resolves a path. A whole name goes before "name:stream".
func (v *volume) find(path string) (object, error) {
	comps, err := source.Components(path)
	if err == nil && v.closed.Load() {
		err = fmt.Errorf("the source is closed: %w", fs.ErrClosed)
	}
	if err != nil {
		return object{}, err
	}
	v.sh.recent.use(v.fs)
	n, err := v.fs.Lookup(comps)
	if err == nil {
		return object{node: n}, nil
	}
	if len(comps) == 0 || !errors.Is(err, ntfs.ErrNotListed) && !errors.Is(err, fs.ErrNotExist) {
		return object{}, v.explain(path, comps, err)
	}
	return v.stream(path, comps, err)
}

// errStream says that a file is there, and has no such stream.
var errStream = fmt.Errorf("no such stream: %w", fs.ErrNotExist)

// stream resolves a path whose last component is a file's name and a stream's. A
// name with a colon of its own, as NTFS allows it, is looked for behind those
// without. notFound is why nothing has the whole name.
func (v *volume) stream(path string, comps []string, notFound error) (object, error) {
	last := len(comps) - 1
	name := comps[last]
	var first error
	for at := range len(name) - 1 {
		if name[at] != ':' {
			continue
		}
		o, err := v.streamOf(comps[:last:last], name[:at], name[at+1:])
		if err == nil {
			return o, nil
		}
		if first == nil {
			first = err
		}
	}
	if first == nil || errors.Is(first, errStream) && errors.Is(notFound, ntfs.ErrNotListed) { // it may be what a lost part of the directory names
		first = notFound
	}
	return object{}, v.explain(path, comps, first)
}

// streamOf finds a stream of a file in a folder; that of the folder itself where
// base is "".
func (v *volume) streamOf(folder []string, base, stream string) (object, error) {
	owner := folder
	if base != "" {
		owner = append(owner, base)
	}
	n, err := v.fs.Lookup(owner)
	if err != nil {
		return object{}, err
	}
	s, ok := n.Stream(stream)
	if at := len(stream) - len(collect.StreamType); !ok && at >= 0 && strings.EqualFold(stream[at:], collect.StreamType) {
		if at == 0 { // "name::$DATA" is the file's own
			return object{node: n}, nil
		}
		s, ok = n.Stream(stream[:at])
	}
	if !ok {
		return object{}, errStream
	}
	o := object{node: n, stream: s.Name, isADS: true}
	o.journal = s.Name == "$J" && len(owner) == 2 && strings.EqualFold(owner[0], "$Extend") && strings.EqualFold(base, "$UsnJrnl")
	return o, nil
}

// Spell implements collect.Speller.
func (v *volume) Spell(path string) (string, error) {
	o, err := v.find(path)
	if err != nil {
		return "", err
	}
	name := ""
	if fn := o.node.Long(); fn != nil && o.node.Ref.Record != v.fs.Root().Record {
		name = fn.Name
	}
	if o.isADS {
		name += ":" + o.stream
		if same, err := v.find(path[:strings.LastIndexByte(path, '/')+1] + name); err == nil && !same.isADS {
			name += collect.StreamType
		}
	}
	return name, nil
}

// explain says so where a path leads through a link.
func (v *volume) explain(path string, comps []string, err error) error {
	for i := 1; i < len(comps) && errors.Is(err, fs.ErrNotExist); i++ {
		n, e := v.fs.Lookup(comps[:i])
		if e != nil {
			break
		}
		if n.Reparse.Link() {
			return &source.LinkError{Path: path, Component: "/" + strings.Join(comps[:i], "/"), Target: n.Reparse.Target}
		}
	}
	return fmt.Errorf("%.200q: %w", path, err)
}

// Lstat implements collect.Source.
func (v *volume) Lstat(path string) (evidence.Stat, error) {
	o, err := v.find(path)
	if err != nil {
		return evidence.Stat{}, err
	}
	return v.stat(o), nil
}

// Crossing implements collect.Source. Only a damaged or hostile volume has a
// directory within itself, or one of several names.
func (v *volume) Crossing(path string, _ evidence.Stat) string {
	comps, err := source.Components(path)
	if err != nil {
		return ""
	}
	v.sh.recent.use(v.fs)
	chain := v.chain(comps)
	for i := len(chain); i < len(comps); i++ {
		n, err := v.fs.Lookup(comps[:i+1])
		if err != nil {
			return ""
		}
		if n.Ref.Record == v.fs.Root().Record || slices.Contains(chain, n.Ref.Record) {
			return "loop: a directory within itself"
		}
		if !v.fs.Once(n) {
			return "loop: a directory of several names, entered by another of them"
		}
		chain = append(chain, n.Ref.Record)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.comps, v.records = comps, chain
	return ""
}

// chain returns the records of the directories on the way to comps that are
// known from the path before: a walk goes one step at a time, and may be deep.
func (v *volume) chain(comps []string) []uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := 0
	for n < min(len(comps), len(v.comps)) && comps[n] == v.comps[n] {
		n++
	}
	return slices.Clone(v.records[:n])
}

// ReadDir implements collect.Source.
func (v *volume) ReadDir(ctx context.Context, path string) iter.Seq2[collect.Entry, error] {
	return func(yield func(collect.Entry, error) bool) {
		o, err := v.find(path)
		if err == nil && (o.isADS || !o.node.Dir || o.node.Reparse.Link()) {
			err = fmt.Errorf("read directory %q: it is a %s", path, v.stat(o).Type)
		}
		if err == nil {
			err = v.list(ctx, o.node, yield)
		}
		if err != nil {
			yield(collect.Entry{}, fmt.Errorf("read directory %.200q: %w", path, err))
		}
	}
}

// list yields the entries of a directory; an error is returned, not yielded.
func (v *volume) list(ctx context.Context, n *ntfs.Node, yield func(collect.Entry, error) bool) error {
	var batch []collect.Entry
	streaming, stopped := false, false
	flush := func() bool {
		for _, e := range batch {
			if !yield(e, nil) {
				stopped = true
				return false
			}
		}
		batch = batch[:0]
		return true
	}
	err := v.fs.ReadDir(n, func(e ntfs.DirEntry) bool {
		if e.Short && v.hasLong(e) {
			return ctx.Err() == nil
		}
		batch = append(batch, collect.Entry{Name: e.Name, Type: entryType(e)})
		streaming = streaming || len(batch) > sortLimit
		return ctx.Err() == nil && (!streaming || flush())
	})
	if stopped {
		return nil
	}
	if err == nil {
		err = ctx.Err()
	}
	slices.SortFunc(batch, func(a, b collect.Entry) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(batch) && err == nil; i++ { // a path leads to one of them
		if name := batch[i].Name; name == batch[i-1].Name {
			err = fmt.Errorf("two entries have the name %.300q: %w", name, ntfs.ErrDamaged)
		}
	}
	if !flush() {
		return nil
	}
	return err
}

// hasLong reports whether the file of a short name is listed by a long one too.
// Windows shows no other: a file with a short name alone is hidden from it.
func (v *volume) hasLong(e ntfs.DirEntry) bool {
	n, err := v.fs.Node(e.Ref)
	return err == nil && slices.ContainsFunc(n.Names, func(fn ntfs.Name) bool { return !fn.Short && fn.Parent == e.Parent })
}

func entryType(e ntfs.DirEntry) evidence.FileType {
	switch {
	case (&ntfs.Reparse{Tag: e.Tag}).Link():
		return evidence.TypeSymlink
	case e.Dir:
		return evidence.TypeDir
	}
	return evidence.TypeFile
}

// Open implements collect.Source.
func (v *volume) Open(_ context.Context, path string) (evidence.Content, evidence.Stat, error) {
	o, err := v.find(path)
	if err != nil {
		return nil, evidence.Stat{}, err
	}
	st := v.stat(o)
	if st.Type != evidence.TypeFile && st.Type != evidence.TypeADS {
		return nil, st, fmt.Errorf("open %q: %s: not a regular file, never opened", path, st.Type)
	}
	d, err := o.node.Open(o.stream)
	if errors.Is(err, fs.ErrNotExist) && !o.isADS {
		return &content{Reader: salvage.New(strings.NewReader(""), salvage.Options{})}, st, nil // a file without content of its own, like $Secure
	}
	if err == nil && !o.isADS {
		err = elsewhere(o.node, d)
	}
	if err == nil {
		err = v.spent.take(d, v.here)
	}
	if errors.Is(err, evidence.ErrBudget) {
		return nil, st, err
	}
	if err != nil {
		return nil, st, fmt.Errorf("open %q: %w", path, err)
	}
	return newContent(d, o.head()), st, nil
}

// away are the attributes of a file whose content is not, or not all, on the
// volume: offline, and recall on data access ([MS-FSCC] 2.6).
const away = 0x1000 | 0x400000

// elsewhere tells of files whose bytes are not in their own stream: reading it
// would give zeros that nobody ever stored. Where some of them are, the rest
// can't be read.
func elsewhere(n *ntfs.Node, d *ntfs.Data) error {
	var why error
	switch r := n.Reparse; {
	case r == nil || d.Size() == 0:
	case r.Tag == ntfs.TagWOF:
		why = errors.New("compressed by the Windows Overlay Filter, which is not supported yet; its stream :WofCompressedData holds the bytes")
	case r.Tag == ntfs.TagDedup:
		why = errors.New("deduplicated, which is not supported yet; its bytes are in the volume's chunk store")
	case r.Cloud() && (!d.Stored() || n.Flags&away != 0):
		why = errors.New("the content is not on this volume: a cloud provider or slower storage has it")
	}
	if why == nil || !d.Stored() {
		return why
	}
	d.Withhold(why)
	return nil
}

// content is one stream on its one pass.
type content struct {
	*salvage.Reader
	details map[string]string
	short   error // what the end of the bytes is, where that is too early
}

// Read implements io.Reader.
func (c *content) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if err == io.EOF && c.short != nil {
		err = c.short
	}
	return n, err
}

func newContent(d *ntfs.Data, head int64) *content {
	c := &content{}
	if head > 0 {
		c.details = map[string]string{"sparse_head_skipped": strconv.FormatInt(head, 10)}
	}
	if d.Cut() {
		c.short = fmt.Errorf("more was written to the stream than the %d bytes that it claims to have: %w", d.Size(), ntfs.ErrDamaged)
	}
	if n := d.Excess(); n > 0 {
		c.short = fmt.Errorf("the stream claims %d bytes more than its clusters hold, and more than the volume has: %w", n, ntfs.ErrDamaged)
	}
	size := d.Size() - head
	c.Reader = salvage.New(shifted{d, head}, salvage.Options{
		Size: size, Skippable: func(error) bool { return true },
		NextData: func(off int64) (int64, int64, error) {
			start, end, err := d.NextData(off + head)
			return start - head, end - head, err
		},
		Gap: func(off int64, err error) int64 { return d.Gap(off+head, err) - head },
	})
	return c
}

// shifted leaves out the head of a stream.
type shifted struct {
	d    *ntfs.Data
	head int64
}

// ReadAt implements io.ReaderAt.
func (s shifted) ReadAt(p []byte, off int64) (int, error) { return s.d.ReadAt(p, off+s.head) }

// Finish implements evidence.Content.
func (c *content) Finish() evidence.Finish {
	lost, more := c.Lost()
	return evidence.Finish{Lost: lost, LostMore: more, Details: c.details}
}

// Close implements evidence.Content.
func (c *content) Close() error { return nil }
