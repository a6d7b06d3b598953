package vectors

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"filippo.io/age"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/sink"
)

// clock stands still until it is set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// writing is a bundle being written by the real writer, one item at a time.
type writing struct {
	maker
	name  string
	clock *clock
	w     *sink.Writer
	sums  []string // what each item's content must be, and its path
}

// header is the same in all vectors but for id and kind.
func header(id string) seal.Header {
	return seal.Header{
		Bundle: id, Kind: seal.KindCollection, Case: "IR-2026-0117", Examiner: "A. Examiner", Place: "bench 3",
		Note: "made for tests", Host: map[string]string{"hostname": "web01", "os": "linux"},
		Tool: seal.Tool{Name: "hozen", Version: "0.1.0", SHA256: strings.Repeat("ab", 32), OS: "linux", Arch: "amd64"},
	}
}

func (m maker) begin(name string, edit func(*sink.Options)) *writing {
	return m.beginOn(name, edit, func(o sink.Output) sink.Output { return o })
}

// beginOn begins a bundle on what around makes of its file.
func (m maker) beginOn(name string, edit func(*sink.Options), around func(sink.Output) sink.Output) *writing {
	m.random(name)
	c := &clock{at: epoch}
	id := "20260117t093000z-web01-" + name
	s, err := keys.NewEphemeral(id)
	m.must(err)
	o := sink.Options{Header: header(id), Signer: s, VKey: s.VKey(), NoEncryption: true, Workers: 1, Now: c.now, SegmentSize: 8 << 20}
	o.Header.Signer = seal.Signer{Ephemeral: true, Role: string(keys.Collector)}
	o.SegmentAge = time.Hour // measured by the machine's own clock: a slow one must not close segments earlier
	if edit != nil {
		edit(&o)
	}
	m.must(os.MkdirAll(filepath.Join(m.dir, "good"), 0o755))
	z, err := sink.NewZip(filepath.Join(m.dir, "good", name+".zip"))
	m.must(err)
	w, err := sink.New(context.Background(), around(z), o)
	m.must(err)
	return &writing{m, name, c, w, nil}
}

// add adds an item and waits until it is in a segment.
func (w *writing) add(path, content string, edits ...func(*evidence.Item)) {
	w.Helper()
	in := make(chan struct{})
	it := evidence.Item{Open: evidence.Bytes([]byte(content)), Done: func(evidence.Record) { close(in) }}
	it.Record = evidence.Record{Source: "live", Method: "os", Artifacts: []string{"LinuxTest"}}
	it.Record.SetPath(path)
	s := &it.Record.Stat
	s.Type, s.StatLen, s.Alloc, s.Mode, s.UID, s.GID, s.Owner, s.Group = evidence.TypeFile, int64(len(content)), 4096, "0644", "0", "0", "root", "root"
	s.Inode, s.Dev, s.Nlink = "18446744073709551615", "254:0", 1
	s.MTime, s.ATime, s.CTime = evidence.At(epoch.Add(-time.Hour)), evidence.At(epoch.Add(-time.Minute)), evidence.At(epoch.Add(-time.Hour))
	for _, e := range edits {
		e(&it)
	}
	if it.Open != nil && content != "" {
		w.sums = append(w.sums, fmt.Sprintf("%x %q", sha256.Sum256([]byte(content)), path))
	}
	w.must(w.w.Add(context.Background(), it))
	<-in
}

// flush makes a segment of what there is.
func (w *writing) flush() {
	n := w.w.Totals().Segments
	w.clock.pass(2 * time.Second)
	w.must(w.w.Flush(context.Background()))
	for w.w.Totals().Checkpoint.Size < int64(n)+2 {
		time.Sleep(time.Millisecond)
	}
}

func (w *writing) close(state, reason string) sink.Totals {
	w.clock.pass(time.Second)
	t, err := w.w.Close(context.Background(), seal.End{State: state, Reason: reason, KeyFate: "destroyed", Footprint: map[string]string{"files_created": "0"}})
	w.must(err)
	w.write("good/"+w.name+".sums", []byte(strings.Join(w.sums, "\n")+"\n"))
	return t
}

