package process

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect/process/procfs"
	"github.com/hozen-dfir/hozen/evidence"
)

// Bounds of executables.
const (
	maxExe   = 1 << 30 // bytes hashed and recovered of one file
	hashWait = 2 * time.Minute
	hashStep = 256 << 10 // bytes read at once
	maxSums  = 1 << 16   // files whose digests are remembered
)

// exes opens, hashes and recovers executables, each file once. The files of a
// batch are held open from the moment its processes are read, so that they
// outlive them.
type exes struct {
	fs      procfs.FS
	fstypes map[string]string // by device number

	mu    *sync.Mutex
	files map[exeKey]*os.File
	sums  map[exeKey]*sum
}

// sum is what is known of one file; item is where its bytes were put.
type sum struct{ sha256, item, err string }

func newExes(f procfs.FS, mounts []procfs.Mount) exes {
	x := exes{fs: f, fstypes: map[string]string{}, mu: new(sync.Mutex), files: map[exeKey]*os.File{}, sums: map[exeKey]*sum{}}
	for _, m := range mounts {
		x.fstypes[m.Dev] = m.FSType
	}
	return x
}

func (x *exes) held() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.files)
}

// open describes the executable of a process and holds it open, unless that
// could mean to wait for another host. It reports false where it is not the one
// that the other facts speak of: the process has begun another program since.
func (x *exes) open(f *facts) bool {
	e := f.p.Exe
	if e == nil {
		return true
	}
	fail := func(op string, err error) bool {
		f.note("exe", &os.PathError{Op: op, Path: x.fs.Path(f.at("exe")), Err: err})
		e.Error = err.Error()
		return true
	}
	// One handle for all that is said of the file, however fast the process begins
	// programs. It asks no server that may be gone, nor do the kernel's cached facts.
	fd, err := unix.Open(x.fs.Path(f.at("exe")), unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return fail("open", err)
	}
	defer unix.Close(fd)
	link := "/proc/self/fd/" + strconv.Itoa(fd)
	var st unix.Statx_t
	if err := unix.Statx(fd, "", unix.AT_EMPTY_PATH|unix.AT_STATX_DONT_SYNC, unix.STATX_BASIC_STATS, &st); err != nil {
		return fail("statx", err)
	}
	read := e.rawPath()
	if now, err := os.Readlink(link); err == nil {
		e.Path, e.PathB64 = evidence.Text(now)
	}
	e.fill(&st)
	if t := x.fstypes[e.Dev]; procfs.Remote(t) {
		e.Error = "not read: it lies on a file system of type " + t
		return e.rawPath() == read
	}
	e.Memfd = strings.HasPrefix(e.rawPath(), "/memfd:")
	e.Deleted = !e.Memfd && x.deleted(f, &st)
	x.hold(f, keyOf(&st), link)
	return e.rawPath() == read
}

func (x *exes) hold(f *facts, k exeKey, name string) {
	f.exe = k
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.files[k] != nil || x.sums[k] != nil && !f.p.Exe.gone() {
		return
	}
	h, err := openQuiet(name)
	if err != nil {
		if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
			pe.Path = x.fs.Path(f.at("exe")) // ours says nothing to anybody
		}
		f.note("exe", err)
		f.p.Exe.Error = err.Error()
		return
	}
	x.files[k] = h
}

// openQuiet opens for reading without changing the time of last access where
// the caller may ask for that.
func openQuiet(name string) (*os.File, error) {
	const flags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC
	h, err := os.OpenFile(name, flags|unix.O_NOATIME, 0)
	if errors.Is(err, fs.ErrPermission) {
		h, err = os.OpenFile(name, flags, 0)
	}
	return h, err
}

func keyOf(st *unix.Statx_t) exeKey {
	return exeKey{dev: uint64(st.Dev_major)<<32 | uint64(st.Dev_minor), ino: st.Ino}
}

func (e *Exe) fill(st *unix.Statx_t) {
	at := func(t unix.StatxTimestamp) evidence.Time { return evidence.At(time.Unix(t.Sec, int64(t.Nsec))) }
	e.Dev = fmt.Sprintf("%d:%d", st.Dev_major, st.Dev_minor)
	e.Inode, e.Size = strconv.FormatUint(st.Ino, 10), strconv.FormatUint(st.Size, 10)
	e.Mode = fmt.Sprintf("%04o", st.Mode&0o7777)
	e.UID, e.GID = strconv.Itoa(int(st.Uid)), strconv.Itoa(int(st.Gid))
	e.MTime, e.CTime = at(st.Mtime), at(st.Ctime)
}

func (e *Exe) gone() bool { return e.Deleted || e.Memfd }

