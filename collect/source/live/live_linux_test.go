package live

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/source"
	"github.com/hozen-dfir/hozen/evidence"
)

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, s collect.Source, path string) []string {
	t.Helper()
	var out []string
	for e, err := range s.ReadDir(context.Background(), path) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(e.Type)+" "+e.Name)
	}
	return out
}

func fetch(t *testing.T, s collect.Source, path string) ([]byte, evidence.Stat, evidence.Finish) {
	t.Helper()
	c, st, err := s.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return b, st, c.Finish()
}

func TestEveryTypeIsDescribedAndOnlyFilesAreOpened(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), []byte("hello"))
	must(t, os.Mkdir(filepath.Join(dir, "dir"), 0o1770))
	must(t, os.Symlink("/etc/\xffshadow", filepath.Join(dir, "link")))
	must(t, unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	l, err := net.Listen("unix", filepath.Join(dir, "sock"))
	must(t, err)
	defer l.Close()
	must(t, os.Link(filepath.Join(dir, "file"), filepath.Join(dir, "hard")))
	want := []string{"dir dir", "fifo fifo", "file file", "file hard", "symlink link", "socket sock"}
	if unix.Mknod(filepath.Join(dir, "zero"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))) == nil {
		want = append(want, "chardev zero")
	}
	s := openTree(t, dir)
	if diff := cmp.Diff(want, names(t, s, "/")); diff != "" {
		t.Error(diff)
	}
	for _, line := range want {
		kind, name, _ := strings.Cut(line, " ")
		st, err := s.Lstat("/" + name)
		if err != nil || string(st.Type) != kind {
			t.Errorf("%s: type %s, %v", name, st.Type, err)
		}
		compareWithStat(t, filepath.Join(dir, name), st)
		c, _, err := s.Open(context.Background(), "/"+name)
		if kind == "file" {
			must(t, err)
			c.Close()
		} else if err == nil {
			t.Errorf("%s, a %s, was opened", name, kind)
		}
	}
	st, _ := s.Lstat("/link")
	if st.RawTarget() != "/etc/\xffshadow" {
		t.Errorf("target %q", st.RawTarget())
	}
	if st, _ = s.Lstat("/hard"); st.Nlink != 2 {
		t.Errorf("nlink %d", st.Nlink)
	}
	if st, _ = s.Lstat("/"); st.Type != evidence.TypeDir {
		t.Errorf("top is %s", st.Type)
	}
}

// compareWithStat holds the facts against stat(1), a second implementation.
func compareWithStat(t *testing.T, path string, st evidence.Stat) {
	t.Helper()
	out, err := exec.Command("stat", "-c", "%s %i %h %a %u %g UNKNOWN UNKNOWN %.9Y %.9X %.9Z %.9W %b", path).Output()
	if err != nil {
		t.Skip("stat(1) is not here")
	}
	sec := func(x evidence.Time) string { return fmt.Sprintf("%d.%09d", x.Unix(), x.Nanosecond()) }
	var mode uint32
	fmt.Sscanf(st.Mode, "%o", &mode)
	birth := "0.000000000"
	if !st.BTime.IsZero() {
		birth = sec(st.BTime)
	}
	got := fmt.Sprintf("%d %s %d %o %s %s %s %s %s %s %s %s %d\n", st.StatLen, st.Inode, st.Nlink, mode,
		st.UID, st.GID, ownerOr(st.Owner), ownerOr(st.Group), sec(st.MTime), sec(st.ATime), sec(st.CTime), birth, st.Alloc/512)
	want := string(out) // the tree has no passwd of its own
	if st.Type == evidence.TypeSymlink {
		f := strings.Fields(want)
		f[9] = sec(st.ATime) // Lstat told it, then read the link, which sets it
		want = strings.Join(f, " ") + "\n"
	}
	if got != want {
		t.Errorf("%s:\n got %s want %s", path, got, want)
	}
}