func outcome(o evidence.Outcome, text string) func(*evidence.Item) {
	return func(it *evidence.Item) {
		it.Open, it.Record.Outcome = nil, o
		if o == evidence.Skipped {
			it.Record.Reason = text
		} else {
			it.Record.Error = text
		}
	}
}

func kind(t evidence.FileType) func(*evidence.Item) {
	return func(it *evidence.Item) {
		it.Open, it.Record.Type, it.Record.Outcome, it.Record.StatLen, it.Record.Alloc = nil, t, evidence.Collected, 0, 0
	}
}

// finishing is content that ends as a test wants it to.
type finishing struct {
	io.Reader
	f evidence.Finish
}

func (f finishing) Close() error            { return nil }
func (f finishing) Finish() evidence.Finish { return f.f }

func finish(f evidence.Finish) func(*evidence.Item) {
	return func(it *evidence.Item) {
		open := it.Open
		it.Open = func(ctx context.Context) (evidence.Content, error) {
			c, err := open(ctx)
			return finishing{c, f}, err
		}
	}
}

func (m maker) good() {
	m.plain()
	m.names()
	m.parts()
	m.encrypted()
	m.unfinished()
	m.interrupted()
	m.findings()
	m.cosigned()
	m.stamped()
}

// plain has every outcome, every type of file and every field.
func (m maker) plain() {
	w := m.begin("plain", func(o *sink.Options) { o.SHA1, o.MD5 = true, true })
	w.add("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
	w.add("/etc/empty", "")
	w.add("/etc/missing", "", outcome(evidence.Missing, "no such file or directory"))
	w.add("/etc/shadow", "", outcome(evidence.Denied, "permission denied"))
	w.add("/etc/broken", "", outcome(evidence.Failed, "input/output error"))
	w.add("/var/huge", "", outcome(evidence.Skipped, "larger than --max-file"))
	w.flush()
	w.add("/var/log/changed", "one\ntwo\n", func(it *evidence.Item) {
		after := it.Record.Stat
		after.StatLen, after.MTime = 4000, evidence.At(epoch)
		finish(evidence.Finish{After: &after, Changed: true})(it)
	})
	w.add("/var/lost", strings.Repeat("\x00", 4096)+"tail", finish(evidence.Finish{Lost: []evidence.Range{{Length: 4096, Error: "input/output error"}}}))
	w.add("/var/cut", "only this", func(it *evidence.Item) {
		it.Record.StatLen = 100
		it.Open = func(context.Context) (evidence.Content, error) {
			return finishing{io.MultiReader(strings.NewReader("only this"), broken{}), evidence.Finish{}}, nil
		}
	})
	w.add("/home", "", kind(evidence.TypeDir))
	w.add("/bin", "", kind(evidence.TypeSymlink), func(it *evidence.Item) { it.Record.SetTarget("usr/\xffbin") })
	for _, t := range []evidence.FileType{evidence.TypeChar, evidence.TypeBlock, evidence.TypeFIFO, evidence.TypeSocket} {
		w.add("/dev/"+string(t), "", kind(t), func(it *evidence.Item) { it.Record.Rdev = "1:3" })
	}
	w.flush()
	w.add("/home/a/file:stream", "in a stream", func(it *evidence.Item) { it.Record.Type = evidence.TypeADS })
	w.add("/home/a/tagged", "tagged", func(it *evidence.Item) {
		s := &it.Record.Stat
		s.Xattrs = []evidence.Xattr{{Name: "user.note", Value: []byte{0, 255}}, {Name: "user.closed", Error: "permission denied"}}
		s.ACL, s.Attributes, s.Streams = []string{"user::rw-", "user:1000:r--"}, []string{"immutable"}, []string{"stream"}
		s.BTime, s.FNMTime, s.FNATime, s.FNCTime, s.FNBTime = s.MTime, s.MTime, s.MTime, s.MTime, s.MTime
		it.Record.Details = map[string]string{"pid": "7", "note": "é"}
	})
	w.add("/proc/1/cmdline", "/sbin/init\x00", func(it *evidence.Item) { it.Record.Method, it.Record.StatLen, it.Record.Alloc = "procfs", 0, 0 })
	w.add("/ledger.jsonl", `{"format":"hozen-ledger/1"}`+"\n", func(it *evidence.Item) { it.Record.Source, it.Record.Method = "hozen", "hozen" })
	w.close(seal.Complete, "")
}

// broken fails as a bad sector does.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("input/output error") }

// oddNames are paths as only a hostile or an old system has them.
var oddNames = []string{
	"", "/", "//", ".", "..", "/..", "../../../canary/evil", "/../../canary/evil", "a/../../../../canary/evil", "/etc/../../../canary/evil",
	"relative", "/abs/olute", "//server/share/x", `C:\Windows\System32\evil.dll`, `C:/Windows/x`, `\\?\C:\x`, `..\..\canary\evil`,
	"/new\nline", "/carriage\rreturn", "/tab\tand bell\a", "/esc\x1b[2J\x1b]0;title\a", "/nul\x00byte", "/del\x7f", "/csi\u009b31m",
	"/bad-\xff\xfe\xc0\xaf", "/bad-\xff", "/bad-\xfe", "/surrogate-\xed\xa0\x80", "/rtl-\u202egnp.exe", "/zero\u200bwidth", "/bom\ufeff",
	"/Case", "/case", "/CASE/x", "/case2/x", "/unicode/\u00e9", "/unicode/e\u0301", "/k-\u212a", "/k-k",
	"/trail.", "/trail ", "/trail. .", "/ lead", "/percent%41", "/percentA", "/a.zst", "/a", "/a.ZST", "/a.part0001", "/a.zst.part0002", "/a.part12",
	"/CON", "/aux.txt", "/com1", "/~long/x", "/~longer", "/~1", "/a~1", "/quote\"'`$(id);|&", "/<script>alert(1)</script>", "/-rf", "/--out=x",
	"/extracted.jsonl", "/unsealed/x", "/" + strings.Repeat("n", 255), "/" + strings.Repeat("n", 256), "/" + strings.Repeat("\u65e5", 85), "/" + strings.Repeat("%", 100),
	strings.Repeat("/deep", 300), strings.Repeat("/0123456789", 400) + "/end", "/" + strings.Repeat("p", 5000),
	"/dir", "/dir/below", "/dir/below/that",
}

func (m maker) names() {
	w := m.begin("names", nil)
	for i, n := range oddNames {
		w.add(n, fmt.Sprintf("content %d\n", i))
		if i == len(oddNames)/2 {
			w.flush()
		}
	}
	w.close(seal.Complete, "")
}

// lines is text of n bytes that compresses well.
func lines(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%s line %d\n", strings.Repeat("=", 1000), i/100)
	}
	return b.String()[:n]
}

