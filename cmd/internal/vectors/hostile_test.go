package vectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/seal"
)

// nasty is what must never reach a terminal or a page as it is.
const nasty = "\x1b[2J\x1b]0;pwned\a\x1b]8;;http://evil.example\x1b\\\r\noverwritten\u009b31m\u202egnp\x7f\b\b<script>alert(1)</script>&\"'`$(id)\u2028"

// taken names an entry as a writer does whose first choice is taken.
func taken(n int) func(*told) {
	return func(t *told) { t.entry = fmt.Sprintf("data/live%s~%d.zst", t.r.Path, n) }
}

func one(items ...told) lie { return lie{segments: []plain{segmentOf(items...)}} }

// edited makes a lie of one item that is edited.
func edited(edit func(*told)) lie {
	return one(item(1, "/etc/one", "content one\n", edit), item(2, "/etc/two", "content two\n"))
}

// raw is edited with a piece of the record's JSON replaced.
func raw(from, to string) lie {
	return edited(func(t *told) {
		b, err := json.Marshal(t.r)
		if err != nil || !bytes.Contains(b, []byte(from)) {
			panic(fmt.Sprintf("%s has no %s: %v", b, from, err))
		}
		t.line = strings.Replace(string(b), from, to, 1)
	})
}

func leafRaw(n int, from, to string) lie {
	l := one(item(1, "/etc/one", "content one\n"))
	l.raw = func(i int, leaf []byte) []byte {
		if i == n {
			if !bytes.Contains(leaf, []byte(from)) {
				panic(string(leaf) + " has no " + from)
			}
			return bytes.Replace(leaf, []byte(from), []byte(to), 1)
		}
		return leaf
	}
	return l
}

func part(t told, of uint64, number int, offset int64, whole string) told {
	t.r.Part = &evidence.Part{Item: of, Number: number, Offset: offset}
	if whole != "" {
		t.r.Part.Last, t.r.Part.WholeSize, t.r.Part.WholeSHA256 = true, int64(len(whole)), hexOf(whole)
	}
	return t
}

func (m maker) hostile() {
	for _, group := range []map[string]lie{texts(), records(), indexes(), frames(), segmentZips(), leaves()} {
		for name, l := range group {
			m.hostileBundle(name, l)
		}
	}
	m.checkpoints()
	m.containers()
	m.stamps()
}

