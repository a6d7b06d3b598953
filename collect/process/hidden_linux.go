package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect/process/procfs"
)

// searchWait bounds the search for hidden processes. Asking for one id takes
// about 0.2 µs, so that all of four million take a second.
const searchWait = 20 * time.Second

// search asks the kernel for every process id that the listing does not show,
// by a signal of number 0, which sends nothing. It returns those that are
// alive, were missing from two listings and lead a thread group.
func (r *run) search(ctx context.Context, listed []int) ([]int, error) {
	most := procfs.MaxPIDs
	if b, _, err := r.fs.Read("sys/kernel/pid_max", procfs.MaxSmall); err == nil {
		if v, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil {
			most = min(v, procfs.MaxPIDs)
		}
	}
	var found []int
	stop := time.Now().Add(searchWait)
	for pid := 1; pid <= most; pid++ {
		if pid&0xfff == 0 {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if time.Now().After(stop) {
				r.count["searched_to"] = pid
				break
			}
		}
		if _, ok := slices.BinarySearch(listed, pid); !ok && alive(pid) && r.leads(pid) {
			found = append(found, pid)
		}
	}
	found, err := r.confirm(found)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	if why := r.hides(listed); why != nil { // nobody hides them from us in particular
		return nil, r.Outcome(ctx, "/processes", "procfs", why, map[string]string{"not_shown": strconv.Itoa(len(found))})
	}
	return found, nil
}

// hides says why a listing does not show what is there: there is none, or /proc
// is mounted so that it keeps from this user what others run.
func (r *run) hides(listed []int) error {
	if _, ok := slices.BinarySearch(listed, os.Getpid()); !ok {
		return fmt.Errorf("%s shows no process, not even this one: no procfs is mounted there, or something lies over it", r.fs.Dir)
	}
	for _, m := range r.mounts {
		if m.Point != r.fs.Dir || m.FSType != "proc" || r.seesAll() {
			continue
		}
		for o := range strings.SplitSeq(m.SuperOpts, ",") {
			if v, ok := strings.CutPrefix(o, "hidepid="); ok && v != "0" && v != "off" {
				return fmt.Errorf("other users' processes are hidden by the hidepid option of /proc: %w", fs.ErrPermission)
			}
		}
	}
	return nil
}

// hostUsers is the inode of the host's own user namespace
// (PROC_USER_INIT_INO, linux/proc_ns.h).
const hostUsers = "4026531837"

// seesAll reports whether no option of /proc hides anything from this process:
// it may trace whom it likes. Who is root in a user namespace of their own may
// not, whatever capabilities they have there.
func (r *run) seesAll() bool {
	link, _ := r.fs.Readlink("self/ns/user")
	b, _, _ := r.fs.Read("self/status", procfs.MaxSmall)
	effective, err := strconv.ParseUint(procfs.ParseStatus(b)["CapEff"], 16, 64)
	return err == nil && effective&(1<<unix.CAP_SYS_PTRACE) != 0 && procfs.NSInode(link) == hostUsers
}

// confirm drops what a second listing shows, and what has ended since: both
// only started or ended at the wrong moment.
func (r *run) confirm(found []int) ([]int, error) {
	if len(found) == 0 {
		return nil, nil
	}
	again, err := r.list()
	if err != nil {
		return nil, fmt.Errorf("listing processes again: %w", err)
	}
	return slices.DeleteFunc(found, func(pid int) bool {
		_, shown := slices.BinarySearch(again, pid)
		return shown || !alive(pid)
	}), nil
}

func alive(pid int) bool {
	err := unix.Kill(pid, 0)
	return err == nil || errors.Is(err, unix.EPERM)
}

// leads reports whether an id is that of a process and not of one of its
// threads, which no listing shows either. Where status can't be read, getpgid
// and the thread folders of the listing can't tell more; the id counts.
func (r *run) leads(pid int) bool {
	b, _, err := r.fs.Read(procfs.PID(pid, "status"), procfs.MaxSmall)
	if err != nil {
		return !errors.Is(err, unix.ESRCH)
	}
	tgid, ok := procfs.ParseStatus(b).Int("Tgid")
	return !ok || tgid == pid
}

// covered notices mounts that lie over the folder of a process.
func (r *run) covered(ctx context.Context) error {
	for _, m := range r.fs.Covering(r.mounts) {
		base := path.Base(m.Point)
		err := r.Observe(ctx, "covered-process", "a mount lies over the folder of process "+base+" in /proc",
			"/system/mounts.jsonl", map[string]string{"pid": base, "mount_point": m.Point, "type": m.FSType, "device": m.Device, "root": m.Root})
		if err != nil {
			return err
		}
	}
	return nil
}
