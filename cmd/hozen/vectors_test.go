package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

var updateVectors = flag.Bool("update-vectors", false, "write what the commands say now to testdata/expect.txt, for a person to read")

const (
	vectorDir   = "../../testdata"
	expectFile  = vectorDir + "/expect.txt"
	vectorsTime = 30 * time.Second // for one command on one vector, on a busy machine
)

// vectorCommands are the ways into a bundle. IN is the vector, OUT a new folder.
var vectorCommands = []struct{ name, args string }{
	{"verify", "verify IN"},
	{"quick", "verify IN --quick"},
	{"json", "verify IN --json"},
	{"ls", "ls IN --json"},
	{"list", "ls IN"},
	{"cat", "cat IN **"},
	{"extract", "extract IN --out OUT"},
	{"recover", "recover IN --out OUT"},
	{"analyze", "analyze IN --json --workers 1 --iocs iocs.txt"},
	{"put", "store put IN --store OUT --key KEYS"},
}

// expected is what must come of one vector: exit code and word by command.
type expected struct {
	name, identity string
	code           map[string]int
	word           map[string]string
}

// readExpected reads the table (testdata/README.md tells its form).
func readExpected(t *testing.T) []expected {
	t.Helper()
	f, err := os.Open(expectFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []expected
	for s := bufio.NewScanner(f); s.Scan(); {
		line := s.Text()
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || line[0] == '#':
		case line[0] != '\t':
			all = append(all, expected{fields[0], strings.Join(fields[1:], " "), map[string]int{}, map[string]string{}})
		default:
			code, err := strconv.Atoi(fields[1])
			if err != nil || len(all) == 0 {
				t.Fatalf("%s: %q: want a command and its exit code", expectFile, line)
			}
			e := all[len(all)-1]
			e.code[fields[0]], e.word[fields[0]] = code, strings.Join(fields[2:], " ")
		}
	}
	return all
}

// vectorBox is a folder in which commands meet one vector, with a canary
// beside it where names that lead out would put their bytes.
type vectorBox struct {
	*testing.T
	top, in, identity string
	before            map[string]string
}

func newVectorBox(t *testing.T, e expected) *vectorBox {
	t.Helper()
	b := &vectorBox{T: t, top: t.TempDir()}
	body, err := os.ReadFile(filepath.Join(vectorDir, e.name))
	name := filepath.Base(e.name)
	if err == nil && strings.HasSuffix(name, ".zst") {
		var dec *zstd.Decoder
		if dec, err = zstd.NewReader(nil); err == nil {
			body, err = dec.DecodeAll(body, nil)
			dec.Close()
		}
		name = strings.TrimSuffix(name, ".zst")
	}
	b.in = filepath.Join(b.top, "box", name)
	if e.identity != "" {
		b.identity = filepath.Join(vectorDir, e.identity)
	}
	for name, text := range map[string]string{b.in: string(body), b.file("box/iocs.txt"): "evil.example\n", b.file("canary/safe"): "tweet\n"} {
		if err == nil {
			err = os.MkdirAll(filepath.Dir(name), 0o700)
		}
		if err == nil {
			err = os.WriteFile(name, []byte(text), 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	b.before = b.tree()
	return b
}

func (b *vectorBox) file(name string) string { return filepath.Join(b.top, filepath.FromSlash(name)) }

// tree is every file of the box but what lies in the commands' own folders.
func (b *vectorBox) tree() map[string]string {
	b.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(b.top, func(name string, d fs.DirEntry, err error) error {
		if strings.HasPrefix(name, b.file("box/out-")) {
			return fs.SkipDir
		}
		if err != nil {
			return err
		}
		all[name] = d.Type().String()
		if d.Type().IsRegular() {
			body, err := os.ReadFile(name)
			all[name] = fmt.Sprintf("%x", sha256.Sum256(body))
			return err
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return all
}

// run runs one command and checks what holds for any command on any bytes.
func (b *vectorBox) run(name, args string) (code int, out, errs, own string) {
	b.Helper()
	own = b.file("box/out-" + name)
	words := strings.Fields(args)
	for i, w := range words {
		words[i] = map[string]string{"IN": b.in, "OUT": own, "KEYS": vectorDir + "/keys/examiner", "iocs.txt": b.file("box/iocs.txt")}[w]
		if words[i] == "" {
			words[i] = w
		}
	}
	if b.identity != "" {
		words = append(words, "--identity", b.identity)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		code, out, errs = call(words...)
	}()
	select {
	case <-done:
	case <-time.After(vectorsTime):
		b.Fatalf("%s: not done after %v", name, vectorsTime)
	}
	if strings.Contains(errs, "internal error") || strings.Contains(errs, "goroutine ") {
		b.Errorf("%s: a fault of the program: %s", name, errs)
	}
	if name != "cat" {
		b.printable(name+": stdout", out)
	}
	b.printable(name+": stderr", errs)
	after := b.tree()
	for file, what := range after {
		if b.before[file] != what {
			b.Errorf("%s: wrote %s", name, file)
		}
	}
	for file := range b.before {
		if after[file] == "" {
			b.Errorf("%s: removed %s", name, file)
		}
	}
	if _, err := os.Lstat("/canary"); err == nil {
		b.Errorf("%s: there is /canary", name)
	}
	b.harmless(name, own)
	return code, out, errs, own
}

// printable fails where a text could command a terminal.
func (b *vectorBox) printable(what, s string) {
	b.Helper()
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd") || r != '\n' && !unicode.IsPrint(r) {
			b.Errorf("%s has %q at %d: %.200q", what, r, i, s[max(0, i-60):])
			return
		}
	}
}

// harmless fails where a command made anything but folders and plain files.
func (b *vectorBox) harmless(name, own string) {
	b.Helper()
	err := filepath.WalkDir(own, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // there is no such folder, or its path is too long to walk
		}
		st, err := d.Info()
		if err != nil {
			return nil // likewise
		}
		if !st.IsDir() && (!st.Mode().IsRegular() || st.Mode().Perm()&0o111 != 0) {
			b.Errorf("%s: made %s, %v", name, file, st.Mode())
		}
		return nil
	})
	if err != nil {
		b.Error(err)
	}
}

// plain is a text without this run's paths and without columns.
func (b *vectorBox) plain(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, b.top+"/", "")), " ")
}

