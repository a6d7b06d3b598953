//go:build cgo

package yara

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

// command returns the yara command, where there is one that is new enough.
func command(t testing.TB) string {
	t.Helper()
	p, err := exec.LookPath("yara")
	if err != nil {
		t.Skip("no yara command in PATH")
	}
	out, err := exec.Command(p, "--version").Output()
	var major, minor int
	if _, scan := fmt.Sscanf(string(out), "%d.%d", &major, &minor); err != nil || scan != nil || major*100+minor < 403 {
		t.Skipf("the yara command says version %q; 4.3 is needed", strings.TrimSpace(string(out)))
	}
	return p
}

// subject makes an item of a file on disk, without reading it at once.
func subject(t testing.TB, path string) *analyze.Subject {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	r := evidence.Record{Path: path, Outcome: evidence.Collected, Size: st.Size()}
	r.Type = evidence.TypeFile
	return &analyze.Subject{Record: r, Size: st.Size(), Body: f, Bytes: func(limit int64) ([]byte, error) {
		if st.Size() > limit {
			return nil, nil
		}
		b := make([]byte, st.Size())
		_, err := f.ReadAt(b, 0)
		return b, err
	}}
}

// ours scans the files and returns "file rule" lines and the findings.
func ours(t testing.TB, blob []byte, opts Options, files []string) ([]string, []analyze.Finding) {
	t.Helper()
	a, err := New(blob, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var lines []string
	var found []analyze.Finding
	for _, f := range files {
		err := a.Examine(context.Background(), subject(t, f), func(x analyze.Finding) {
			lines = append(lines, f+" "+x.Namespace+":"+x.Rule)
			found = append(found, x)
		})
		if err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
	slices.Sort(lines)
	return lines, found
}

// theirs runs the yara command over the same files, with every rule file in
// the namespace that we give it.
func theirs(t testing.TB, bin string, reports []FileReport, files []string, extra ...string) []string {
	t.Helper()
	list := filepath.Join(t.TempDir(), "files")
	if err := os.WriteFile(list, []byte(strings.Join(files, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-w", "-e", "--scan-list"}, extra...)
	for _, name := range externalNames() {
		if len(extra) == 0 {
			args = append(args, "-d", name+"=")
		}
	}
	for _, r := range reports {
		if r.Rules > 0 {
			args = append(args, r.Namespace+":"+r.Name)
		}
	}
	return run(t, bin, append(args, list))
}

func run(t testing.TB, bin string, args []string) []string {
	t.Helper()
	cmd := exec.Command(bin, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("yara: %v: %s", err, stderr.String())
	}
	var lines []string
	for _, l := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		if rule, file, ok := strings.Cut(l, " "); ok {
			lines = append(lines, file+" "+rule)
		}
	}
	slices.Sort(lines)
	return lines
}

// TestParity: the set of (file, rule) is that of the yara command, over more
// than 300 rules of all kinds.
func TestParity(t *testing.T) {
	bin := command(t)
	rules := ruleTree(t)
	files := fileTree(t)
	c, reports, err := Compile(context.Background(), []string{rules})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reports {
		if len(r.Errors) > 0 {
			t.Fatalf("%s: %+v", r.Name, r.Errors)
		}
	}
	if c.Rules < 300 {
		t.Fatalf("only %d rules", c.Rules)
	}
	want := theirs(t, bin, reports, files)
	if len(want) < 500 {
		t.Fatalf("only %d matches: the rules test nothing", len(want))
	}
	got, _ := ours(t, c.Marshal(), Options{}, files)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("whole (-yara +hozen):\n%s", d)
	}
}

// TestParityBlocks: files beyond the limit are read in blocks; the answers
// stay those of the command, also for strings that lie on the borders.
func TestParityBlocks(t *testing.T) {
	bin := command(t)
	rules := ruleTree(t)
	c, reports, err := Compile(context.Background(), []string{rules})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []int64{256 << 10, 1 << 20} {
		file := bordered(t, 5<<20, step)
		want := theirs(t, bin, reports, []string{file})
		got, _ := ours(t, c.Marshal(), Options{WholeLimit: step}, []string{file})
		if len(want) < 20 {
			t.Fatalf("only %d matches", len(want))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("blocks of %d (-yara +hozen):\n%s", step, d)
		}
	}
}

// TestParityHuge does so at the default limit, with a sparse file beyond it.
func TestParityHuge(t *testing.T) {
	if testing.Short() {
		t.Skip("a file of 200 MB is left out with -short")
	}
	bin := command(t)
	dir := t.TempDir()
	rule := filepath.Join(dir, "huge.yar")
	write(t, rule, []byte(`import "hash"
rule border { strings: $a = "marker-on-a-border" condition: #a == 3 }
rule wide_border { strings: $a = "wide-on-a-border" wide condition: $a }
rule size { condition: filesize == 209715200 }
rule whole { condition: hash.md5(0, filesize) == "x" or filesize > 100MB }
rule late { strings: $a = "marker-on-a-border" condition: $a in (100MB..filesize) }`))
	f := filepath.Join(dir, "huge")
	h, err := os.Create(f)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.Truncate(200 << 20); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{64<<20 - 9, 64<<20 - overlap - 5, 128<<20 - overlap - 3} {
		h.WriteAt([]byte("marker-on-a-border"), at)
	}
	h.WriteAt([]byte(wide("wide-on-a-border")), 128<<20-2*overlap+7)
	c, reports, err := Compile(context.Background(), []string{rule})
	if err != nil {
		t.Fatal(err)
	}
	want := theirs(t, bin, reports, []string{f})
	got, found := ours(t, c.Marshal(), Options{}, []string{f})
	if d := cmp.Diff(want, got); d != "" || len(want) != 5 {
		t.Errorf("(-yara +hozen) %d matches:\n%s", len(want), d)
	}
	for _, x := range found {
		if x.Rule == "border" && (len(x.Matches) != 3 || x.Matches[0].Offset != 64<<20-overlap-5) {
			t.Errorf("border: %+v", x.Matches)
		}
	}
}

// TestParityPublic compares on a large public set, where one is given.
func TestParityPublic(t *testing.T) {
	set := os.Getenv("HOZEN_YARA_RULES")
	if set == "" {
		t.Skip("HOZEN_YARA_RULES names no folder of rules")
	}
	bin := command(t)
	c, reports, err := Compile(context.Background(), []string{set})
	if err != nil {
		t.Fatal(err)
	}
	files := fileTree(t)
	filepath.WalkDir(set, func(p string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, p)
		}
		return nil
	})
	// The rules look at the variables too, so the command gets each file alone.
	saved := filepath.Join(t.TempDir(), "compiled")
	args := []string{"-w"}
	for _, n := range externalNames() {
		args = append(args, "-d", n+"=")
	}
	for _, r := range reports {
		if r.Rules > 0 {
			args = append(args, r.Namespace+":"+r.Name)
		}
	}
	if out, err := exec.Command(bin+"c", append(args, saved)...).CombinedOutput(); err != nil {
		t.Fatalf("yarac: %v: %s", err, out)
	}
	var want []string
	for _, f := range files[:min(len(files), 300)] {
		s := subject(t, f)
		head := make([]byte, min(headLen, s.Size))
		s.Body.ReadAt(head, 0)
		x := ExternalsOf(s.Record, head).values()
		args := []string{"-C", "-w", "-e"}
		for i, n := range externalNames() {
			args = append(args, "-d", n+"="+x[i])
		}
		want = append(want, run(t, bin, append(args, saved, f))...)
	}
	files = files[:min(len(files), 300)]
	slices.Sort(want)
	got, _ := ours(t, c.Marshal(), Options{}, files)
	t.Logf("%d rules, %d files, %d matches", c.Rules, len(files), len(want))
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-yara +hozen):\n%s", d)
	}
}

