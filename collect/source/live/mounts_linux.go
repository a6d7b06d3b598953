package live

import (
	"bufio"
	"io"
	"slices"
	"strings"

	"github.com/hozen-dfir/hozen/collect/source"
)

// mount is one line of /proc/self/mountinfo (proc(5)).
type mount struct {
	dev    string // major:minor
	root   string // path within the filesystem that is mounted
	point  string
	fstype string
	source string
	direct bool // an automount point that opening it mounts (autofs(5))
}

// parseMounts reads mountinfo; lines it can't read are left out.
func parseMounts(r io.Reader) []mount {
	var out []mount
	sc := bufio.NewScanner(io.LimitReader(r, mountsMax))
	sc.Buffer(make([]byte, 0, 64<<10), 1<<20)
	for sc.Scan() {
		f := strings.Split(sc.Text(), " ")
		dash := 6 // optional fields end with a single hyphen
		for dash < len(f) && f[dash] != "-" {
			dash++
		}
		if len(f) < 10 || dash+2 >= len(f) {
			continue
		}
		out = append(out, mount{
			dev: f[2], root: unescape(f[3]), point: unescape(f[4]),
			fstype: f[dash+1], source: unescape(f[dash+2]),
			direct: f[dash+1] == "autofs" && dash+3 < len(f) && slices.Contains(strings.Split(f[dash+3], ","), "direct"),
		})
	}
	return out
}

// unescape undoes the kernel's octal escapes of space, tab, newline and
// backslash (mangle_path in fs/seq_file.c).
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && isOctal(s[i+1:i+4]) {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func isOctal(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '7' {
			return false
		}
	}
	return true
}

// Filesystems that a walk doesn't enter by itself. Names as the kernel and
// FUSE report them.
const (
	networkTypes = " nfs nfs4 cifs smb3 smbfs 9p ceph afs coda ncpfs lustre gfs2 ocfs2 beegfs gpfs pvfs2 orangefs vboxsf vmhgfs prl_fs virtiofs "
	pseudoTypes  = " proc sysfs cgroup cgroup2 debugfs tracefs securityfs selinuxfs smackfs bpf pstore efivarfs configfs fusectl mqueue hugetlbfs binfmt_misc rpc_pipefs nfsd devpts resctrl nsfs binder functionfs "
)

// crossing says why the mount at index i must not be entered, or "".
func crossing(all []mount, i int) string {
	m := all[i]
	has := func(list string) bool { return strings.Contains(list, " "+m.fstype+" ") }
	switch {
	case m.direct:
		return source.DirectAutomount + m.fstype
	case m.fstype == "autofs":
		return source.Automount + m.fstype
	case has(networkTypes):
		return source.Network + m.fstype
	case has(pseudoTypes):
		return "pseudo filesystem " + m.fstype
	case m.fstype == "fuse" || strings.HasPrefix(m.fstype, "fuse."):
		return source.FUSE + m.fstype
	case m.fstype == "overlay" || m.fstype == "overlayfs" || m.fstype == "aufs":
		return "merged view " + m.fstype
	case strings.HasPrefix(m.source, "/dev/loop"):
		return "loop mount " + m.fstype
	}
	if other := alsoAt(all, i); other != "" {
		return source.Bind + other
	}
	return ""
}

// alsoAt returns an earlier mount that already shows what mount i shows: the
// same filesystem, from the same folder or one above it.
func alsoAt(all []mount, i int) string {
	m := all[i]
	for j, o := range all {
		if j == i || o.dev != m.dev || !within(m.root, o.root) {
			continue
		}
		if o.root == m.root && j > i {
			continue // the first of equals is the one to walk
		}
		if within(o.point, m.point) || !shows(all, j, m.root) {
			continue
		}
		return o.point
	}
	return ""
}

// shows reports whether the folder root of a filesystem can be reached through
// mount i, which holds it: whether no other mount lies over it or on the way.
func shows(all []mount, i int, root string) bool {
	o := all[i]
	path := o.point
	if root != o.root {
		path = strings.TrimSuffix(path, "/") + "/" + strings.TrimPrefix(root[len(o.root):], "/")
	}
	for j, c := range all {
		deeper := len(c.point) > len(o.point) || j > i && c.point != "/"
		if j != i && deeper && within(path, c.point) {
			return false
		}
	}
	return true
}

// within reports whether path is base or lies below it, component by component.
func within(path, base string) bool {
	return base == "/" || path == base ||
		len(path) > len(base) && path[len(base)] == '/' && path[:len(base)] == base
}

// below turns mount points into paths of a tree whose top is the folder base,
// and leaves out those outside it.
func below(all []mount, base string) []mount {
	if base == "/" {
		return all
	}
	var out []mount
	for _, m := range all {
		if !within(m.point, base) {
			continue
		}
		if m.point = m.point[len(base):]; m.point == "" {
			m.point = "/"
		}
		out = append(out, m)
	}
	return out
}
