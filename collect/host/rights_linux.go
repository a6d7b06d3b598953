package host

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// wanted are the capabilities that a collection is incomplete without
// (capabilities(7)).
var wanted = []struct {
	bit       uint
	name, why string
}{
	{unix.CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", "other users' files and folders can't be read"},
	{unix.CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "other users' processes are seen in part only: no environment, maps or open files"},
	{unix.CAP_NET_RAW, "CAP_NET_RAW", "packets can't be captured"},
	{unix.CAP_NET_ADMIN, "CAP_NET_ADMIN", "some network state can't be read"},
	{unix.CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "trusted extended attributes can't be read"},
}

// MissingRights lists what this process lacks that a collection is incomplete
// without.
func MissingRights() []Right {
	effective, err := strconv.ParseUint(fields("/proc/self/status")["CapEff"], 16, 64)
	if err != nil {
		if os.Geteuid() == 0 {
			return nil
		}
		return []Right{{"root", "other users' files and processes can't be read"}}
	}
	var out []Right
	for _, w := range wanted {
		// CAP_DAC_OVERRIDE holds all that CAP_DAC_READ_SEARCH gives, for reading.
		has := effective&(1<<w.bit) != 0 || w.bit == unix.CAP_DAC_READ_SEARCH && effective&(1<<unix.CAP_DAC_OVERRIDE) != 0
		if !has {
			out = append(out, Right{w.name, w.why})
		}
	}
	return out
}

// fsNames are the magic numbers of common filesystems (statfs(2)).
var fsNames = map[int64]string{
	unix.EXT4_SUPER_MAGIC: "ext", unix.XFS_SUPER_MAGIC: "xfs", unix.BTRFS_SUPER_MAGIC: "btrfs", unix.TMPFS_MAGIC: "tmpfs",
	unix.OVERLAYFS_SUPER_MAGIC: "overlay", unix.NFS_SUPER_MAGIC: "nfs", unix.CIFS_SUPER_MAGIC: "cifs", unix.SMB2_SUPER_MAGIC: "smb2",
	unix.MSDOS_SUPER_MAGIC: "vfat", unix.FUSE_SUPER_MAGIC: "fuse", unix.EXFAT_SUPER_MAGIC: "exfat", unix.F2FS_SUPER_MAGIC: "f2fs",
}

// Free says how much room there is at a folder, in bytes and in files that can
// still be made, and the kind of filesystem; -1 and "" where not known.
func Free(dir string) (bytes, files int64, kind string) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return -1, -1, ""
	}
	files = int64(s.Ffree)
	if s.Files == 0 { // filesystems without a fixed number of inodes
		files = -1
	}
	block := int64(s.Frsize) // as statvfs(3) counts
	if block == 0 {
		block = int64(s.Bsize)
	}
	return int64(s.Bavail) * block, files, fsNames[int64(s.Type)]
}
