package procfs

import (
	"strconv"
	"strings"
)

// maxMounts bounds the mounts kept; the kernel's default limit is 100,000.
const maxMounts = 200_000

// Mount is one line of /proc/<pid>/mountinfo, with its octal escapes undone.
type Mount struct {
	ID, Parent  int
	Dev         string // major:minor
	Root        string // the folder of the file system that is mounted
	Point       string // where, relative to the process's root
	Options     string
	Propagation string // shared:1 master:2 …
	FSType      string
	Device      string // "source" in proc(5)
	SuperOpts   string
}

// ParseMounts decodes mountinfo; lines of another shape are counted in bad.
func ParseMounts(b []byte) (out []Mount, bad int) {
	for line := range strings.Lines(string(b)) {
		m, ok := parseMount(strings.TrimSuffix(line, "\n"))
		if !ok || len(out) >= maxMounts {
			bad++
			continue
		}
		out = append(out, m)
	}
	return out, bad
}

func parseMount(line string) (Mount, bool) {
	f := strings.Split(line, " ")
	sep := -1
	for i := 6; i < len(f); i++ {
		if f[i] == "-" {
			sep = i
			break
		}
	}
	if sep < 0 || len(f) < sep+4 {
		return Mount{}, false
	}
	id, err1 := strconv.Atoi(f[0])
	parent, err2 := strconv.Atoi(f[1])
	return Mount{
		ID: id, Parent: parent, Dev: f[2], Root: Unescape(f[3]), Point: Unescape(f[4]), Options: f[5],
		Propagation: strings.Join(f[6:sep], " "), FSType: Unescape(f[sep+1]),
		Device: Unescape(f[sep+2]), SuperOpts: f[sep+3],
	}, err1 == nil && err2 == nil
}

// Unescape undoes the \ooo escapes that the kernel writes for blanks, tabs,
// newlines and backslashes.
func Unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(v))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Remote reports whether reading from a file system of this type may depend on
// another host or on a program, and so may never end.
func Remote(fstype string) bool {
	switch fstype {
	case "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "9p", "ncpfs", "coda", "glusterfs", "lustre", "gfs2", "ocfs2":
		return true
	}
	return fstype == "fuse" || strings.HasPrefix(fstype, "fuse.")
}
