package sockets

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strconv"

	"github.com/hozen-dfir/hozen/collect/process/procfs"
)

// Bounds of one listing.
const (
	MaxSockets = 1 << 17 // of one network namespace
	maxOwners  = 1 << 19 // open files that refer to sockets
)

// Set is the sockets of one network namespace, each seen in one view or both.
type Set struct {
	NetNS string
	Cut   bool // there were more than MaxSockets

	list []Socket
	at   map[string]int
}

// Add adds one socket, or its view to what is known of it.
func (s *Set) Add(k Socket) {
	if s.at == nil {
		s.at = map[string]int{}
	}
	key := s.find(&k)
	if i, ok := s.at[key]; ok {
		old := &s.list[i]
		if !slices.Contains(old.Views, k.Views[0]) {
			old.Views = append(old.Views, k.Views[0])
		}
		if old.UID == nil {
			old.UID = k.UID
		}
		return
	}
	if len(s.list) >= MaxSockets {
		s.Cut = true
		return
	}
	k.NetNS = s.NetNS
	s.at[key] = len(s.list)
	s.list = append(s.list, k)
}

// find returns the key of a socket: its inode, unless that is taken by another
// one that the same view has listed. The connections that MPTCP and SCTP
// make for one socket, to several addresses, all have its inode.
func (s *Set) find(k *Socket) string {
	key, whole := k.key(), k.Inode+" "+k.Local+" "+k.Remote
	if _, ok := s.at[whole]; ok {
		return whole
	}
	i, ok := s.at[key]
	if !ok || k.Protocol != "tcp" && k.Protocol != "sctp" {
		return key
	}
	old := &s.list[i]
	if (old.Local != k.Local || old.Remote != k.Remote) && slices.Contains(old.Views, k.Views[0]) {
		return whole
	}
	return key
}

// All returns the sockets in the order in which they were first seen.
func (s *Set) All() []Socket { return s.list }

// Has reports whether a socket with this inode is in the set.
func (s *Set) Has(inode string) bool {
	_, ok := s.at[inode]
	return ok
}

// FromProc reads the tables below dir, e.g. "self/net", and returns by file
// what could not be read. A table that the kernel doesn't have is no gap.
func FromProc(f procfs.FS, dir string, each func(Socket)) (gaps map[string]error) {
	gaps = map[string]error{}
	for _, t := range Tables() {
		b, more, err := f.Read(dir+"/"+t.File, procfs.MaxTable)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && more {
			err = errors.New("the table is larger than is read")
		}
		if err != nil {
			gaps[t.File] = err
		}
		t.Parse(b, each)
	}
	return gaps
}

// Owners finds the open files that refer to sockets, by the socket's inode.
// denied lists the processes whose open files could not be read.
func Owners(ctx context.Context, f procfs.FS) (by map[string][]Owner, denied []int) {
	by = map[string][]Owner{}
	pids, _ := f.PIDs()
	total := 0
	for _, pid := range pids {
		if ctx.Err() != nil {
			return by, denied
		}
		dir := procfs.PID(pid, "fd")
		fds, _, err := f.Numbers(dir, procfs.MaxFDs)
		if err == nil && len(fds) == 0 { // so it is where the first thread has ended
			own, _ := f.Folder(pid)
			dir = own + "/fd"
			fds, _, err = f.Numbers(dir, procfs.MaxFDs)
		}
		if errors.Is(err, fs.ErrPermission) {
			denied = append(denied, pid)
		}
		comm := ""
		for _, fd := range fds {
			target, err := f.Readlink(dir + "/" + strconv.Itoa(fd))
			if errors.Is(err, fs.ErrPermission) { // the list may be read, but not where it points
				denied = append(denied, pid)
				break
			}
			kind, ino := procfs.FDKind(target)
			if err != nil || kind != "socket" || total >= maxOwners {
				continue
			}
			if comm == "" {
				comm = f.Comm(pid)
			}
			key := strconv.FormatUint(ino, 10)
			by[key] = append(by[key], Owner{PID: pid, FD: fd, Comm: comm})
			total++
		}
	}
	return by, denied
}
