package network

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/hozen-dfir/hozen/collect/network/sockets"
	"github.com/hozen-dfir/hozen/collect/process/procfs"
)

// maxNamespaces bounds the network namespaces that are read.
const maxNamespaces = 4096

// rawTables are the files of /proc/<pid>/net that are kept as they are, beside
// the socket tables.
var rawTables = []string{
	"arp", "dev", "dev_mcast", "fib_trie", "if_inet6", "igmp", "igmp6", "ipv6_route", "mcfilter", "netstat", "nf_conntrack",
	"protocols", "psched", "ptype", "route", "sctp/assocs", "sctp/eps", "snmp", "snmp6", "sockstat", "sockstat6", "vlan/config", "wireless",
}

// ownSpace stands for the inode of the own network namespace where /proc does
// not tell it.
const ownSpace = "own"

// sockets writes the sockets of every network namespace that is in use.
func (r *run) sockets(ctx context.Context) error {
	own, blind := ownSpace, error(nil)
	if link, err := r.fs.Readlink("self/ns/net"); err != nil {
		blind = fmt.Errorf("%s can't be read, so that tables, owners and namespaces are missing: %w", r.fs.Dir, err)
	} else {
		own = procfs.NSInode(link)
	}
	set := &sockets.Set{NetNS: own}
	gaps := sockets.Diag(ctx, set.Add)
	procGaps := sockets.FromProc(r.fs, "self/net", set.Add)
	again := map[string]bool{}
	sockets.Diag(ctx, func(s sockets.Socket) {
		if len(again) < sockets.MaxSockets {
			again[s.Inode] = true
		}
	})
	owners, denied := sockets.Owners(ctx, r.fs)
	spaces := r.namespaces(own)
	l, err := r.Lines(ctx, "/network/sockets.jsonl", "netlink,procfs")
	if err != nil {
		return err
	}
	details := map[string]string{"owners_denied": strconv.Itoa(len(denied))}
	for k, v := range gaps {
		details["sock_diag_"+k] = v
	}
	cause := errors.Join(blind, procCause(procGaps))
	err = r.eachSpace(ctx, spaces, set, func(s *sockets.Set) error {
		if s.Cut {
			cause = errors.Join(cause, fmt.Errorf("more than %d sockets; the rest is in /network/raw/%s", sockets.MaxSockets, s.NetNS))
		}
		return r.writeSet(s, set, owners, l.Put)
	})
	if err := errors.Join(err, l.Close(ctx, details, errors.Join(cause, err))); err != nil {
		return err
	}
	if blind != nil {
		again = nil // nothing can be missing from tables that are not there
	}
	return errors.Join(r.denied(ctx, denied), r.writeSpaces(ctx, spaces), r.notice(ctx, set, again))
}

// denied records the processes whose sockets can't be told.
func (r *run) denied(ctx context.Context, pids []int) error {
	if len(pids) == 0 {
		return nil
	}
	err := fmt.Errorf("finding the sockets of %d processes: %w", len(pids), fs.ErrPermission)
	some := fmt.Sprint(pids[:min(len(pids), 256)])
	return r.Outcome(ctx, "/network/owners", "procfs", err, map[string]string{"pids": strings.Trim(some, "[]")})
}

func procCause(gaps map[string]error) error {
	var out error
	for _, k := range slices.Sorted(maps.Keys(gaps)) {
		out = errors.Join(out, fmt.Errorf("reading the table %s: %w", k, gaps[k]))
	}
	return out
}

// namespaces finds the network namespaces that processes are in and those that
// a mount keeps.
func (r *run) namespaces(own string) map[string]*Namespace {
	const format = "hozen-network-namespace/1"
	out := map[string]*Namespace{own: {Format: format, Inode: own, Own: true}}
	get := func(id string) *Namespace {
		if out[id] == nil && len(out) < maxNamespaces {
			out[id] = &Namespace{Format: format, Inode: id}
		}
		return out[id]
	}
	pids, _ := r.fs.PIDs()
	for _, pid := range pids {
		dir, _ := r.fs.Folder(pid)
		link, err := r.fs.Readlink(dir + "/ns/net")
		id := procfs.NSInode(link)
		if err != nil || id == "" {
			continue
		}
		if n := get(id); n != nil {
			if n.Processes++; n.FirstPID == 0 {
				n.FirstPID, n.FirstComm = pid, r.fs.Comm(pid)
			}
		}
	}
	b, _, _ := r.fs.Read("self/mountinfo", procfs.MaxTable)
	mounts, _ := procfs.ParseMounts(b)
	for _, m := range mounts {
		if m.FSType != "nsfs" || !strings.HasPrefix(m.Root, "net:[") {
			continue
		}
		if n := get(procfs.NSInode(m.Root)); n != nil && len(n.Mounts) < 64 {
			n.Mounts = append(n.Mounts, text(m.Point))
		}
	}
	return out
}