func ownerOr(s string) string {
	if s == "" {
		return "UNKNOWN"
	}
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestNoLinkIsFollowed(t *testing.T) {
	dir := t.TempDir()
	outside := t.TempDir()
	write(t, filepath.Join(outside, "secret"), []byte("outside"))
	must(t, os.Symlink(outside, filepath.Join(dir, "out")))
	must(t, os.Mkdir(filepath.Join(dir, "in"), 0o755))
	must(t, os.Symlink("../../..", filepath.Join(dir, "in", "up")))
	must(t, os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "in", "file")))
	s := openTree(t, dir)
	for _, p := range []string{"/out/secret", "/in/up/etc/passwd"} {
		var link *source.LinkError
		if _, err := s.Lstat(p); !errors.As(err, &link) {
			t.Errorf("Lstat %s: %v", p, err)
		}
		if _, _, err := s.Open(context.Background(), p); !errors.As(err, &link) {
			t.Errorf("Open %s: %v", p, err)
		}
	}
	if _, _, err := s.Open(context.Background(), "/in/file"); err == nil {
		t.Error("a link was opened as a file")
	}
	for _, err := range s.ReadDir(context.Background(), "/out") {
		if err == nil {
			t.Error("a link was read as a directory")
		}
	}
	for _, p := range []string{"", "etc", "/../etc/passwd", "/in/./file", "/in/../in", "/a\x00b"} {
		if _, err := s.Lstat(p); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Lstat %q: %v", p, err)
		}
	}
}

func TestMissingAndDenied(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "f"), nil)
	s := openTree(t, dir)
	for _, p := range []string{"/no", "/no/such", "/f/below"} {
		if _, err := s.Lstat(p); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", p, err)
		}
	}
	if os.Getenv("HOZEN_DENIED") != "" {
		s := openTree(t, os.Getenv("HOZEN_DENIED"))
		if _, _, err := s.Open(context.Background(), "/closed/f"); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("closed folder: %v", err)
		}
		if _, _, err := s.Open(context.Background(), "/mine"); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("closed file: %v", err)
		}
		b, _, _ := fetch(t, s, "/open") // not its owner: O_NOATIME is refused, the file is not
		if string(b) != "open" {
			t.Errorf("open file: %q", b)
		}
		return
	}
	if os.Getuid() != 0 {
		t.Skip("needs root to run a child without rights")
	}
	asNobody(t)
}

// asNobody runs the part of TestMissingAndDenied that needs a user without rights.
func asNobody(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "hozen-denied")
	must(t, err)
	defer os.RemoveAll(dir)
	must(t, os.Chmod(dir, 0o755))
	must(t, os.Mkdir(filepath.Join(dir, "closed"), 0o700))
	write(t, filepath.Join(dir, "closed", "f"), nil)
	must(t, os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600))
	write(t, filepath.Join(dir, "open"), []byte("open"))
	exe := filepath.Join(dir, "test")
	b, err := os.ReadFile("/proc/self/exe")
	must(t, err)
	must(t, os.WriteFile(exe, b, 0o755))
	cmd := exec.Command(exe, "-test.run=^TestMissingAndDenied$", "-test.count=1")
	cmd.Env = append(os.Environ(), "HOZEN_DENIED="+dir, "TMPDIR=/tmp")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}