func (e *Exe) rawPath() string {
	s := evidence.Stat{Target: e.Path, TgtB64: e.PathB64}
	return s.RawTarget()
}

// release closes what is held.
func (x *exes) release() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for k, h := range x.files {
		_ = h.Close()
		delete(x.files, k)
	}
}

// executable hashes the file that a process runs and recovers it where it is
// deleted, unless either was done before.
func (r *run) executable(ctx context.Context, f *facts) error {
	e := f.p.Exe
	if e == nil || e.Error != "" {
		return nil
	}
	x := &r.exes
	x.mu.Lock()
	h, s := x.files[f.exe], x.sums[f.exe]
	x.mu.Unlock()
	if s == nil {
		if h == nil {
			e.Error = "its file was no longer open when it was to be hashed"
			return nil
		}
		s = r.hash(ctx, h)
		x.mu.Lock()
		if len(x.sums) < maxSums {
			x.sums[f.exe] = s
		}
		x.mu.Unlock()
	}
	if e.gone() && s.item == "" && h != nil {
		s.item = item(f.p.PID, "exe")
		if err := r.recover(ctx, f, h); err != nil {
			return err
		}
	}
	e.SHA256, e.Item, e.Error = s.sha256, s.item, s.err
	if s.err != "" {
		f.note("exe", errors.New(s.err))
	}
	return nil
}

// hash reads a file in steps. Between them it waits as the budgets want it;
// what hashWait bounds is the time of the reading alone.
func (r *run) hash(ctx context.Context, h *os.File) *sum {
	d, read, buf := sha256.New(), time.Duration(0), make([]byte, hashStep) // a read that blocks is the last
	for off := int64(0); ; {
		began := time.Now()
		s, err := procfs.Within(ctx, &r.guard, hashWait-read, func() step {
			n, err := h.ReadAt(buf, off)
			return step{n, err}
		})
		read += time.Since(began)
		if err == nil && s.err != nil && !errors.Is(s.err, io.EOF) {
			err = s.err
		}
		if err != nil {
			return &sum{err: err.Error()}
		}
		d.Write(buf[:s.n])
		if off += int64(s.n); off > maxExe {
			return &sum{err: fmt.Sprintf("not hashed: larger than %d bytes", maxExe)}
		}
		if s.err != nil {
			return &sum{sha256: hex.EncodeToString(d.Sum(nil))}
		}
		if err := r.Pace(s.n); err != nil {
			return &sum{err: "not hashed: " + err.Error()}
		}
	}
}

// step is what came of one read.
type step struct {
	n   int
	err error
}

// recover adds the bytes of an executable that has no name any more. The file
// is opened anew, so that the sink may read it after the process has ended.
func (r *run) recover(ctx context.Context, f *facts, h *os.File) error {
	e := f.p.Exe
	rec := r.Record(item(f.p.PID, "exe"), "procfs")
	own, err := os.Open("/proc/self/fd/" + strconv.Itoa(int(h.Fd())))
	if err != nil {
		return r.Outcome(ctx, rec.RawPath(), "procfs", fmt.Errorf("opening the deleted executable of process %d: %w", f.p.PID, err), nil)
	}
	rec.Mode, rec.UID, rec.GID, rec.Inode, rec.Dev = e.Mode, e.UID, e.GID, e.Inode, e.Dev
	rec.MTime, rec.CTime = e.MTime, e.CTime
	rec.Owner, rec.Group = name(r.reader.users, e.UID), name(r.reader.groups, e.GID)
	rec.StatLen, _ = strconv.ParseInt(e.Size, 10, 64)
	rec.SetTarget(e.rawPath())
	rec.Details = map[string]string{"pid": strconv.Itoa(f.p.PID)}
	return r.Add(ctx, evidence.Item{Record: rec, Open: func(context.Context) (evidence.Content, error) {
		return &held{File: own, r: io.NewSectionReader(own, 0, maxExe), size: rec.StatLen}, nil
	}})
}

func name(n procfs.Names, id string) string {
	v, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return ""
	}
	return strings.ToValidUTF8(n[uint32(v)], "\uFFFD")
}

// held is the content of a file that is open already.
type held struct {
	*os.File
	r    io.Reader
	size int64
}

func (c *held) Read(p []byte) (int, error) { return c.r.Read(p) }

// WriteTo hides that of the file, which would begin elsewhere and know no bound.
func (c *held) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, struct{ io.Reader }{c.r}) }

// Finish implements evidence.Content.
func (c *held) Finish() evidence.Finish {
	if c.size > maxExe {
		return evidence.Finish{Lost: []evidence.Range{{Offset: maxExe, Length: c.size - maxExe, Error: "larger than is kept"}}}
	}
	return evidence.Finish{}
}
