package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect/process/emit"
	"github.com/hozen-dfir/hozen/collect/process/procfs"
	"github.com/hozen-dfir/hozen/evidence"
)

// Bounds of one process.
const (
	maxMaps    = 16 << 20
	maxCgroups = 64
	maxErrors  = 16
)

// reader reads the facts of one process after another.
type reader struct {
	fs      procfs.FS
	at      func(ticks uint64) time.Time
	users   procfs.Names
	groups  procfs.Names
	sockets map[string]string // summaries by inode
}

// facts is one process with the bytes that become items of their own.
type facts struct {
	p       Process
	environ []byte
	maps    []byte
	files   []File
	exe     exeKey
	dir     string // of /proc that shows the process
}

// at returns where a file of the process lies in /proc.
func (f *facts) at(name string) string { return f.dir + "/" + name }

// exeKey identifies the file that a process runs.
type exeKey struct{ dev, ino uint64 }

// weight is roughly what the facts hold in memory, in bytes.
func (f *facts) weight() int {
	return 4096 + len(f.environ) + len(f.maps) + 2*len(strings.Join(f.p.Args, "")) + 256*len(f.files)
}

// read reads everything but the executable's bytes.
func (r *reader) read(pid int) *facts {
	f := &facts{p: Process{Format: Format, PID: pid, Read: evidence.At(time.Now())}}
	first, err := r.fs.Stat(pid)
	if err != nil {
		f.note("stat", err)
		return f
	}
	f.dir, f.p.ReadThread = r.fs.Folder(pid)
	r.setStat(&f.p, first)
	r.setStatus(f)
	r.setSmall(f)
	r.setLinks(f)
	r.setMemory(f)
	r.setFiles(f)
	last, err := r.fs.Stat(pid)
	switch {
	case err != nil || last.Start != first.Start:
		f.p.Ended = true
	case first.State == "Z" && f.p.ReadThread == 0:
		f.p.Ended = false // it had before, which its state says
	}
	return f
}

// note records why something could not be read. What a process doesn't have is
// no error, nor is it one that a process has ended.
func (f *facts) note(what string, err error) {
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrPermission):
		f.p.Denied = append(f.p.Denied, what)
	case errors.Is(err, syscall.ESRCH), errors.Is(err, fs.ErrNotExist) && what == "stat":
		f.p.Ended = true
	case errors.Is(err, fs.ErrNotExist):
	case len(f.p.Errors) < maxErrors:
		text, _ := evidence.Text(what + ": " + err.Error())
		f.p.Errors = append(f.p.Errors, text)
	}
}

// cut notes that a process has more of something than is kept, which is a gap.
func (f *facts) cut(what string, more bool) {
	if more {
		f.note(what, emit.ErrCut)
	}
}

func (r *reader) setStat(p *Process, s procfs.Stat) {
	p.PPID, p.PGID, p.Session, p.State, p.Threads = s.PPID, s.PGID, s.Session, s.State, s.Threads
	p.KernelThread = s.KernelThread()
	p.Start, p.StartTicks = evidence.At(r.at(s.Start)), strconv.FormatUint(s.Start, 10)
	p.UserTicks, p.SystemTicks = strconv.FormatUint(s.UTime, 10), strconv.FormatUint(s.STime, 10)
	p.VirtualBytes = strconv.FormatUint(s.VSize, 10)
	p.Comm, p.CommB64 = evidence.Text(s.Comm)
	if s.TTY != 0 { // new_encode_dev: minor in bits 0-7 and 20-31, major in 8-19
		t := uint32(s.TTY)
		p.TTY = fmt.Sprintf("%d:%d", t>>8&0xfff, t&0xff|t>>12&0xfff00)
	}
}

// capLines are the capability sets of a status file.
var capLines = map[string]string{
	"CapInh": "inheritable", "CapPrm": "permitted", "CapEff": "effective", "CapBnd": "bounding", "CapAmb": "ambient",
}