// said is the line that tells how a command ended, without this run's paths.
func (b *vectorBox) said(code int, out, errs string) string {
	from := map[int][]string{0: {"OK"}, 3: {"UNFINISHED", "warning: "}}[code]
	if from == nil {
		from = []string{"PROBLEM", "error: "}
	}
	for _, prefix := range from {
		for line := range strings.SplitSeq(out+errs, "\n") {
			if text, ok := strings.CutPrefix(line, prefix); ok {
				text = b.plain(text)
				return strings.ToValidUTF8(text[:min(len(text), 160)], "")
			}
		}
	}
	return ""
}

// TestVectors sends every vector of testdata through every command.
func TestVectors(t *testing.T) {
	if *updateVectors {
		writeExpected(t)
	}
	all := readExpected(t)
	listed := map[string]bool{}
	for _, e := range all {
		listed[e.name] = true
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			b := newVectorBox(t, e)
			for _, c := range vectorCommands {
				code, out, errs, own := b.run(c.name, c.args)
				want, there := e.code[c.name]
				if !there || code != want {
					t.Errorf("%s: exit code %d, want %d: %s%s", c.name, code, want, out[:min(len(out), 2000)], errs)
				}
				if !strings.Contains(b.plain(out+errs), e.word[c.name]) {
					t.Errorf("%s: does not say %q: %s%s", c.name, e.word[c.name], out[:min(len(out), 2000)], errs)
				}
				if place := saidTwice(errs + out); place != "" {
					t.Errorf("%s: names %s twice: %s%s", c.name, place, out[:min(len(out), 2000)], errs)
				}
				if strings.HasPrefix(e.name, "good/") {
					b.good(e.name, c.name, out, own)
				}
			}
		})
	}
	for _, name := range vectorNames(t) {
		if !listed[name] {
			t.Errorf("%s does not list %s", expectFile, name)
		}
	}
}

// saidTwice finds a place that stands twice in a row: "seal/1: seal/1: …".
func saidTwice(text string) string {
	words := strings.Fields(text)
	for i := range len(words) - 1 {
		if words[i] == words[i+1] && len(words[i]) > 1 && strings.HasSuffix(words[i], ":") {
			return words[i]
		}
	}
	return ""
}

func vectorNames(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"good/*.zip", "hostile/*.zip", "hostile/*.zip.zst"} {
		list, err := filepath.Glob(filepath.Join(vectorDir, pattern))
		if err != nil || len(list) == 0 {
			t.Fatalf("no vectors at %s (%v)", pattern, err)
		}
		for _, l := range list {
			rel, err := filepath.Rel(vectorDir, l)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, filepath.ToSlash(rel))
		}
	}
	slices.Sort(names)
	return names
}