func write(t testing.TB, name string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func wide(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		b.WriteByte(0)
	}
	return b.String()
}

// words are what the generated rules look for and the generated files hold.
func words() []string {
	out := make([]string, 24)
	for i := range out {
		out[i] = fmt.Sprintf("Token%02dAlpha", i)
	}
	return out
}

// ruleTree writes more than 300 rules of all kinds, several to a file.
func ruleTree(t testing.TB) string {
	dir := t.TempDir()
	for i, w := range words() {
		var b strings.Builder
		b.WriteString("import \"pe\"\nimport \"elf\"\nimport \"math\"\nimport \"hash\"\n")
		rule := func(mods, name, strs, cond string) {
			if strs != "" {
				strs = "strings: " + strs
			}
			fmt.Fprintf(&b, "%s rule %s_%02d : tag%d kind { meta: n = %d author = \"a test\" ok = true %s condition: %s }\n", mods, name, i, i%3, i, strs, cond)
		}
		rule("", "text", `$a = "`+w+`"`, "$a")
		rule("", "nocase", `$a = "`+strings.ToLower(w)+`" nocase`, "#a > 1")
		rule("", "wide", `$a = "`+w+`" wide`, "$a")
		rule("", "both_full", `$a = "`+w+`" ascii wide fullword`, "any of them")
		rule("", "hex", fmt.Sprintf(`$a = { %X ?? ?? [0-8] %X }`, w[:3], w[7:10]), "$a")
		rule("", "regex", fmt.Sprintf(`$a = /%s[ -~]{0,40}%d/`, w[:7], i%10), "$a")
		rule("", "base64", `$a = "`+w+`" base64`, "$a")
		rule("", "xored", `$a = "`+w+`" xor(1-255)`, "$a")
		rule("", "place", `$a = "`+w+`"`, fmt.Sprintf("$a at %d or $a in (0..%d)", i*7, i*50))
		rule("", "count", `$a = "`+w+`" $b = "filler"`, fmt.Sprintf("#a * 3 > #b and #b > %d or @a[2] > 100 or !a[1] == 12", i%4))
		rule("", "size", "", fmt.Sprintf("filesize > %d and uint16(0) != 0x%04x", i*100, 0x4142+i))
		rule("", "peek", "", fmt.Sprintf("pe.is_pe and pe.number_of_sections > %d or elf.number_of_sections > %d", i%4, i+10))
		rule("", "maths", "", fmt.Sprintf("filesize > 0 and math.entropy(0, filesize) > %d.%d and hash.crc32(0, filesize) != %d", i%8, i%10, i))
		rule("private", "hidden", `$a = "`+w+`"`, "$a")
		rule("", "uses_hidden", "", fmt.Sprintf("hidden_%02d and filesize < 10MB", i))
		rule("", "loops", `$a = "`+w+`" $b = "filler"`, "for any i in (1..#a) : (@a[i] < 2000) or for all of them : (# > 2)")
		if i%6 == 0 {
			rule("global", "everywhere", `$a = "filler"`, fmt.Sprintf("$a or filesize < %d", 1000+i))
		}
		write(t, filepath.Join(dir, fmt.Sprintf("part%d", i%4), fmt.Sprintf("set%02d.yar", i)), []byte(b.String()))
	}
	return dir
}