func (r *reader) setStatus(f *facts) {
	b, _, err := r.fs.Read(f.at("status"), procfs.MaxSmall)
	f.note("status", err)
	s, p := procfs.ParseStatus(b), &f.p
	p.UID, p.GID = ids(s.IDs("Uid"), r.users), ids(s.IDs("Gid"), r.groups)
	p.Groups = s.IDs("Groups")
	for _, g := range p.Groups {
		p.GroupNames = append(p.GroupNames, strings.ToValidUTF8(r.groups[g], "\uFFFD"))
	}
	p.Caps = map[string]procfs.Capabilities{}
	for line, name := range capLines {
		if v, ok := s[line]; ok {
			c, err := procfs.ParseCapabilities(v)
			f.note(line, err)
			p.Caps[name] = c
		}
	}
	p.Tracer, _ = s.Int("TracerPid")
	p.Seccomp, _ = s.Int("Seccomp")
	nnp, _ := s.Int("NoNewPrivs")
	p.NoNewPrivs = nnp != 0
	p.NSPIDs = s.IDs("NSpid")
}

func ids(v []uint32, names procfs.Names) *IDs {
	if len(v) < 4 {
		return nil
	}
	return &IDs{Real: v[0], Effective: v[1], Saved: v[2], FS: v[3], Name: strings.ToValidUTF8(names[v[1]], "\uFFFD")}
}

// setSmall reads the files of one value, the limits, the control groups, and
// the true name, which stat escapes.
func (r *reader) setSmall(f *facts) {
	p := &f.p
	word := func(name string) string {
		b, _, err := r.fs.Read(f.at(name), procfs.MaxSmall)
		f.note(name, err)
		return strings.ToValidUTF8(strings.TrimSuffix(string(b), "\n"), "\uFFFD")
	}
	if b, _, err := r.fs.Read(procfs.PID(p.PID, "comm"), procfs.MaxSmall); err == nil {
		p.Comm, p.CommB64 = evidence.Text(strings.TrimSuffix(string(b), "\n"))
	}
	p.LoginUID, p.AuditID = word("loginuid"), word("sessionid")
	const unset = "4294967295" // (uid_t)-1
	if p.AuditID == unset {
		p.AuditID = "unset"
	}
	if id, err := strconv.ParseUint(p.LoginUID, 10, 32); err == nil && p.LoginUID != unset {
		p.LoginUser = strings.ToValidUTF8(r.users[uint32(id)], "\uFFFD")
	} else if p.LoginUID == unset {
		p.LoginUID = "unset"
	}
	p.OOMScore, p.OOMAdjust = word("oom_score"), word("oom_score_adj")
	p.Limits = procfs.ParseLimits([]byte(word("limits")))
	for line := range strings.Lines(word("cgroup")) {
		if len(p.Cgroups) < maxCgroups {
			p.Cgroups = append(p.Cgroups, strings.TrimSuffix(line, "\n"))
		}
	}
}

func (r *reader) setLinks(f *facts) {
	p := &f.p
	link := func(name string) string {
		v, err := r.fs.Readlink(f.at(name))
		f.note(name, err)
		return v
	}
	p.Cwd, p.CwdB64 = evidence.Text(link("cwd"))
	p.Root, p.RootB64 = evidence.Text(link("root"))
	if v, err := r.fs.Readlink(f.at("exe")); err == nil {
		p.Exe = &Exe{}
		p.Exe.Path, p.Exe.PathB64 = evidence.Text(v)
	} else {
		f.note("exe", err)
	}
	p.Namespaces = map[string]string{}
	for _, k := range []string{"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts"} {
		v, err := r.fs.Readlink(f.at("ns/" + k))
		if errors.Is(err, fs.ErrPermission) && slices.Contains(p.Denied, "ns") {
			continue
		}
		f.note("ns", err)
		if id := procfs.NSInode(v); id != "" {
			p.Namespaces[k] = id
		}
	}
}

