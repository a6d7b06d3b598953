package vectors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/hozen-dfir/hozen/evidence/seal"
)

// segmentZips are segments whose ZIP is not the one that the specification
// describes; their records are true.
func segmentZips() map[string]lie {
	with := func(f func([]entry) []byte) lie {
		p := segmentOf(item(1, "/a", "content a"), item(2, "/b", "content b"))
		p.zip = f
		return lie{segments: []plain{p}}
	}
	plainZip := func(es []entry) []byte { return rawZip(es, "", "", "") }
	edit := func(f func(es []entry)) lie {
		return with(func(es []entry) []byte { f(es); return plainZip(es) })
	}
	hidden := rawZip([]entry{{name: "data/live/hidden.zst", data: compress("hidden")}}, "", "", "")
	return map[string]lie{
		"segment-gap":        edit(func(es []entry) { es[1].before = hidden[:len(hidden)-22] }),
		"segment-prefix":     with(func(es []entry) []byte { return rawZip(es, "MZ hidden", "", "") }),
		"segment-comment":    with(func(es []entry) []byte { return rawZip(es, "", "hidden", "") }),
		"segment-tail":       with(func(es []entry) []byte { return rawZip(es, "", "", "hidden") }),
		"segment-local-name": edit(func(es []entry) { es[0].local = "data/live/c.zst" }),
		"segment-deflate":    edit(func(es []entry) { es[0].method = 8 }),
		"segment-crc":        edit(func(es []entry) { es[0].badCRC = true }),
		"segment-items-crc":  edit(func(es []entry) { es[2].badCRC = true }),
		"segment-size":       edit(func(es []entry) { es[0].size = 0xfffffff0 }),
		"segment-extra":      edit(func(es []entry) { es[0].extra = []byte{0xfe, 0xca, 2, 0, 'h', 'i'} }),
		"segment-flags":      edit(func(es []entry) { es[0].flags = 8 }),
		"segment-order":      with(func(es []entry) []byte { es[0], es[2] = es[2], es[0]; return plainZip(es) }),
		"segment-shared": with(func(es []entry) []byte {
			es[1] = entry{name: es[1].name, data: es[0].data, shared: true}
			return plainZip(es)
		}),
		"segment-twins":     with(func(es []entry) []byte { return plainZip(append([]entry{es[0]}, es...)) }),
		"segment-stray":     with(func(es []entry) []byte { return plainZip(append([]entry{{name: "stray"}}, es...)) }),
		"segment-two-items": with(func(es []entry) []byte { return plainZip(append([]entry{es[2]}, es...)) }),
		"segment-no-zip":    with(func([]entry) []byte { return []byte(strings.Repeat("no ZIP", 100)) }),
		"segment-nothing":   with(func([]entry) []byte { return []byte{} }),
		"segment-cut":       with(func(es []entry) []byte { b := plainZip(es); return b[:len(b)/2] }),
		"segment-many":      with(func(es []entry) []byte { return append(plainZip(es)[:0:0], manyEntries()...) }),
	}
}

// manyEntries is a directory of 65,535 entries that all are one.
func manyEntries() []byte {
	es := []entry{{name: "data/0"}}
	for i := range 65_534 {
		es = append(es, entry{name: fmt.Sprintf("data/%d", i+1), shared: true})
	}
	return rawZip(es, "", "", "")
}

