package live

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/evidence"
)

const statMask = unix.STATX_BASIC_STATS | unix.STATX_BTIME

// statx describes the object behind fd. Kernels before 4.11, and sandboxes
// that forbid statx, get the facts of fstat: no birth time, no attributes.
func statx(fd int) (unix.Statx_t, error) {
	var x unix.Statx_t
	err := unix.Statx(fd, "", unix.AT_EMPTY_PATH|unix.AT_NO_AUTOMOUNT, statMask, &x)
	if err == nil || !(errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM)) {
		return x, err
	}
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil {
		return x, err
	}
	return fromStat(&s), nil
}

func fromStat(s *unix.Stat_t) unix.Statx_t {
	ts := func(t unix.Timespec) unix.StatxTimestamp {
		return unix.StatxTimestamp{Sec: int64(t.Sec), Nsec: uint32(t.Nsec)}
	}
	return unix.Statx_t{
		Mask: unix.STATX_BASIC_STATS, Nlink: uint32(s.Nlink), Uid: s.Uid, Gid: s.Gid,
		Mode: uint16(s.Mode), Ino: s.Ino, Size: uint64(s.Size), Blocks: uint64(s.Blocks),
		Atime: ts(s.Atim), Ctime: ts(s.Ctim), Mtime: ts(s.Mtim),
		Rdev_major: unix.Major(uint64(s.Rdev)), Rdev_minor: unix.Minor(uint64(s.Rdev)),
		Dev_major: unix.Major(uint64(s.Dev)), Dev_minor: unix.Minor(uint64(s.Dev)),
	}
}

// describe returns all facts of the object behind fd, an O_PATH handle.
func (t *tree) describe(fd int) (evidence.Stat, unix.Statx_t, error) {
	x, err := statx(fd)
	if err != nil {
		return evidence.Stat{}, x, err
	}
	st := t.convert(&x)
	if st.Type == evidence.TypeSymlink {
		target, err := readlinkat(fd, "")
		if err != nil {
			return st, x, fmt.Errorf("read link: %w", err)
		}
		st.SetTarget(target)
	}
	st.Xattrs, st.ACL = t.xattrs(fd)
	return st, x, nil
}

func (t *tree) convert(x *unix.Statx_t) evidence.Stat {
	users, groups := t.names()
	st := evidence.Stat{
		Type: typeOf(uint32(x.Mode)), StatLen: int64(x.Size), Alloc: int64(x.Blocks) * 512,
		Mode: mode(x.Mode), UID: strconv.FormatUint(uint64(x.Uid), 10), GID: strconv.FormatUint(uint64(x.Gid), 10),
		Owner: users[x.Uid], Group: groups[x.Gid],
		Inode: strconv.FormatUint(x.Ino, 10), Dev: device(x.Dev_major, x.Dev_minor), Nlink: uint64(x.Nlink),
		MTime: when(x.Mtime), ATime: when(x.Atime), CTime: when(x.Ctime),
		Attributes: attributes(x.Attributes),
	}
	if x.Mask&unix.STATX_BTIME != 0 {
		st.BTime = when(x.Btime)
	}
	if st.Type == evidence.TypeChar || st.Type == evidence.TypeBlock {
		st.Rdev = device(x.Rdev_major, x.Rdev_minor)
	}
	return st
}

func when(t unix.StatxTimestamp) evidence.Time {
	return evidence.At(time.Unix(t.Sec, int64(t.Nsec)))
}

func device(major, minor uint32) string {
	b := strconv.AppendUint(make([]byte, 0, 16), uint64(major), 10)
	return string(strconv.AppendUint(append(b, ':'), uint64(minor), 10))
}

func mode(m uint16) string {
	m &= 0o7777
	return string([]byte{'0' + byte(m>>9), '0' + byte(m>>6&7), '0' + byte(m>>3&7), '0' + byte(m&7)})
}

func typeOf(m uint32) evidence.FileType {
	switch m & unix.S_IFMT {
	case unix.S_IFREG:
		return evidence.TypeFile
	case unix.S_IFDIR:
		return evidence.TypeDir
	case unix.S_IFLNK:
		return evidence.TypeSymlink
	case unix.S_IFCHR:
		return evidence.TypeChar
	case unix.S_IFBLK:
		return evidence.TypeBlock
	case unix.S_IFIFO:
		return evidence.TypeFIFO
	case unix.S_IFSOCK:
		return evidence.TypeSocket
	}
	return evidence.TypeUnknown
}

// attributes names the stx_attributes of statx(2).
func attributes(a uint64) []string {
	if a == 0 {
		return nil
	}
	var out []string
	for _, k := range [...]struct {
		bit  uint64
		name string
	}{
		{unix.STATX_ATTR_COMPRESSED, "compressed"},
		{unix.STATX_ATTR_IMMUTABLE, "immutable"},
		{unix.STATX_ATTR_APPEND, "append-only"},
		{unix.STATX_ATTR_NODUMP, "nodump"},
		{unix.STATX_ATTR_ENCRYPTED, "encrypted"},
		{unix.STATX_ATTR_AUTOMOUNT, "automount"},
		{unix.STATX_ATTR_MOUNT_ROOT, "mount-root"},
		{unix.STATX_ATTR_VERITY, "verity"},
		{unix.STATX_ATTR_DAX, "dax"},
	} {
		if a&k.bit != 0 {
			out = append(out, k.name)
		}
	}
	return out
}