// eachSpace hands on the sockets of every namespace, the own one first, and
// keeps the raw tables. A namespace without a process can't be read from here.
func (r *run) eachSpace(ctx context.Context, spaces map[string]*Namespace, own *sockets.Set, f func(*sockets.Set) error) error {
	ids := slices.SortedFunc(maps.Keys(spaces), func(a, b string) int {
		if (a == own.NetNS) != (b == own.NetNS) {
			return map[bool]int{true: -1, false: 1}[a == own.NetNS]
		}
		return strings.Compare(a, b)
	})
	for _, id := range ids {
		n, set, dir := spaces[id], own, "self/net"
		if !n.Own {
			if n.FirstPID == 0 {
				n.Error = "no process is in it"
				continue
			}
			through, _ := r.fs.Folder(n.FirstPID)
			set, dir = &sockets.Set{NetNS: id}, through+"/net"
			gaps := sockets.FromProc(r.fs, dir, set.Add)
			if now, err := r.fs.Readlink(through + "/ns/net"); err != nil || procfs.NSInode(now) != id {
				n.Error = "the process it was to be read through has ended"
				continue
			}
			if err := procCause(gaps); err != nil {
				n.Error = err.Error()
			}
		}
		n.Sockets = len(set.All())
		if err := f(set); err != nil {
			return err
		}
		if err := r.raw(ctx, id, dir); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) writeSet(set, own *sockets.Set, owners map[string][]sockets.Owner, put func(any) error) error {
	for i := range set.All() {
		s := &set.All()[i]
		s.Owners = owners[s.Inode]
		if set == own && s.IfIndex != 0 {
			s.IfName = r.names[s.IfIndex]
		}
		if s.UID != nil {
			s.User = text(r.users[*s.UID])
		}
		if err := put(s); err != nil {
			return err
		}
	}
	return nil
}

// raw keeps the tables of one namespace as they are. A table that the kernel
// doesn't have is left out.
func (r *run) raw(ctx context.Context, id, dir string) error {
	names := slices.Clone(rawTables)
	for _, t := range sockets.Tables() {
		names = append(names, t.File)
	}
	slices.Sort(names)
	for _, n := range names {
		h, err := procfs.OpenRegular(r.fs.Path(dir + "/" + n))
		path := "/network/raw/" + id + "/" + n
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.EINVAL) { // EINVAL: the process has ended
			continue
		}
		if err != nil {
			err = r.Outcome(ctx, path, "procfs", err, nil)
		} else {
			err = r.Copy(ctx, path, "procfs", h, procfs.MaxTable)
			_ = h.Close()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *run) writeSpaces(ctx context.Context, spaces map[string]*Namespace) error {
	l, err := r.Lines(ctx, "/network/namespaces.jsonl", "procfs")
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(spaces)) {
		if err := l.Put(spaces[id]); err != nil {
			return errors.Join(err, l.Close(ctx, nil, err))
		}
	}
	return l.Close(ctx, nil, nil)
}

// notice makes the observations about the sockets of the own namespace. A
// socket that sock_diag listed both before and after /proc was read, and that
// /proc doesn't show, is one that somebody filters out.
func (r *run) notice(ctx context.Context, set *sockets.Set, again map[string]bool) error {
	for i := range set.All() {
		s := &set.All()[i]
		if len(s.Views) == 1 && s.Views[0] == sockets.ViewDiag && inBoth(s) && again[s.Inode] && !set.Cut {
			if err := r.observe(ctx, "hidden-socket", "a socket is listed by sock_diag but not in /proc", s); err != nil {
				return err
			}
		}
		if s.Family == "packet" || s.Protocol == "raw" && s.Family != "unix" {
			if len(s.Owners) > 0 && !slices.ContainsFunc(s.Owners, func(o sockets.Owner) bool { return o.PID != os.Getpid() }) {
				continue // the collector's own capture
			}
			if err := r.observe(ctx, "packet-socket", "a socket takes or makes packets below TCP and UDP", s); err != nil {
				return err
			}
		}
	}
	return nil
}

// inBoth reports whether both views list such sockets. Netlink sockets come
// and go with every request; TCP sockets that are only bound are in sock_diag
// alone, in a state of their own or as closed ones.
func inBoth(s *sockets.Socket) bool {
	switch {
	case s.Inode == "0", s.Family == "netlink", s.Protocol == "sctp", s.State == sockets.BoundInactive, s.Protocol == "tcp" && s.State == "CLOSE":
		return false
	}
	return true
}

func (r *run) observe(ctx context.Context, kind, what string, s *sockets.Socket) error {
	facts := map[string]string{"socket": s.Summary(), "inode": s.Inode, "views": strings.Join(s.Views, ",")}
	if s.IfIndex != 0 {
		facts["if_index"] = strconv.Itoa(int(s.IfIndex))
	}
	for i, o := range s.Owners {
		if i == 16 {
			break
		}
		facts["owner_"+strconv.Itoa(i+1)] = fmt.Sprintf("pid %d fd %d %s", o.PID, o.FD, o.Comm)
	}
	return r.Observe(ctx, kind, what, "/network/sockets.jsonl", facts)
}