// fileTree writes files in which some of the rules match, and returns them
// with a few of this machine's programs.
func fileTree(t testing.TB) []string {
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	var files []string
	add := func(name string, b []byte) {
		p := filepath.Join(dir, name)
		write(t, p, b)
		files = append(files, p)
	}
	for i := range 40 {
		add(fmt.Sprintf("text/%02d.txt", i), content(rng, i*700, false))
		add(fmt.Sprintf("bin/%02d.bin", i), content(rng, i*900, true))
	}
	add("empty", nil)
	add("one", []byte("x"))
	add("zeros", make([]byte, 100_000))
	add("mini.exe", append(miniPE(), content(rng, 3000, false)...))
	add("cut.exe", miniPE()[:70])
	sparse := filepath.Join(dir, "sparse")
	write(t, sparse, []byte("filler Token03Alpha"))
	if err := os.Truncate(sparse, 3<<20); err != nil {
		t.Fatal(err)
	}
	files = append(files, sparse)
	for _, p := range []string{"/bin/true", "/bin/ls", "/bin/sh"} {
		if p, err := filepath.EvalSymlinks(p); err == nil {
			files = append(files, p)
		}
	}
	return files
}

// content mixes words, in several encodings, with filler or random bytes.
func content(rng *rand.Rand, size int, binary bool) []byte {
	all := words()
	var b bytes.Buffer
	for b.Len() < size {
		w := all[rng.IntN(len(all))]
		switch rng.IntN(8) {
		case 0:
			b.WriteString(w)
		case 1:
			b.WriteString(" " + w + " ")
		case 2:
			b.WriteString(wide(w))
		case 3:
			b.WriteString(strings.ToUpper(w))
		case 4:
			key := byte(1 + rng.IntN(255))
			for i := range len(w) {
				b.WriteByte(w[i] ^ key)
			}
		case 5:
			b.WriteString(w[:7] + " between 7")
		default:
			b.WriteString(" filler ")
		}
		for range rng.IntN(60) {
			if binary {
				b.WriteByte(byte(rng.IntN(256)))
			} else {
				b.WriteByte(byte(' ' + rng.IntN(90)))
			}
		}
	}
	return b.Bytes()
}