// leaves lie in the public part, under a good signature.
func leaves() map[string]lie {
	base := func() lie { return one(item(1, "/etc/one", "content one\n")) }
	head := func(f func(*seal.Header)) lie { l := base(); l.header = f; return l }
	leaf := func(f func(*seal.Segment)) lie {
		l := base()
		l.leaf = func(_ int, s *seal.Segment) { f(s) }
		return l
	}
	end := func(f func(*seal.End)) lie { l := base(); l.end = f; return l }
	more := func(leaves ...any) lie { l := base(); l.more = leaves; return l }
	id := func(to string) lie {
		l := base()
		l.header = func(h *seal.Header) { h.Bundle = to }
		return l
	}
	return map[string]lie{
		"header-format-2":      leafRaw(0, "hozen-header/1", "hozen-header/2"),
		"header-no-json":       leafRaw(0, `{"format"`, `{{"format"`),
		"header-list":          leafRaw(0, `{"format"`, `[{"format"`),
		"header-deep":          leafRaw(0, `{"format"`, `{"deep":`+deep(400_000)+`,"format"`),
		"header-more":          leafRaw(0, "}\n", "}{}\n"),
		"header-case":          head(func(h *seal.Header) { h.Case = "../../canary" }),
		"header-bundle":        id("../../canary"),
		"header-bundle-text":   id(nasty),
		"header-case-text":     head(func(h *seal.Header) { h.Case = nasty }),
		"header-encryption":    head(func(h *seal.Header) { h.Encryption = nasty }),
		"header-age":           head(func(h *seal.Header) { h.Encryption = "age" }),
		"header-vkey":          head(func(h *seal.Header) { h.Signer.VKey = nasty }),
		"header-no-vkey":       head(func(h *seal.Header) { h.Signer.VKey = "" }),
		"header-algorithm":     head(func(h *seal.Header) { h.Signer.Algorithm = "rot13" }),
		"header-files":         head(func(h *seal.Header) { h.Files["README.txt"] = strings.Repeat("0", 64) }),
		"header-files-more":    head(func(h *seal.Header) { h.Files["../../canary/evil"] = strings.Repeat("0", 64) }),
		"header-files-third":   head(func(h *seal.Header) { h.Files["NOTES.txt"] = strings.Repeat("0", 64) }),
		"header-twice-a-field": leafRaw(0, `"case":`, `"case":"IR-OTHER","case":`),
		"header-twice-within":  leafRaw(0, `"hostname":`, `"hostname":"another","hostname":`),
		"header-other-case":    leafRaw(0, `"case":`, `"Case":"IR-OTHER","case":`),
		"header-space":         leafRaw(0, `"case":`, `"case": `),
		"header-no-line-end":   leafRaw(0, "}\n", "}"),
		"leaf-twice-a-field":   leafRaw(1, `"closed":`, `"closed":"2020-01-01T00:00:00.000000000Z","closed":`),
		"leaf-other-case":      leafRaw(1, `"closed":`, `"Closed":"2020-01-01T00:00:00.000000000Z","closed":`),
		"end-twice-a-field":    leafRaw(2, `"state":`, `"state":"interrupted","state":`),
		"end-twice-within":     leafRaw(2, `"collected":`, `"collected":7,"collected":`),
		"end-other-case":       leafRaw(2, `"state":`, `"Reason":"read by some","state":`),
		"header-no-files":      head(func(h *seal.Header) { h.Files = nil }),
		"leaf-format-2":        leaf(func(s *seal.Segment) { s.Format = "hozen-segment/2" }),
		"leaf-format-text":     leaf(func(s *seal.Segment) { s.Format = nasty }),
		"leaf-bundle":          leaf(func(s *seal.Segment) { s.Bundle = "another" }),
		"leaf-number":          leaf(func(s *seal.Segment) { s.Number = 2 }),
		"leaf-size":            leaf(func(s *seal.Segment) { s.Size++ }),
		"leaf-size-negative":   leaf(func(s *seal.Segment) { s.Size = -1 }),
		"leaf-size-huge":       leaf(func(s *seal.Segment) { s.Size = 1 << 62 }),
		"leaf-size-1e400":      leafRaw(1, `"size":"`, `"size":"1e400`),
		"leaf-items":           leaf(func(s *seal.Segment) { s.Items = 2 }),
		"leaf-items-negative":  leaf(func(s *seal.Segment) { s.Items = -1 }),
		"leaf-first":           leaf(func(s *seal.Segment) { s.First = 5 }),
		"leaf-root":            leaf(func(s *seal.Segment) { s.Root = seal.RootText([32]byte{1}) }),
		"leaf-root-text":       leaf(func(s *seal.Segment) { s.Root = nasty }),
		"leaf-sha256":          leaf(func(s *seal.Segment) { s.SHA256 = hexOf("x"); s.Object = seal.ObjectName(1, s.SHA256, false) }),
		"leaf-object":          leaf(func(s *seal.Segment) { s.Object = "segments/../../canary/evil.zip" }),
		"end-format-2":         end(func(e *seal.End) { e.Format = "hozen-end/2" }),
		"end-bundle":           end(func(e *seal.End) { e.Bundle = "another" }),
		"end-segments":         end(func(e *seal.End) { e.Segments = 7 }),
		"end-segments-minus":   end(func(e *seal.End) { e.Segments = -1 }),
		"end-items":            end(func(e *seal.End) { e.Items = 1 << 60 }),
		"end-bytes":            end(func(e *seal.End) { e.Bytes = -5 }),
		"end-outcomes":         end(func(e *seal.End) { e.Outcomes["fine"] = -3 }),
		"end-state":            end(func(e *seal.End) { e.State = "unfinished" }),
		"end-twice":            more(seal.End{Format: seal.EndFormat, State: seal.Complete}),
		"leaf-after-end":       more(map[string]string{"format": "hozen-later/1"}),
		"leaf-unknown":         withNoEnd(more(map[string]string{"format": "hozen-later/1"})),
		"leaf-unknown-no-json": leafRaw(2, `{"format"`, `{"format":`),
	}
}

