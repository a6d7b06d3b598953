package image

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/source"
	"github.com/hozen-dfir/hozen/evidence"
)

const journal = "/$Extend/$UsnJrnl:$J"

// What ntfs-3g reads of every file and stream is what the source reads, and
// the source shows no file more.
func TestEveryByteAsNTFS3GReadsIt(t *testing.T) {
	for _, name := range []string{"ntfs", "frag", "big", "gpt", "mbr"} {
		t.Run(name, func(t *testing.T) {
			truth := name
			if name == "gpt" || name == "mbr" {
				truth = "ntfs"
			}
			src := openOne(t, fixture(t, name+".raw"))
			want := sums(t, fixture(t, truth+".sha256"))
			for path, sum := range want {
				if path == journal || (name != truth && !strings.HasPrefix(path, "/Windows/")) {
					continue
				}
				got, fin, err := sumOf(src, path)
				if err != nil || got != sum || len(fin.Lost) > 0 {
					t.Errorf("%s: %s, want %s; %v %v", path, got, sum, fin.Lost, err)
				}
			}
			walk(src, "/", func(path string, st evidence.Stat, err error) {
				if err != nil {
					t.Errorf("%s: %v", path, err)
				}
				if st.Type == evidence.TypeFile && want[path] == "" && !strings.HasPrefix(path, "/$") &&
					path != "/link" { // a file that ntfs-3g shows as a symlink, in the way of Interix
					t.Errorf("%s is not in the volume, says ntfs-3g", path)
				}
			})
		})
	}
}

func TestTheJournalWithoutItsHead(t *testing.T) {
	src := openOne(t, fixture(t, "ntfs.raw"))
	h := sha256.New()
	zeros := make([]byte, 16<<20)
	h.Write(zeros)
	n, st, c, err := read(src, journal, h)
	if err != nil {
		t.Fatal(err)
	}
	head := c.Finish().Details["sparse_head_skipped"]
	if n != 100_000 || head != "16777216" || st.StatLen != n || st.Alloc < n || st.Alloc > n+1<<16 || st.Type != evidence.TypeADS {
		t.Errorf("%d bytes, head %q, %d stated, %d on the disk, %s", n, head, st.StatLen, st.Alloc, st.Type)
	}
	if !slices.Contains(st.Attributes, "sparse-head-skipped=16777216") {
		t.Errorf("attributes %q", st.Attributes)
	}
	if before, err := src.Lstat(journal); err != nil || before.StatLen != n { // by which a budget goes
		t.Errorf("%d bytes stated before it is read, %v", before.StatLen, err)
	}
	if got, want := hex.EncodeToString(h.Sum(nil)), sums(t, fixture(t, "ntfs.sha256"))[journal]; got != want {
		t.Errorf("head of zeros and content: %s, want %s", got, want)
	}
}

func tool(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "TZ=UTC")
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip(name, "is not here")
	}
	if err != nil {
		t.Fatalf("%s %q: %v", name, args, err)
	}
	return out
}

var flsLine = regexp.MustCompile(`^(\S)/(\S) (\d+)-(\d+)-\d+:\t(.*)$`)

// flsTree lists what fls finds, without deleted files and index streams.
func flsTree(t *testing.T, image string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(string(tool(t, "fls", "-r", "-p", image))) {
		m := flsLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil || strings.HasPrefix(m[5], "$OrphanFiles") || strings.Contains(m[5], "/.:") {
			continue
		}
		path := "/" + m[5]
		if m[2] == "d" && m[4] == "144" {
			out[path] = "dir " + m[3]
		} else if m[4] == "128" {
			out[path] = "file " + m[3]
		}
	}
	return out
}