// parts has items that are split: into three, into two with an end at a
// frame's edge, and one by time.
func (m maker) parts() {
	w := m.begin("parts", func(o *sink.Options) { o.SHA1, o.MD5 = true, true })
	w.add("/small", "before")
	w.add("/three", lines(9<<20+5))
	w.add("/edge", lines(8<<20))
	w.add("/slow", "one two", func(it *evidence.Item) {
		it.Open = func(context.Context) (evidence.Content, error) {
			return finishing{io.MultiReader(strings.NewReader("one"), &waiting{w.clock}, strings.NewReader(" two")), evidence.Finish{}}, nil
		}
	})
	w.add("/last", "after")
	w.close(seal.Complete, "")
}

// waiting lets half a minute pass, once.
type waiting struct{ c *clock }

func (w *waiting) Read([]byte) (int, error) {
	if w.c != nil {
		w.c.pass(30 * time.Second)
		w.c = nil
		return 0, nil
	}
	return 0, io.EOF
}

func (m maker) encrypted() {
	for name, folder := range map[string]string{"encrypted": "examiner", "classic": "classic"} {
		r, err := keys.ParseRecipients([]string{filepath.Join(m.dir, "keys", folder)})
		m.must(err)
		w := m.begin(name, func(o *sink.Options) { o.NoEncryption, o.Recipients = false, []age.Recipient(r.Age) })
		w.add("/etc/secret", "only for who has the key\n")
		w.add("/etc/secret2", lines(200_000))
		w.flush()
		w.add("/etc/third", "in another segment\n")
		w.close(seal.Complete, "")
	}
}