func withNoEnd(l lie) lie { l.noEnd = true; return l }

// checkpoints are in the wrong place, or of the wrong form; and there are
// objects that belong to no bundle.
func (m maker) checkpoints() {
	three := func(after func(objects) objects) lie {
		return lie{after: after, segments: []plain{segmentOf(item(1, "/a", "in the first")), segmentOf(item(2, "/b", "in the second")), segmentOf(item(3, "/c", "in the third"))}}
	}
	other := three(nil)
	other.segments[2] = segmentOf(item(3, "/c", "in the third of another"))
	another := m.forge("hostile/another", other)
	from := func(src objects, name, to string) func(objects) objects {
		return func(all objects) objects {
			if src == nil {
				src = all
			}
			all[all.find(to)].body = src[src.find(name)].body
			return all
		}
	}
	body := func(name string, f func([]byte) []byte) func(objects) objects {
		return func(all objects) objects { i := all.find(name); all[i].body = f(bytes.Clone(all[i].body)); return all }
	}
	without := func(names ...string) func(objects) objects {
		return func(all objects) objects {
			for _, n := range names {
				i := all.find(n)
				all = append(all[:i:i], all[i+1:]...)
			}
			return all
		}
	}
	plus := func(more ...object) func(objects) objects {
		return func(all objects) objects { return append(all, more...) }
	}
	m.random("cosigner")
	examiner := m.testSigner()
	over, err := seal.Checkpoint{Origin: seal.Origin("another"), Size: 5}.Sign(examiner)
	m.must(err)
	cosign := fmt.Sprintf("seal/000004.cosign/%08x", examiner.KeyHash())
	vkey := []byte(examiner.VKey() + "\n")
	last := "seal/000004.checkpoint"
	for name, after := range map[string]func(objects) objects{
		"checkpoint-other":   from(another, last, last),
		"checkpoint-older":   from(nil, "seal/000003.checkpoint", last),
		"checkpoint-cut":     body(last, func(b []byte) []byte { return b[:len(b)-10] }),
		"checkpoint-empty":   body(last, func([]byte) []byte { return nil }),
		"checkpoint-twice":   body(last, func(b []byte) []byte { return append(b, b[bytes.LastIndex(b, []byte("\n—"))+1:]...) }),
		"checkpoint-extra":   body(last, func(b []byte) []byte { return append(b, "— evil AAAAAAAA\n"...) }),
		"checkpoint-text":    body(last, func(b []byte) []byte { return append([]byte(nasty), b...) }),
		"checkpoint-missing": without("seal/000002.checkpoint"),
		"leaf-missing":       without("seal/000002.json", "seal/000002.checkpoint"),
		"leaf-other":         from(another, "seal/000002.json", "seal/000002.json"),
		"leaf-swapped": func(all objects) objects {
			a, b := all.find("seal/000001.json"), all.find("seal/000002.json")
			all[a].body, all[b].body = all[b].body, all[a].body
			return all
		},
		"end-removed":        without("seal/000004.json", last),
		"text-readme":        body("README.txt", func(b []byte) []byte { return append(b, "Trust me.\n"...) }),
		"text-verify":        body("verify.sh", func([]byte) []byte { return []byte("#!/bin/sh\nexit 0\n") }),
		"stray-object":       plus(object{"segments/000009.0000000000000000.zip", []byte("stray")}),
		"stray-text":         plus(object{"seal/" + strings.ReplaceAll(nasty, "/", ""), []byte(nasty)}),
		"stray-leaf":         plus(object{"seal/000005.json", []byte(`{"format":"hozen-segment/1"}` + "\n")}),
		"stray-tsr":          plus(object{"seal/000004.tsr", []byte("no token" + nasty)}),
		"stray-tsr-note":     plus(object{"seal/000004.tsr.note", []byte("no note" + nasty)}),
		"cosign-other":       plus(object{cosign, over}, object{cosign + ".vkey", vkey}),
		"cosign-no-key":      plus(object{cosign, over}),
		"cosign-bad-key":     plus(object{cosign, over}, object{cosign + ".vkey", []byte(nasty)}),
		"cosign-name":        plus(object{"seal/000004.cosign/00000000", over}, object{"seal/000004.cosign/00000000.vkey", vkey}),
		"segment-missing":    func(all objects) objects { i := all.last(".zip"); return append(all[:i:i], all[i+1:]...) },
		"segment-of-another": func(all objects) objects { all[all.last(".zip")].body = another[another.last(".zip")].body; return all },
		"segment-flipped": func(all objects) objects {
			b := bytes.Clone(all[all.last(".zip")].body)
			b[40] ^= 1
			all[all.last(".zip")].body = b
			return all
		},
		"header-of-another":      from(another, "seal/000000.json", "seal/000000.json"),
		"checkpoint-first-wrong": from(nil, "seal/000001.checkpoint", "seal/000000.checkpoint"),
	} {
		m.hostileBundle(name, three(after))
	}
	sized := func(f func(n int, c seal.Checkpoint) seal.Checkpoint) lie { l := three(nil); l.note = f; return l }
	m.hostileBundle("checkpoint-size", sized(func(n int, c seal.Checkpoint) seal.Checkpoint { c.Size += int64(n); return c }))
	m.hostileBundle("checkpoint-size-huge", sized(func(n int, c seal.Checkpoint) seal.Checkpoint { c.Size = 1<<63 - 1; return c }))
	m.hostileBundle("checkpoint-size-minus", sized(func(n int, c seal.Checkpoint) seal.Checkpoint { c.Size = -c.Size; return c }))
	m.hostileBundle("checkpoint-origin", sized(func(n int, c seal.Checkpoint) seal.Checkpoint { c.Origin = "hozen/custody/IR-1"; return c }))
}