// texts are lies that hold together: what is hostile is what they say.
func texts() map[string]lie {
	var entries []told
	for i, n := range []string{
		"data/live/../../../canary/evil.zst", "data/../../canary/evil2.zst", "data//canary/evil3.zst", `data/live/..\..\canary\evil4.zst`, "data/C:/canary/evil5.zst",
		"data/live/\x1b[2J.zst", "data/live/nul\x00.zst", "data/", "data/live/evil", "data/live/CON.zst", "data/live/" + strings.Repeat("n", 60000) + ".zst",
	} {
		entries = append(entries, item(uint64(i+1), fmt.Sprintf("/etc/%d", i), "evil", func(t *told) { t.entry = n }))
	}
	say := func(r *evidence.Record) {
		r.Error, r.Reason, r.Method, r.Artifacts = nasty, nasty, nasty, []string{nasty}
		r.Owner, r.Group, r.Mode, r.UID, r.Inode, r.Dev, r.Rdev = nasty, nasty, nasty, nasty, nasty, nasty, nasty
		r.Attributes, r.ACL, r.Streams, r.Target = []string{nasty}, []string{nasty}, []string{nasty}, nasty
		r.Xattrs = []evidence.Xattr{{Name: nasty, Value: []byte(nasty), Error: nasty}}
		r.Lost, r.Details = []evidence.Range{{Error: nasty}}, map[string]string{nasty: nasty}
	}
	text := one(item(1, "/"+nasty, "content "+nasty, func(t *told) { say(&t.r) }))
	for i, o := range []evidence.Outcome{evidence.Missing, evidence.Denied, evidence.Failed, evidence.Skipped} {
		text.segments = append(text.segments, segmentOf(item(uint64(i+2), fmt.Sprintf("/%d%s", i, nasty), "", func(t *told) { say(&t.r); t.r.Outcome = o })))
	}
	text.segments = append(text.segments, segmentOf(item(6, "/partial"+nasty, "abc", func(t *told) { say(&t.r); t.r.Outcome = evidence.Partial })))
	text.header = func(h *seal.Header) {
		h.Examiner, h.Place, h.Note, h.Tool.Name, h.Tool.Version, h.Tool.Commit, h.Tool.OS = nasty, nasty, nasty, nasty, nasty, nasty, nasty
		h.Host, h.Clock, h.Options = map[string]string{nasty: nasty, "hostname": nasty}, map[string]string{nasty: nasty}, map[string]string{nasty: nasty}
		h.Kind, h.Signer.Role, h.Recipients = nasty, nasty, []string{nasty}
		h.Parents, h.Rules = []seal.Parent{{Bundle: nasty, Case: nasty, Root: nasty}}, []seal.File{{Name: nasty, SHA256: nasty}}
	}
	text.end = func(e *seal.End) {
		e.Reason, e.KeyFate, e.Footprint = nasty, nasty, map[string]string{nasty: nasty}
	}
	state := one(item(1, "/a", "a"))
	state.end = func(e *seal.End) { e.State = nasty }
	link := func(t *told) { t.r.Type, t.r.Outcome, t.r.SHA256 = evidence.TypeSymlink, evidence.Collected, "" }
	return map[string]lie{
		"text-everywhere":  text,
		"text-state":       state,
		"text-source":      one(item(1, "/a", "a", func(t *told) { t.r.Source = "../../canary" }), item(2, "/b", "b", func(t *told) { t.r.Source = "" }), item(3, "/c", "c", func(t *told) { t.r.Source = nasty })),
		"text-outcome":     edited(func(t *told) { t.r.Outcome = evidence.Outcome(nasty) }),
		"text-format":      edited(func(t *told) { t.r.Format = nasty }),
		"text-sha256":      edited(func(t *told) { t.r.SHA256 = nasty }),
		"path-deep":        one(item(1, strings.Repeat("d/", 400_000)+"end", "deep"), item(2, "/"+strings.Repeat("x", 900_000), "long")),
		"entry-names":      one(entries...),
		"entry-name-bytes": one(item(1, "/etc/one", "evil", func(t *told) { t.entry = "data/live/\xff.zst" })),
		"links": one(
			item(1, "/x", "", link, func(t *told) { t.r.Target = "/canary" }), item(2, "/x/evil", "through a link"),
			item(3, "/y", "", link, func(t *told) { t.r.Target = "../../../canary" }), item(4, "/y", "in a link's place"),
			item(5, "/dir", "", func(t *told) { t.r.Type, t.r.Outcome = evidence.TypeDir, evidence.Collected }), item(6, "/dir", "in a folder's place"),
			item(7, "/file", "a file"), item(8, "/file/below", "below a file"), item(9, "/file", "twice", taken(1)), item(10, "/file", "three times", taken(2)),
			item(11, "/null", "to a device", func(t *told) { t.r.Type, t.r.Rdev = evidence.TypeChar, "1:3" }),
			item(12, "/bogus", "of no type", func(t *told) { t.r.Type = "bogus" }),
		),
		"unknown-fields": unknownFields(),
		"times": one(
			item(1, "/old", "a", func(t *told) { t.r.MTime = evidence.At(epoch.AddDate(-2025, 0, 0)) }),
			item(2, "/new", "b", func(t *told) { t.r.MTime = evidence.At(epoch.AddDate(7900, 0, 0)) }),
		),
	}
}

// unknownFields is a bundle of a later minor version: it must be read.
func unknownFields() lie {
	const more = `{"later":{"deep":[1,2,{"x":"y"}]},"another":1e3,`
	p := segmentOf(item(1, "/etc/one", "content one\n", func(t *told) {
		b, err := json.Marshal(t.r)
		if err != nil {
			panic(err)
		}
		t.line = more + string(b)[1:]
	}))
	p.index = strings.ReplaceAll(p.index, "{", more)
	return lie{segments: []plain{p}, raw: func(_ int, leaf []byte) []byte { return append([]byte(more), leaf[1:]...) }}
}

