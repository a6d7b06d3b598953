package live

import (
	"path"

	"golang.org/x/sys/unix"
)

// magics names, as mountinfo does, the filesystems that a walk doesn't enter by
// what statfs(2) says of them (include/uapi/linux/magic.h, and the filesystem's
// own sources).
var magics = map[int64]string{
	unix.PROC_SUPER_MAGIC: "proc", unix.SYSFS_MAGIC: "sysfs", unix.CGROUP_SUPER_MAGIC: "cgroup", unix.CGROUP2_SUPER_MAGIC: "cgroup2",
	unix.DEBUGFS_MAGIC: "debugfs", unix.TRACEFS_MAGIC: "tracefs", unix.SECURITYFS_MAGIC: "securityfs", unix.SELINUX_MAGIC: "selinuxfs",
	unix.SMACK_MAGIC: "smackfs", unix.BPF_FS_MAGIC: "bpf", unix.PSTOREFS_MAGIC: "pstore", unix.EFIVARFS_MAGIC: "efivarfs",
	unix.HUGETLBFS_MAGIC: "hugetlbfs", unix.BINFMTFS_MAGIC: "binfmt_misc", unix.DEVPTS_SUPER_MAGIC: "devpts", unix.NSFS_MAGIC: "nsfs",
	0x62656570: "configfs", 0x65735543: "fusectl", 0x19800202: "mqueue", 0x67596969: "rpc_pipefs",
	unix.NFS_SUPER_MAGIC: "nfs", unix.CIFS_SUPER_MAGIC: "cifs", unix.SMB_SUPER_MAGIC: "smbfs", unix.SMB2_SUPER_MAGIC: "smb3",
	unix.V9FS_MAGIC: "9p", unix.CEPH_SUPER_MAGIC: "ceph", unix.AFS_SUPER_MAGIC: "afs", unix.CODA_SUPER_MAGIC: "coda", unix.NCP_SUPER_MAGIC: "ncpfs",
	unix.FUSE_SUPER_MAGIC: "fuse", unix.OVERLAYFS_SUPER_MAGIC: "overlay", unix.AUTOFS_SUPER_MAGIC: "autofs",
}

// unlisted is crossing where no list of mounts can be had, for /proc is not
// there: a folder on another device than the one that holds it is the top of a
// mount, and the kernel says of which kind. A bind mount shows in no such way.
func (t *tree) unlisted(name string) string {
	dev, kind := t.lies(name)
	if up, _ := t.lies(path.Dir(name)); kind == "" || dev == up {
		return ""
	}
	return crossing([]mount{{dev: dev, root: "/", point: name, fstype: kind}}, 0)
}

// lies returns the device that something lies on, and the kind of its
// filesystem where it is one that is not entered.
func (t *tree) lies(name string) (dev, kind string) {
	parent, last, err := t.at(name)
	if err != nil {
		return "", ""
	}
	defer t.dirs.put(parent)
	fd, err := openat(parent.fd, last, pathFlag)
	if err != nil {
		return "", ""
	}
	defer unix.Close(fd)
	x, err := statx(fd)
	var fs unix.Statfs_t
	if err != nil || unix.Fstatfs(fd, &fs) != nil {
		return "", ""
	}
	return device(x.Dev_major, x.Dev_minor), magics[int64(fs.Type)&0xffffffff]
}