// containers are one sound bundle in ZIP files that are not.
func (m maker) containers() {
	good := m.forge("hostile/container", one(item(1, "/a", "content a"), item(2, "/b", "content b")))
	whole := m.pack(good)
	es := func(edit func([]entry) []entry) []byte {
		var list []entry
		for _, o := range good {
			list = append(list, entry{name: o.name, data: o.body})
		}
		return rawZip(edit(list), "", "", "")
	}
	plus := func(more ...entry) []byte { return es(func(l []entry) []entry { return append(l, more...) }) }
	dir := int(binary.LittleEndian.Uint32(whole[len(whole)-6:]))
	end := bytes.Index(whole, []byte("seal/000002.json")) - 30
	for name, body := range map[string][]byte{
		"zip-cut-directory":  whole[:dir+100],
		"zip-no-directory":   whole[:dir],
		"zip-cut-end-leaf":   whole[:end+60],
		"zip-cut-before-end": whole[:end],
		"zip-cut-header":     whole[:bytes.Index(whole, []byte("seal/000000.json"))+100],
		"zip-cut-early":      whole[:100],
		"zip-empty":          {},
		"zip-garbage":        bytes.Repeat([]byte("garbage "), 100),
		"zip-other":          rawZip([]entry{{name: "hello.txt", data: []byte("hello")}}, "", "", ""),
		"zip-twins":          plus(entry{name: "seal/000000.json", data: []byte("{}")}),
		"zip-parent":         plus(entry{name: "../../canary/evil", data: []byte("evil")}),
		"zip-absolute":       plus(entry{name: "/canary/evil", data: []byte("evil")}),
		"zip-backslash":      plus(entry{name: `..\..\canary\evil`, data: []byte("evil")}),
		"zip-text":           plus(entry{name: nasty, data: []byte("evil")}),
		"zip-folder":         plus(entry{name: "seal/"}),
		"zip-link":           plus(entry{name: "seal/link", data: []byte("/etc/passwd"), mode: 0o120777}),
		"zip-deflated":       es(func(l []entry) []entry { l[2].method = 8; return l }),
		"zip-size":           es(func(l []entry) []entry { l[2].size = 0xfffffff0; return l }),
		"zip-shared":         plus(entry{name: "seal/shared", shared: true}),
		"zip-local-name":     es(func(l []entry) []entry { l[0].local = "seal/000009.json"; return l }),
		"zip-prefix":         append([]byte("#!/bin/sh\nevil\n"), whole...),
		"zip-tail":           append(bytes.Clone(whole), "hidden"...),
	} {
		m.write("hostile/"+name+".zip", body)
	}
}