// setMemory reads what lies in the process's own memory.
func (r *reader) setMemory(f *facts) {
	p := &f.p
	b, more, err := r.fs.Read(f.at("cmdline"), procfs.MaxArgs)
	f.note("cmdline", err)
	f.cut("cmdline", more)
	p.ArgsCut = more
	if len(b) > 0 {
		for _, a := range strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00") {
			text, _ := evidence.Text(a)
			p.Args = append(p.Args, text)
		}
		_, p.ArgsB64 = evidence.Text(string(b))
	}
	if p.KernelThread {
		return
	}
	f.environ, more, err = r.fs.Read(f.at("environ"), procfs.MaxEnv)
	f.note("environ", err)
	p.Environ = raw(p.PID, "environ", f.environ, "\x00", more)
	f.maps, more, err = r.fs.Read(f.at("maps"), maxMaps)
	f.note("maps", err)
	p.Maps = raw(p.PID, "maps", f.maps, "\n", more)
}

func raw(pid int, name string, b []byte, sep string, cut bool) *Raw {
	if len(b) == 0 {
		return nil
	}
	return &Raw{
		Item: item(pid, name), Size: strconv.Itoa(len(b)), Cut: cut,
		Count: bytes.Count(bytes.TrimSuffix(b, []byte(sep)), []byte(sep)) + 1,
	}
}

// item returns the path of an item of one process.
func item(pid int, name string) string { return "/processes/" + procfs.PID(pid, name) }

func (r *reader) setFiles(f *facts) {
	fds, more, err := r.fs.Numbers(f.at("fd"), procfs.MaxFDs)
	f.note("fd", err)
	f.p.Files, f.p.FilesCut = len(fds), more
	f.cut("fd", more)
	for _, fd := range fds {
		n := strconv.Itoa(fd)
		target, err := r.fs.Readlink(f.at("fd/" + n))
		if errors.Is(err, fs.ErrPermission) && !slices.Contains(f.p.Denied, "fd") {
			f.note("fd", err) // the list may be read, but not where it points
		}
		if err != nil {
			continue // closed meanwhile
		}
		b, _, _ := r.fs.Read(f.at("fdinfo/"+n), procfs.MaxSmall)
		f.files = append(f.files, r.file(f.p.PID, f.dir, fd, target, procfs.ParseFDInfo(b)))
	}
}

func (r *reader) file(pid int, dir string, fd int, target string, d procfs.FDInfo) File {
	o := File{Format: FileFormat, PID: pid, FD: fd, Pos: d.Pos, Flags: d.Flags, MntID: d.MntID, More: emit.Safe(d.More)}
	o.Target, o.TargetB64 = evidence.Text(target)
	var ino uint64
	if o.Kind, ino = procfs.FDKind(target); o.Kind == "socket" || o.Kind == "pipe" {
		o.Inode = strconv.FormatUint(ino, 10)
	}
	if o.Kind == "socket" {
		if o.Socket = r.sockets[o.Inode]; o.Socket == "" {
			o.Protocol = r.protocol(dir, fd)
		}
	}
	if v, err := strconv.ParseUint(d.Flags, 8, 64); err == nil && v&3 < 3 { // O_ACCMODE
		o.Access = [...]string{"r", "w", "rw"}[v&3]
	}
	return o
}

// protocol asks the kernel for the protocol of a socket: one that is not bound,
// is in another network namespace, or is of a family that has no list.
func (r *reader) protocol(dir string, fd int) string {
	b := make([]byte, 64) // names of struct proto have 32 bytes at most
	n, err := unix.Getxattr(r.fs.Path(dir+"/fd/"+strconv.Itoa(fd)), "system.sockprotoname", b)
	if err != nil {
		return ""
	}
	name, _ := evidence.Text(strings.TrimRight(string(b[:n]), "\x00"))
	return name
}