func TestAnyNameAndAnyLength(t *testing.T) {
	dir := t.TempDir()
	odd := []string{"new\nline", "\xff\xfe", "a", "A", "..x", " ", "\\", strings.Repeat("é", 127)}
	for _, n := range odd {
		write(t, filepath.Join(dir, n), []byte(n))
	}
	s := openTree(t, dir)
	for _, n := range odd {
		if b, _, _ := fetch(t, s, "/"+n); string(b) != n {
			t.Errorf("%q: %q", n, b)
		}
	}
	if got := len(names(t, s, "/")); got != len(odd) {
		t.Errorf("%d names, want %d", got, len(odd))
	}
	long := deep(t, dir, 40)
	if len(long) < 6000 {
		t.Fatalf("path of %d bytes", len(long))
	}
	if b, st, _ := fetch(t, s, long); string(b) != "deep" || st.StatLen != 4 {
		t.Errorf("at %d bytes of path: %q", len(long), b)
	}
	if st, err := s.Lstat(long); err != nil || st.Type != evidence.TypeFile {
		t.Errorf("%v", err)
	}
	if got := names(t, s, filepath.Dir(long)); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

// deep makes folders with names of 150 bytes, one in another, and a file.
func deep(t *testing.T, dir string, levels int) string {
	t.Helper()
	root, err := os.OpenRoot(dir)
	must(t, err)
	path := ""
	for range levels {
		name := strings.Repeat("d", 150)
		must(t, root.Mkdir(name, 0o755))
		next, err := root.OpenRoot(name)
		must(t, err)
		root.Close()
		root = next
		path += "/" + name
	}
	must(t, root.WriteFile("f", []byte("deep"), 0o644))
	root.Close()
	t.Cleanup(func() { exec.Command("rm", "-rf", filepath.Join(dir, strings.Repeat("d", 150))).Run() })
	return path + "/f"
}

func TestXattrsAndACLs(t *testing.T) {
	dir := t.TempDir()
	f := filepath.Join(dir, "f")
	write(t, f, []byte("x"))
	if err := unix.Setxattr(f, "user.note", []byte("\x00\xffval"), 0); err != nil {
		t.Skip("no extended attributes here:", err)
	}
	must(t, unix.Setxattr(f, "user.empty", nil, 0))
	must(t, unix.Setxattr(f, "user.\xff", []byte("raw"), 0))
	if os.Getuid() == 0 {
		must(t, unix.Setxattr(f, "trusted.big", bytes.Repeat([]byte("v"), 2000), 0))
	}
	must(t, os.Mkdir(filepath.Join(dir, "etc"), 0o755))
	write(t, filepath.Join(dir, "etc", "passwd"), []byte("bad line\nalice:x:4711:1:::\n"))
	if out, err := exec.Command("setfacl", "-m", "u:4711:rw-,g:4712:r-x,m::rwx", f).CombinedOutput(); err != nil {
		t.Skip("setfacl:", err, string(out))
	}
	must(t, exec.Command("setfacl", "-d", "-m", "u:4711:r--", filepath.Join(dir, "etc")).Run())
	s := openTree(t, dir)
	file, err := s.Lstat("/f")
	must(t, err)
	got := map[string]string{}
	for _, x := range file.Xattrs {
		got[x.Name] = string(x.Value)
		if x.Name == "user.\ufffd" {
			got[x.NameB64] = string(x.Value)
		}
	}
	if got["dXNlci7/"] != "raw" {
		t.Errorf("the bytes of a name are lost: %v", got)
	}
	if got["user.note"] != "\x00\xffval" || len(file.Xattrs) < 3 {
		t.Errorf("xattrs %v", got)
	}
	if _, ok := got["user.empty"]; !ok {
		t.Error("an empty attribute is missing")
	}
	want := getfacl(t, f)
	if diff := cmp.Diff(want, strings.Join(file.ACL, "\n")); diff != "" {
		t.Error(diff)
	}
	st, err := s.Lstat("/etc")
	must(t, err)
	if diff := cmp.Diff(getfacl(t, filepath.Join(dir, "etc")), strings.Join(st.ACL, "\n")); diff != "" {
		t.Error(diff)
	}
}

func getfacl(t *testing.T, path string) string {
	out, err := exec.Command("getfacl", "-c", "-E", "-n", "-p", path).Output()
	must(t, err)
	s := strings.ReplaceAll(strings.TrimSpace(string(out)), "user:4711:", "user:alice:")
	var keep []string
	for line := range strings.Lines(s) {
		// A folder's own mode bits are no ACL; here only its default ACL is set.
		if strings.HasPrefix(line, "default:") == strings.Contains(s, "default:") {
			keep = append(keep, strings.TrimSpace(line))
		}
	}
	return strings.Join(keep, "\n")
}

func TestACLsThatAreNone(t *testing.T) {
	none := func(uint32) string { return "" }
	for _, b := range [][]byte{nil, {2, 0, 0}, {1, 0, 0, 0}, {2, 0, 0, 0, 1}} {
		if _, err := decodeACL(b, "", none, none); err == nil {
			t.Errorf("%v was read as an ACL", b)
		}
	}
	got, err := decodeACL([]byte{2, 0, 0, 0, 0x77, 0, 7, 0, 9, 0, 0, 0}, "", none, none)
	if err != nil || len(got) != 1 || got[0] != "tag 0x77:9:rwx" {
		t.Errorf("%v %v", got, err)
	}
}

func TestSparseFilesAreNotReadWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sparse")
	f, err := os.Create(path)
	must(t, err)
	block := make([]byte, 64<<10)
	rand.Read(block)
	f.WriteAt(block, 8<<20)
	must(t, f.Truncate(1<<30))
	must(t, f.Close())
	s := openTree(t, filepath.Dir(path))
	c, st, err := s.Open(context.Background(), "/sparse")
	must(t, err)
	defer c.Close()
	if st.Alloc >= st.StatLen {
		t.Skip("no sparse files here")
	}
	began := time.Now()
	buf, want, off := make([]byte, 1<<20), make([]byte, 1<<20), int64(0)
	for {
		n, err := c.Read(buf)
		clear(want)
		if at := 8<<20 - off; at > -int64(len(block)) && at < int64(n) {
			copy(want[max(0, at):], block[max(0, -at):])
		}
		if !bytes.Equal(buf[:n], want[:n]) {
			t.Fatalf("bytes at %d differ", off)
		}
		off += int64(n)
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
	}
	if off != 1<<30 {
		t.Errorf("%d bytes", off)
	}
	t.Logf("1 GiB of holes in %v", time.Since(began))
}