// bordered makes a file in which each word stands once: across the end of a
// block, as wide text across the start of one, or inside an overlap.
func bordered(t testing.TB, size int, step int64) string {
	b := make([]byte, size)
	all := words()
	for i, end := 0, step; i < len(all) && end < int64(size)-100; i, end = i+1, end+step-4096 {
		switch i % 3 {
		case 0:
			copy(b[end-6:], all[i])
		case 1:
			copy(b[end-4096-5:], wide(all[i]))
		case 2:
			copy(b[end-2000:], all[i])
		}
		copy(b[end+50:], "filler")
	}
	p := filepath.Join(t.TempDir(), "bordered")
	write(t, p, b)
	return p
}

// miniPE builds the headers of a small Windows program with two sections
// (PE format, Microsoft, "COFF File Header" and "Section Table").
func miniPE() []byte {
	b := make([]byte, 1024)
	copy(b, "MZ")
	le := binary.LittleEndian
	le.PutUint32(b[0x3c:], 0x80)
	copy(b[0x80:], "PE\x00\x00")
	le.PutUint16(b[0x84:], 0x14c)  // i386
	le.PutUint16(b[0x86:], 2)      // sections
	le.PutUint16(b[0x94:], 0xe0)   // optional header
	le.PutUint16(b[0x96:], 0x0102) // executable
	le.PutUint16(b[0x98:], 0x10b)
	le.PutUint32(b[0xa8:], 0x1000) // entry point
	le.PutUint32(b[0xb4:], 0x400000)
	le.PutUint32(b[0xb8:], 0x1000)
	le.PutUint32(b[0xbc:], 0x200)
	le.PutUint32(b[0xd0:], 0x3000)
	le.PutUint32(b[0xd4:], 0x200)
	le.PutUint32(b[0xf4:], 16)
	for i, name := range []string{".text", ".data"} {
		s := b[0x178+40*i:]
		copy(s, name)
		le.PutUint32(s[8:], 0x100)
		le.PutUint32(s[12:], uint32(0x1000*(i+1)))
		le.PutUint32(s[16:], 0x200)
		le.PutUint32(s[20:], uint32(0x200*(i+1)))
	}
	return b
}