// unfinished is what a kill leaves: segments, a leaf without its checkpoint, a
// torn entry. Of the item "/torn" only the first part is under the seal.
func (m maker) unfinished() {
	w := m.begin("unfinished", func(o *sink.Options) { o.SegmentAge = time.Second })
	w.add("/first", "under the seal\n")
	w.flush()
	w.add("/second", "as well\n")
	w.add("/torn", "one", func(it *evidence.Item) {
		it.Open = func(context.Context) (evidence.Content, error) {
			return finishing{io.MultiReader(strings.NewReader("one"), &waiting{w.clock}, sealed{w}, strings.NewReader(" two")), evidence.Finish{}}, nil
		}
	})
	under := w.sums
	w.add("/third", "in the last segment\n")
	w.sums = under
	w.close(seal.Complete, "")
	file := filepath.Join(m.dir, "good/unfinished.zip")
	b, err := os.ReadFile(file)
	m.must(err)
	at := bytes.Index(b, []byte("seal/000003.checkpoint"))
	m.must(os.WriteFile(file, b[:at+40], 0o644))
}

// sealed is no content; it is read to its end when another segment is sealed.
type sealed struct{ w *writing }

func (s sealed) Read([]byte) (int, error) {
	for n := s.w.w.Totals().Segments; s.w.w.Totals().Segments == n; {
		time.Sleep(time.Millisecond)
	}
	return 0, io.EOF
}

// interrupted was ended in order by its user.
func (m maker) interrupted() {
	w := m.begin("interrupted", nil)
	w.add("/first", "taken\n")
	w.flush()
	w.add("/second", "as well\n")
	w.close(seal.Interrupted, "interrupted by a signal")
}

// findings is what a sweep of plain would seal.
func (m maker) findings() {
	parent := m.objects("plain")
	last := parent.last(".checkpoint")
	w := m.begin("findings", func(o *sink.Options) {
		h := &o.Header
		h.Kind, h.Options = seal.KindFindings, map[string]string{"rules_failed": "0"}
		text := strings.Split(string(parent[last].body), "\n")
		h.Parents = []seal.Parent{{Bundle: "20260117t093000z-web01-plain", Case: h.Case, Size: 5, Root: text[2]}}
		h.Rules = []seal.File{{Name: "rules/x.yar", SHA256: strings.Repeat("cd", 32)}}
	})
	line, err := json.Marshal(map[string]string{"format": "hozen-finding/1", "path": "/etc/passwd", "rule": "x"})
	m.must(err)
	w.add("findings.jsonl", string(line)+"\n", func(it *evidence.Item) { it.Record.Source, it.Record.Method = "hozen-sweep", "hozen" })
	w.add("unscanned.jsonl", "", func(it *evidence.Item) { it.Record.Source, it.Record.Method = "hozen-sweep", "hozen" })
	w.close(seal.Complete, "")
}

// cosigned is plain with the examiner's countersignature, as intake adds it.
func (m maker) cosigned() {
	m.random("cosigned")
	s, err := keys.LoadSigner(filepath.Join(m.dir, "keys/examiner"), nil)
	m.must(err)
	o, err := bundle.ZipObjects(filepath.Join(m.dir, "good/plain.zip"))
	m.must(err)
	b, err := bundle.Open(context.Background(), o)
	m.must(err)
	defer b.Close()
	all := m.objects("plain")
	m.must(bundle.Cosign(context.Background(), b, func(_ context.Context, name string, body []byte) error {
		all = append(all, object{name, body})
		return nil
	}, s, s.VKey()))
	m.write("good/cosigned.zip", m.pack(all))
	sums, err := fs.ReadFile(os.DirFS(m.dir), "good/plain.sums")
	m.must(err)
	m.write("good/cosigned.sums", sums)
}