// good holds what comes of a good vector against what was put in: the reports
// that are committed beside it, and the digests of its content.
func (b *vectorBox) good(name, command, out, own string) {
	b.Helper()
	base := strings.TrimSuffix(filepath.Join(vectorDir, name), ".zip")
	switch command {
	case "json", "ls":
		golden := base + "." + map[string]string{"json": "verify", "ls": "ls"}[command] + ".jsonl"
		if *updateVectors {
			if _, err := os.Stat(golden); err != nil { // written once: they are frozen like the bundle
				if err := os.WriteFile(golden, []byte(out), 0o644); err != nil {
					b.Fatal(err)
				}
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || string(want) != out {
			b.Errorf("%s is not what %s says (%v):\n%s", command, golden, err, out)
		}
		if command == "ls" {
			b.sums(base+".sums", out)
		}
	case "extract":
		b.content(base+".sums", own)
	}
}

// vectorItem is what the commands tell of an item, as far as it is compared.
type vectorItem struct {
	Path    string
	PathB64 []byte `json:"path_b64"`
	SHA256  string
	Size    string
	Torn    bool
}

// sum is the item's line of a .sums file.
func (i vectorItem) sum(digest string) string {
	path := i.Path
	if i.PathB64 != nil {
		path = string(i.PathB64)
	}
	return fmt.Sprintf("%s %q\n", digest, path)
}

// sums compares the digests that ls tells with those of what went in.
func (b *vectorBox) sums(file, out string) {
	b.Helper()
	var got strings.Builder
	for line := range strings.Lines(out) {
		var i vectorItem
		if err := json.Unmarshal([]byte(line), &i); err != nil {
			b.Fatal(err)
		}
		if i.Torn { // nobody knows the digest of the whole
			i.SHA256 = fmt.Sprintf("%x", sha256.Sum256([]byte("one")))
		}
		if i.Size != "0" {
			got.WriteString(i.sum(i.SHA256))
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got.String() != string(want) {
		b.Errorf("listed:\n%swant (%v):\n%s", got.String(), err, want)
	}
}

// content compares extracted files with the digests of what went in.
func (b *vectorBox) content(sums, own string) {
	b.Helper()
	list, err := os.ReadFile(filepath.Join(own, "extracted.jsonl"))
	if err != nil {
		b.Fatal(err)
	}
	want, err := os.ReadFile(sums)
	if err != nil {
		b.Fatal(err)
	}
	root, err := os.OpenRoot(own) // paths may be longer than the system takes
	if err != nil {
		b.Fatal(err)
	}
	defer root.Close()
	compared := 0
	for line := range bytes.Lines(list) {
		var l struct {
			Name    string
			NameB64 []byte `json:"name_b64"`
			Error   string `json:"extract_error"`
			Record  vectorItem
		}
		if err := json.Unmarshal(line, &l); err != nil {
			b.Fatal(err)
		}
		if l.Record.Size == "0" || l.Error != "" {
			continue
		}
		if l.NameB64 != nil {
			l.Name = string(l.NameB64)
		}
		body, err := root.ReadFile(l.Name)
		if sum := l.Record.sum(fmt.Sprintf("%x", sha256.Sum256(body))); err != nil || !bytes.Contains(want, []byte(sum)) {
			b.Errorf("extracted %q: %s is not in %s (%v)", l.Name, sum, sums, err)
		}
		compared++
	}
	if lines := bytes.Count(want, []byte("\n")); compared == 0 || compared < lines*3/4 {
		b.Errorf("%d of %d items were extracted", compared, lines)
	}
}

// writeExpected writes the table anew. What commands say is not thereby right.
func writeExpected(t *testing.T) {
	identities := map[string]string{"good/encrypted.zip": "keys/examiner", "good/classic.zip": "keys/classic"}
	var text strings.Builder
	if old, err := os.ReadFile(expectFile); err == nil {
		for line := range strings.Lines(string(old)) {
			if line[0] != '#' {
				break
			}
			text.WriteString(line)
		}
	}
	for _, name := range vectorNames(t) {
		e := expected{name: name, identity: identities[name]}
		b := newVectorBox(t, e)
		fmt.Fprintf(&text, "\n%s\n", strings.TrimSpace(name+" "+e.identity))
		for _, c := range vectorCommands {
			code, out, errs, own := b.run(c.name, c.args)
			if strings.HasPrefix(name, "good/") && c.name != "extract" {
				b.good(name, c.name, out, own)
			}
			said := b.said(code, out, errs)
			fmt.Fprintf(&text, "\t%s\n", strings.TrimSpace(fmt.Sprintf("%-8s %d %s", c.name, code, said)))
		}
	}
	if err := os.WriteFile(expectFile, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