func deep(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// records are soundly signed, and not true.
func records() map[string]lie {
	long := item(1, "/long", "", func(t *told) { t.r.Error = strings.Repeat("e", 1<<20) })
	var many []told
	for i := range 20_001 {
		many = append(many, item(uint64(i+1), "", "", func(t *told) { t.r.Artifacts = nil }))
	}
	unlinked := func(number int, offset int64) lie {
		return one(part(item(1, "/p", "abc"), 1, 1, 0, ""), part(item(2, "/p", "def"), 1, number, offset, "abcdef"))
	}
	return map[string]lie{
		"record-sha256":         edited(func(t *told) { t.r.SHA256 = hexOf("other") }),
		"record-no-sha256":      edited(func(t *told) { t.r.SHA256 = "" }),
		"record-md5":            edited(func(t *told) { t.r.MD5 = strings.Repeat("0", 32) }),
		"record-size":           edited(func(t *told) { t.r.Size++ }),
		"record-size-negative":  edited(func(t *told) { t.r.Size = -12 }),
		"record-size-huge":      edited(func(t *told) { t.r.Size = math.MaxInt64 }),
		"record-size-number":    raw(`"size":"12"`, `"size":12`),
		"record-size-1e400":     raw(`"size":"12"`, `"size":"1e400"`),
		"record-seq-1e400":      raw(`"seq":1,`, `"seq":1e400,`),
		"record-seq-negative":   raw(`"seq":1,`, `"seq":-1,`),
		"record-seq-huge":       edited(func(t *told) { t.r.Seq = math.MaxUint64 }),
		"record-seq-twice":      edited(func(t *told) { t.r.Seq = 2 }),
		"record-size-no-entry":  edited(func(t *told) { t.no = true }),
		"record-entry-no-size":  edited(func(t *told) { t.r.Size = 0 }),
		"record-format-2":       edited(func(t *told) { t.r.Format = "hozen-item/2" }),
		"record-no-json":        edited(func(t *told) { t.line = "{\"format\":\"hozen-item/1\"," + nasty[:8] }),
		"record-null":           edited(func(t *told) { t.line = "null" }),
		"record-empty":          edited(func(t *told) { t.line = " " }),
		"record-deep":           raw(`{"format"`, `{"deep":`+deep(500_000)+`,"format"`),
		"record-million-deep":   raw(`{"format"`, `{"deep":`+strings.Repeat("[", 1_000_000)+`,"format"`),
		"record-twice-a-field":  raw(`"size":"12"`, `"size":"5","size":"12"`),
		"record-twice-escaped":  raw(`"size":"12"`, `"size":"12","s\u0069ze":"5"`),
		"record-twice-within":   raw(`"mode":"0644"`, `"mode":"0644","details":{"pid":"1","pid":"2"}`),
		"record-other-case":     raw(`"mode":"0644"`, `"mode":"0644","Error":"read by some"`),
		"record-half-a-pair":    raw(`"mode":"0644"`, `"mode":"0644","error":"\ud800"`),
		"record-not-utf8":       raw(`"mode":"0644"`, `"mode":"0644","error":"`+"\xff"+`"`),
		"record-space":          raw(`"mode":"0644"`, `"mode": "0644"`),
		"record-deep-101":       raw(`{"format"`, `{"deep":`+deep(101)+`,"format"`),
		"record-size-leading-0": raw(`"size":"12"`, `"size":"012"`),
		"record-size-null":      raw(`"size":"12"`, `"size":"null"`),
		"record-empty-sha256":   one(item(1, "/empty", "", func(t *told) { t.r.SHA256 = hexOf("not empty") })),
		"record-seq-gap":        {segments: []plain{segmentOf(item(1, "/a", "a")), segmentOf(item(3, "/c", "c"))}},
		"record-long":           one(long),
		"record-many":           one(many...),
		"record-time":           raw(`"mtime":"2026`, `"mtime":"99999`),
		"record-path-b64":       raw(`"path":"/etc/one"`, `"path":"/etc/one","path_b64":"!!!"`),
		"record-path-b64-other": raw(`"path":"/etc/one"`, `"path":"/etc/one","path_b64":"Li4vLi4vY2FuYXJ5L2V2aWw="`),
		"part-number":           unlinked(3, 3),
		"part-number-huge":      unlinked(math.MaxInt, 3),
		"part-offset":           unlinked(2, 4),
		"part-offset-negative":  unlinked(2, -3),
		"part-offset-huge":      unlinked(2, math.MaxInt64),
		"part-first-offset":     one(part(item(1, "/p", "abc"), 1, 1, math.MaxInt64-1, "abc")),
		"part-item":             one(part(item(1, "/p", "abc"), 7, 1, 0, "abc")),
		"part-whole":            one(part(item(1, "/p", "abc"), 1, 1, 0, ""), part(item(2, "/p", "def"), 1, 2, 3, "abcdeX")),
		"part-no-last":          one(part(item(1, "/p", "abc"), 1, 1, 0, "")),
		"part-paths-differ":     one(part(item(1, "/p", "abc"), 1, 1, 0, ""), part(item(2, "/q", "def"), 1, 2, 3, "abcdef")),
		"part-after-last":       one(part(item(1, "/p", "abc"), 1, 1, 0, "abc"), part(item(2, "/p", "def"), 1, 2, 3, "abcdef")),
	}
}

// indexes say something else about entries than is true.
func indexes() map[string]lie {
	frames := func(f string) lie { return edited(func(t *told) { t.frames = f }) }
	size := len(compress("content one\n"))
	other := one(item(1, "/etc/one", "content two\n", func(t *told) { t.entry = "data/live/etc/two.zst" }), item(2, "/etc/two", "content one\n", func(t *told) { t.entry = "data/live/etc/one.zst" }))
	twin := segmentOf(item(1, "/a", "twin"), item(2, "/b", "twin", func(t *told) {
		t.stored = compress("never shown")
		t.index = fmt.Sprintf(`{"seq":2,"entry":"data/live/a.zst","frames":[[%d,4]]}`, len(compress("twin")))
	}))
	missing, version := segmentOf(item(1, "/a", "a")), segmentOf(item(1, "/a", "a"))
	missing.index, version.index = "", strings.Replace(version.index, "index/1", "index/2", 1)
	return map[string]lie{
		"index-empty":       {segments: []plain{missing}},
		"index-format-2":    {segments: []plain{version}},
		"index-two-records": {segments: []plain{twin}},
		"index-other-entry": other,
		"index-no-line":     edited(func(t *told) { t.index = "-" }),
		"index-twice":       edited(func(t *told) { t.index = `{"seq":2,"entry":"data/live/etc/one.zst","frames":[]}` }),
		"index-twice-a-field": edited(func(t *told) {
			t.index = fmt.Sprintf(`{"seq":1,"entry":"data/live/etc/two.zst","frames":[[%d,12]],"entry":"data/live/etc/one.zst"}`, size)
		}),
		"index-other-case": edited(func(t *told) {
			t.index = fmt.Sprintf(`{"Seq":1,"entry":"data/live/etc/one.zst","frames":[[%d,12]]}`, size)
		}),
		"index-items":         edited(func(t *told) { t.index = `{"seq":1,"entry":"items.jsonl","frames":[[1,1]]}` }),
		"index-no-entry":      edited(func(t *told) { t.index = `{"seq":1,"entry":"data/live/nowhere.zst","frames":[]}` }),
		"index-deep":          edited(func(t *told) { t.index = `{"seq":` + strings.Repeat("[", 1_000_000) }),
		"index-short":         frames(fmt.Sprintf("[[%d,12]]", size-1)),
		"index-overlap":       frames(fmt.Sprintf("[[%d,12],[%d,12]]", size, size)),
		"index-negative":      frames(fmt.Sprintf("[[%d,12],[-5,1],[5,1]]", size)),
		"index-huge":          frames("[[9223372036854775807,12],[1,9223372036854775807]]"),
		"index-1e400":         frames("[[1e400,12]]"),
		"index-content":       frames(fmt.Sprintf("[[%d,11]]", size)),
		"index-content-large": frames(fmt.Sprintf("[[%d,1048577]]", size)),
		"index-many-frames":   frames("[" + strings.Repeat("[1,1],", 300_000) + "[1,1]]"),
	}
}

// frames are not the zstd that they should be. Each stands in the index with
// the content that the record has.
func frames() map[string]lie {
	stored := func(b []byte, more ...[]byte) lie {
		return edited(func(t *told) {
			t.stored = bytes.Join(append([][]byte{b}, more...), nil)
			t.frames = fmt.Sprintf("[[%d,12]]", len(t.stored))
		})
	}
	ok := compress("content one\n")
	sum := bytes.Clone(ok)
	sum[len(sum)-1] ^= 1
	zeros := make([]byte, 64<<20)
	var streamed bytes.Buffer
	w, err := zstd.NewWriter(&streamed, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		panic(err)
	}
	w.Write(zeros) // to memory
	w.Close()
	head := []byte{0x28, 0xb5, 0x2f, 0xfd}
	return map[string]lie{
		"zstd-bomb":            stored(compress(string(zeros))),
		"zstd-bomb-no-size":    stored(streamed.Bytes()),
		"zstd-bomb-lies":       stored(append(append(head, 0xa4, 12, 0, 0, 0), append(bytes.Repeat([]byte{2, 0, 0x10, 0}, 1000), 3, 0, 0x10, 0, 0, 0, 0, 0)...)),
		"zstd-size-huge":       stored(append(head, 0xe4, 255, 255, 255, 255, 255, 255, 255, 127)),
		"zstd-window":          stored(append(head, 0x04, 0xff, 1, 0, 0, 0, 0, 0, 0)),
		"zstd-dictionary":      stored(append(head, 0x25, 7, 12, 1, 0, 0, 0, 0, 0, 0)),
		"zstd-skippable":       stored([]byte{0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 'h', 'i', 'd', 'e'}, ok),
		"zstd-skippable-after": stored(ok, []byte{0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 'h', 'i', 'd', 'e'}),
		"zstd-skippable-huge":  stored([]byte{0x50, 0x2a, 0x4d, 0x18, 255, 255, 255, 255, 'x'}),
		"zstd-two-frames":      stored(compress("content "), compress("one\n")),
		"zstd-empty-frame":     stored(compress(""), ok),
		"zstd-no-checksum":     stored(compress("content one\n", zstd.WithEncoderCRC(false))),
		"zstd-checksum":        stored(sum),
		"zstd-garbage":         stored([]byte(strings.Repeat("not zstd ", 50))),
		"zstd-cut":             stored(ok[:len(ok)-5]),
		"zstd-tail":            stored(ok, []byte("tail")),
	}
}
