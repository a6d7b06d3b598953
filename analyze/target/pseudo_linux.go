package target

import (
	"io/fs"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// pseudo reports whether rel is the top of a filesystem that the kernel makes
// up: its files state no sizes, may never end, and are no evidence at rest.
func pseudo(root *os.Root, rel string, st fs.FileInfo) bool {
	if !st.IsDir() {
		return false
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok || sys.Ino > 8 { // the roots of these filesystems have small numbers
		return false
	}
	d, err := root.Open(rel)
	if err != nil {
		return false
	}
	defer d.Close()
	return madeUp(d)
}

// device names the filesystem that a file is on.
func device(st fs.FileInfo) uint64 {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return sys.Dev
	}
	return 0
}

// madeUp reports whether a folder is on a filesystem that the kernel makes up.
func madeUp(d *os.File) bool {
	var f unix.Statfs_t
	if unix.Fstatfs(int(d.Fd()), &f) != nil {
		return false
	}
	return slices.Contains([]int64{unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC,
		unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.SECURITYFS_MAGIC, unix.BPF_FS_MAGIC,
		unix.DEVPTS_SUPER_MAGIC, unix.PSTOREFS_MAGIC, unix.SELINUX_MAGIC, unix.EFIVARFS_MAGIC}, int64(f.Type))
}
