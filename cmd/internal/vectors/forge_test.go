package vectors

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/segment"
)

// told is a record and its content, both as a dishonest signer likes.
type told struct {
	r       evidence.Record
	content string
	line    string // instead of the record as JSON
	entry   string // instead of the name that the path gives
	stored  []byte // instead of one frame of content
	frames  string // instead of the index's frames
	index   string // instead of the whole line of the index; "-" for none
	no      bool   // no entry
}

func hexOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// item is honest; edits make it lie.
func item(seq uint64, path, content string, edits ...func(*told)) told {
	t := told{content: content, r: evidence.Record{
		Format: evidence.RecordFormat, Seq: seq, Salt: base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "salt of item %03d", seq)),
		Source: "live", Outcome: evidence.Collected, Method: "os", Artifacts: []string{"path"}, Size: int64(len(content)), SHA256: hexOf(content),
	}}
	t.r.SetPath(path)
	t.r.Type, t.r.Mode, t.r.MTime = evidence.TypeFile, "0644", evidence.At(epoch)
	if content == "" {
		t.r.Outcome, t.r.SHA256 = evidence.Empty, ""
	}
	for _, e := range edits {
		e(&t)
	}
	return t
}

// compress makes one zstd frame as the writer does.
func compress(content string, o ...zstd.EOption) []byte {
	enc, err := zstd.NewWriter(nil, append([]zstd.EOption{zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1 << 20)}, o...)...)
	if err != nil {
		panic(err)
	}
	return enc.EncodeAll([]byte(content), nil)
}

// plain is a segment's plaintext before it is one.
type plain struct {
	entries []entry
	records [][]byte
	index   string
	items   string // instead of the records
	first   uint64
	zip     func([]entry) []byte // instead of rawZip
}

func segmentOf(items ...told) plain {
	p := plain{index: `{"format":"hozen-index/1"}` + "\n", first: items[0].r.Seq}
	for _, t := range items {
		line := t.line
		if line == "" {
			b, err := json.Marshal(t.r)
			if err != nil {
				panic(err)
			}
			line = string(b)
		}
		p.records = append(p.records, []byte(line))
		if t.content == "" && t.stored == nil || t.no {
			continue
		}
		name, stored := t.entry, t.stored
		if name == "" {
			name = evidence.EntryName(t.r.Source, t.r.RawPath())
		}
		if t.r.Part != nil {
			name = evidence.PartName(name, t.r.Part.Number)
		}
		if stored == nil {
			stored = compress(t.content)
		}
		p.entries = append(p.entries, entry{name: name, data: stored})
		if t.frames == "" {
			t.frames = fmt.Sprintf("[[%d,%d]]", len(stored), len(t.content))
		}
		if t.index == "" {
			quoted, _ := json.Marshal(name) // a string can't fail
			t.index = fmt.Sprintf(`{"seq":%d,"entry":%s,"frames":%s}`, t.r.Seq, quoted, t.frames)
		}
		if t.index != "-" {
			p.index += t.index + "\n"
		}
	}
	return p
}

func (p plain) bytes() []byte {
	items := p.items
	if items == "" {
		items = string(bytes.Join(p.records, []byte("\n"))) + "\n"
	}
	all := append(p.entries[:len(p.entries):len(p.entries)], entry{name: segment.ItemsName, data: []byte(items)}, entry{name: segment.IndexName, data: []byte(p.index)})
	if p.zip != nil {
		return p.zip(all)
	}
	return rawZip(all, "", "", "")
}

// lie is a bundle that is sealed soundly whatever it says.
type lie struct {
	segments []plain
	header   func(*seal.Header)
	leaf     func(n int, s *seal.Segment)
	end      func(*seal.End)
	noEnd    bool
	more     []any // leaves after the end
	raw      func(n int, leaf []byte) []byte
	note     func(n int, c seal.Checkpoint) seal.Checkpoint
	after    func(objects) objects
	pack     func(objects) []byte
}

// forge seals a lie and returns its objects.
func (m maker) forge(name string, l lie) objects {
	m.random(name)
	h := header("20260117t093000z-forged-" + path.Base(name))
	signer, err := keys.NewEphemeral(h.Bundle)
	m.must(err)
	h.Format, h.Started, h.Encryption, h.Hashes = seal.HeaderFormat, evidence.At(epoch), "none", []string{"sha256"}
	h.Signer = seal.Signer{Algorithm: "ed25519", VKey: signer.VKey(), Ephemeral: true, Role: "collector"}
	all := objects{{"README.txt", []byte("A test vector.\n")}, {"verify.sh", []byte("#!/bin/sh\nexit 4 # a test vector has no script\n")}}
	h.Files = map[string]string{}
	for _, o := range all {
		h.Files[o.name] = hexOf(string(o.body))
	}
	if l.header != nil {
		l.header(&h)
	}
	var tree seal.Tree
	put := func(leaf any) {
		n := int(tree.Size())
		b, err := seal.Encode(leaf)
		m.must(err)
		if l.raw != nil {
			b = l.raw(n, b)
		}
		tree.Append(b)
		c := tree.At(seal.Origin(h.Bundle))
		if l.note != nil {
			c = l.note(n, c)
		}
		signed, err := c.Sign(signer)
		m.must(err)
		all = append(all, object{fmt.Sprintf("seal/%06d.json", n), b}, object{fmt.Sprintf("seal/%06d.checkpoint", n), signed})
	}
	put(h)
	e := seal.End{Format: seal.EndFormat, Bundle: h.Bundle, State: seal.Complete, Ended: evidence.At(epoch), Outcomes: map[evidence.Outcome]int{}, KeyFate: "destroyed"}
	for i, p := range l.segments {
		body := p.bytes()
		s := seal.Segment{Format: seal.SegmentFormat, Bundle: h.Bundle, Number: i + 1, Size: int64(len(body)), SHA256: hexOf(string(body)),
			Items: len(p.records), First: p.first, Closed: evidence.At(epoch)}
		var hashes []tlog.Hash
		for _, r := range p.records {
			hashes = append(hashes, tlog.RecordHash(r))
			count(&e, r)
		}
		s.Root, s.Object = seal.RootText(segment.Root(hashes)), seal.ObjectName(i+1, s.SHA256, false)
		if l.leaf != nil {
			l.leaf(i+1, &s)
		}
		all = append(all, object{s.Object, body})
		put(s)
	}
	e.Segments = len(l.segments)
	if l.end != nil {
		l.end(&e)
	}
	if !l.noEnd {
		put(e)
	}
	for _, leaf := range l.more {
		put(leaf)
	}
	if l.after != nil {
		all = l.after(all)
	}
	return all
}

// count adds a record to what the end leaf states.
func count(e *seal.End, line []byte) {
	var r evidence.Record
	if json.Unmarshal(line, &r) != nil {
		return
	}
	e.Bytes += r.Size
	if r.Part == nil || r.Part.Last {
		e.Items++
		e.Outcomes[r.Outcome]++
	}
}

// hostileBundle writes one vector; those over 100 KB are compressed.
func (m maker) hostileBundle(name string, l lie) {
	all := m.forge(name, l)
	pack := m.pack
	if l.pack != nil {
		pack = l.pack
	}
	body := pack(all)
	if len(body) > 100_000 {
		name, body = name+".zip", compress(string(body), zstd.WithEncoderLevel(zstd.SpeedBestCompression))
		m.write("hostile/"+name+".zst", body)
		return
	}
	m.write("hostile/"+name+".zip", body)
}