func TestAccessTimesStay(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root or the owner's rights")
	}
	dir := t.TempDir()
	f := filepath.Join(dir, "f")
	write(t, f, []byte("x"))
	old := time.Now().Add(-72 * time.Hour)
	must(t, os.Chtimes(f, old, time.Now())) // relatime would update this one
	must(t, os.Chtimes(dir, old, time.Now()))
	s := openTree(t, dir)
	names(t, s, "/")
	fetch(t, s, "/f")
	for _, p := range []string{"/f", "/"} {
		st, err := s.Lstat(p)
		must(t, err)
		if !st.ATime.Equal(old) {
			t.Errorf("%s: access time moved from %v to %v", p, old, st.ATime)
		}
	}
}

// What Lstat described is what Open reads, also when another file took its
// name in between; the stat afterwards tells of it.
func TestOpenReadsWhatWasDescribed(t *testing.T) {
	dir := t.TempDir()
	f := filepath.Join(dir, "f")
	write(t, f, []byte("first"))
	s := openTree(t, dir)
	before, err := s.Lstat("/f")
	must(t, err)
	write(t, filepath.Join(dir, "new"), []byte("second, longer"))
	must(t, os.Rename(filepath.Join(dir, "new"), f))
	b, st, fin := fetch(t, s, "/f")
	if string(b) != "first" || st.Inode != before.Inode || fin.After == nil || fin.After.CTime.Equal(before.CTime.Time) {
		t.Errorf("%q of inode %s, described as %s; after: %+v", b, st.Inode, before.Inode, fin.After)
	}
	if b, _, _ = fetch(t, s, "/f"); string(b) != "second, longer" {
		t.Errorf("then %q", b)
	}
	// A file that is gone by then is read all the same.
	_, err = s.Lstat("/f")
	must(t, err)
	must(t, os.Remove(f))
	if b, _, _ := fetch(t, s, "/f"); string(b) != "second, longer" {
		t.Errorf("after its removal %q", b)
	}
	if _, _, err := s.Open(context.Background(), "/f"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// Handles that nobody opens are closed: by those that follow, and at the end.
func TestPinsAreBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 * pinsKept {
		write(t, filepath.Join(dir, fmt.Sprint(i)), nil)
	}
	s, err := OpenTree(dir, "tree", collect.Linux)
	must(t, err)
	before := handles(t)
	for range 2 {
		for i := range 3 * pinsKept {
			_, err := s.Lstat("/" + fmt.Sprint(i))
			must(t, err)
		}
	}
	if n := handles(t) - before; n != pinsKept {
		t.Errorf("%d handles are kept, want %d", n, pinsKept)
	}
	must(t, s.Close())
	if n := handles(t); n >= before {
		t.Errorf("%d handles after Close, %d before", n, before)
	}
	_, _ = s.Lstat("/0")
	if n := handles(t); n >= before {
		t.Errorf("a closed source keeps a handle")
	}
}

func handles(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(names)
}