func TestTheTreeAsFLSListsIt(t *testing.T) {
	for _, name := range []string{"ntfs.raw", "frag.raw", "big.raw"} {
		image := fixture(t, name)
		src := openOne(t, image)
		want, got := flsTree(t, image), map[string]string{}
		delete(want, "/$BadClus:$Bad") // spans the volume and holds nothing
		known := sums(t, strings.TrimSuffix(image, ".raw")+".sha256")
		for p, kind := range want { // fls lists names left over in index blocks, ntfs-3g does not
			if known[p] == "" && !strings.HasPrefix(p, "/$") && strings.HasPrefix(kind, "file") && strings.HasPrefix(p, "/fill-") {
				delete(want, p)
			}
		}
		walk(src, "/", func(path string, st evidence.Stat, err error) {
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
			num, _, _ := strings.Cut(st.Inode, "-")
			kind := "file"
			if st.Type == evidence.TypeDir || st.Type == evidence.TypeSymlink && !strings.HasPrefix(want[path], "file") {
				kind = "dir"
			}
			if _, ok := want[path]; !ok && kind == "file" && st.StatLen == 0 && strings.HasPrefix(path, "/$") {
				return // files without $DATA, like $Secure: fls lists their streams only
			}
			if want[path] == "" && !utf8.ValidString(path) {
				return // fls leaves out names with half a surrogate pair
			}
			got[path] = kind + " " + num
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: fls (-), source (+):\n%.3000s", name, diff)
		}
	}
}

func TestSystemFilesAsICATReadsThem(t *testing.T) {
	image := fixture(t, "ntfs.raw")
	src := openOne(t, image)
	for path, inode := range map[string]string{
		"/$MFT": "0-128-1", "/$MFTMirr": "1-128-1", "/$LogFile": "2", "/$Bitmap": "6-128", "/$Boot": "7-128",
		"/$UpCase": "10-128", "/$Secure:$SDS": "9-128", "/compressed/mixed": "", "/sparse": "",
	} {
		if inode == "" {
			st, err := src.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			inode, _, _ = strings.Cut(st.Inode, "-")
		}
		want := sha256.Sum256(tool(t, "icat", image, inode))
		got, _, err := sumOf(src, path)
		if err != nil || got != hex.EncodeToString(want[:]) {
			t.Errorf("%s: %s, want %x; %v", path, got, want, err)
		}
	}
}

var istatTime = regexp.MustCompile(`(?m)^(Created|File Modified|MFT Modified|Accessed):\t(\S+ \S+) \(UTC\)`)

// istatZero is what istat makes of a time that is not set.
const istatZero = "2076-11-29 08:54:34.000000000"

func TestTimesAsISTATTellsThem(t *testing.T) {
	image := fixture(t, "ntfs.raw")
	src := openOne(t, image)
	checked := 0
	walk(src, "/", func(path string, st evidence.Stat, err error) {
		if err != nil || strings.HasPrefix(path, "/many/") || strings.Contains(path, ":") || st.Nlink > 1 || checked >= 40 {
			return
		}
		checked++
		num, seq, _ := strings.Cut(st.Inode, "-")
		out := string(tool(t, "istat", image, num))
		if !strings.Contains(out, "Sequence: "+seq+"\n") && !strings.Contains(out, "Sequence: "+seq+" ") {
			t.Errorf("%s: sequence %s", path, seq)
		}
		m := istatTime.FindAllStringSubmatch(out, -1)
		if strings.Count(out, "Type: $FILE_NAME") > 1 {
			return // istat shows one of them, perhaps that of the short name
		}
		if len(m) < 8 {
			t.Fatalf("istat %s: %d times\n%s", num, len(m), out)
		}
		var want []string
		for _, x := range m[:8] {
			if x[2] == istatZero {
				x[2] = "0001-01-01 00:00:00.000000000"
			}
			want = append(want, x[2])
		}
		var got []string
		for _, x := range []evidence.Time{st.BTime, st.MTime, st.CTime, st.ATime, st.FNBTime, st.FNMTime, st.FNCTime, st.FNATime} {
			got = append(got, x.UTC().Format("2006-01-02 15:04:05.000000000"))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: istat (-), source (+):\n%s", path, diff)
		}
	})
	if checked < 40 {
		t.Errorf("only %d files were compared", checked)
	}
}

func TestFactsOfAVolume(t *testing.T) {
	srcs, notes, err := Open(fixture(t, "gpt.raw"))
	if err != nil || len(srcs) != 1 {
		t.Fatal(srcs, err)
	}
	src := srcs[0]
	if len(notes) != 1 || !notes[0].Unread || !strings.Contains(notes[0].String(), "p1: ext4 at offset 1048576") {
		t.Errorf("notes %v", notes)
	}
	in := src.Info()
	if in.Name != "p2" || in.OS != collect.Windows || !in.Fold || in.Method != "ntfs" || in.Details["label"] != "Windows" || in.Details["scheme"] != "gpt" {
		t.Errorf("%+v", in)
	}
	for path, want := range map[string]string{
		"/Users/alice/NTUSER.DAT":                   "readonly hidden system archive",
		"/compressed/text":                          "compressed",
		"/Documents and Settings":                   "reparse-tag=0xa0000003",
		"/empty/size100":                            "resident",
		"/Users/alice/Desktop/download.exe:payload": "",
	} {
		st, err := src.Lstat(path)
		if err != nil || !strings.Contains(strings.Join(st.Attributes, " "), want) {
			t.Errorf("%s: %v %v", path, st.Attributes, err)
		}
	}
	st, err := src.Lstat("/Users/bob/same.exe")
	if err != nil || st.Nlink != 2 || !slices.Equal(st.Streams, []string{"Zone.Identifier", "payload"}) {
		t.Errorf("hard link: %d links, streams %q, %v", st.Nlink, st.Streams, err)
	}
	st, err = src.Lstat("/Documents and Settings")
	if err != nil || st.Type != evidence.TypeSymlink || st.RawTarget() != `\??\C:\Users` {
		t.Errorf("junction: %s %q %v", st.Type, st.RawTarget(), err)
	}
	var link *source.LinkError
	if _, err := src.Lstat("/Documents and Settings/alice"); !errors.As(err, &link) {
		t.Errorf("below a junction: %v", err)
	}
	for _, p := range []string{"/PROGRA~1/app/LARGE.BIN", "/users/ALICE/desktop/Download.exe:zone.identifier", "/names/readme", "/names/README", "/NAMES/ÜNÏCÖDÉ"} {
		if _, err := src.Lstat(p); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
	a, _, _ := sumOf(src, "/names/readme")
	b, _, _ := sumOf(src, "/names/README")
	if a == b {
		t.Error("two names that differ in case only lead to one file")
	}
	for _, p := range []string{"/nope", "/Users/alice/Desktop/download.exe:nope", "/empty/nothing/x", "/:x"} {
		if _, err := src.Lstat(p); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", p, err)
		} else if n := strings.Count(err.Error(), p); n != 1 {
			t.Errorf("%s is named %d times: %v", p, n, err)
		}
	}
	src.Close()
	if _, err := src.Lstat("/Users"); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// Every name of a file has times of its own, also where the names are equal.
func TestTimesOfTheNameThatAPathCameBy(t *testing.T) {
	src := openOne(t, fixture(t, "ntfs.raw"))
	a, err := src.Lstat("/links/x")
	b, err2 := src.Lstat("/links/later/x")
	if err != nil || err2 != nil || a.Inode != b.Inode {
		t.Fatal(err, err2, a.Inode, b.Inode)
	}
	if year := b.FNMTime.UTC().Year(); a.FNMTime.UTC().Year() == 2020 || year != 2020 {
		t.Errorf("modified, by their names: %v and %v", a.FNMTime, b.FNMTime)
	}
}

// No stream is left out for its name or because there are many.
func TestManyStreams(t *testing.T) {
	src := openOne(t, fixture(t, "ntfs.raw"))
	st, err := src.Lstat("/streams")
	if err != nil || len(st.Streams) != 1011 {
		t.Fatalf("%d streams, %v", len(st.Streams), err)
	}
	for _, s := range st.Streams {
		b, _, err := all(src, "/streams:"+s)
		if want := strings.TrimPrefix(s, "s"); err != nil || string(b) != want && (string(b) != "odd" || s != "half\xed\xa0\x80") {
			t.Errorf("%q: %q, %v", s, b, err)
		}
	}
}

func TestOwnersFromTheSecurityStream(t *testing.T) {
	path := corpusRaw(t, "vsstest")
	src := openOne(t, path)
	st, err := src.Lstat("/password.txt")
	if err != nil || st.UID != "S-1-5-21-4060289323-199701022-3924801681-1000" {
		t.Errorf("owner %q, %v", st.UID, err)
	}
	want := flsTree(t, path)
	for p, v := range want {
		if strings.HasPrefix(v, "dir") || p == "/$BadClus:$Bad" || strings.HasPrefix(p, "/System Volume") {
			continue
		}
		num := strings.Fields(v)[1]
		if strings.Contains(p, ":") {
			continue
		}
		sum := sha256.Sum256(tool(t, "icat", path, num+"-128"))
		got, _, err := sumOf(src, p)
		if err != nil || got != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: %s, want %x; %v", p, got, sum, err)
		}
	}
}

// corpusRaw converts an image of the corpus.
func corpusRaw(t *testing.T, name string) string {
	t.Helper()
	in := "../../../../shared/corpus/images/" + name + ".qcow2"
	if _, err := os.Stat(in); err != nil {
		t.Skip("the corpus is not here")
	}
	out := t.TempDir() + "/" + name + ".raw"
	tool(t, "qemu-img", "convert", "-O", "raw", in, out)
	return out
}

func TestImagesThatHoldNothingToRead(t *testing.T) {
	dir := t.TempDir()
	for name, b := range map[string][]byte{"zeros": make([]byte, 1<<20), "text": bytes.Repeat([]byte("text"), 1000), "short": []byte("x")} {
		p := dir + "/" + name
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if srcs, notes, err := Open(p); err == nil {
			t.Errorf("%s: %v %v", name, srcs, notes)
		}
	}
	if _, _, err := Open(dir + "/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func BenchmarkWalkImage(b *testing.B) {
	dir, err := made()
	if err != nil {
		b.Skip(err)
	}
	for b.Loop() {
		srcs, _, err := Open(dir + "/ntfs.raw")
		if err != nil {
			b.Fatal(err)
		}
		began, files := time.Now(), 0
		walk(srcs[0], "/", func(path string, st evidence.Stat, err error) {
			if st.Type == evidence.TypeFile || st.Type == evidence.TypeADS {
				if _, _, _, err := read(srcs[0], path, discard{}); err != nil {
					b.Error(path, err)
				}
				files++
			}
		})
		b.ReportMetric(float64(files)/time.Since(began).Seconds(), "files/s")
		srcs[0].Close()
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return io.Discard.Write(p) }
func (discard) Sum([]byte) []byte           { return nil }
func (discard) Reset()                      {}
func (discard) Size() int                   { return 0 }
func (discard) BlockSize() int              { return 1 }
