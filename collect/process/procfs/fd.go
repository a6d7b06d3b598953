package procfs

import (
	"strconv"
	"strings"
)

// FDInfo is what /proc/<pid>/fdinfo/<fd> says of an open file.
type FDInfo struct {
	Pos   string            `json:"pos,omitempty"`   // decimal
	Flags string            `json:"flags,omitempty"` // octal, as the kernel prints them
	MntID string            `json:"mnt_id,omitempty"`
	More  map[string]string `json:"more,omitempty"` // what the kind of file adds: eventfd-count, inotify …
}

// ParseFDInfo decodes an fdinfo file; at most 16 further lines are kept.
func ParseFDInfo(b []byte) FDInfo {
	var d FDInfo
	for line := range strings.Lines(string(b)) {
		key, val, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		if !ok {
			key, val, ok = strings.Cut(strings.TrimSuffix(line, "\n"), " ") // "inotify wd:1 ino:…"
		}
		val = strings.TrimSpace(val)
		switch {
		case !ok:
		case key == "pos":
			d.Pos = val
		case key == "flags":
			d.Flags = val
		case key == "mnt_id":
			d.MntID = val
		case key == "ino", len(d.More) >= 16, len(line) > 1024:
		default:
			if d.More == nil {
				d.More = map[string]string{}
			}
			if _, dup := d.More[key]; !dup {
				d.More[key] = val
			}
		}
	}
	return d
}

// FDKind sorts an open file's link target: "socket", "pipe", "anon" or "file",
// with the inode of sockets and pipes.
func FDKind(target string) (kind string, inode uint64) {
	for _, k := range []string{"socket", "pipe"} {
		rest, ok := strings.CutPrefix(target, k+":[")
		if !ok {
			continue
		}
		v, err := strconv.ParseUint(strings.TrimSuffix(rest, "]"), 10, 64)
		if err == nil && strings.HasSuffix(rest, "]") {
			return k, v
		}
	}
	if strings.HasPrefix(target, "anon_inode:") {
		return "anon", 0
	}
	return "file", 0
}

// NSInode returns the inode of a namespace link such as "net:[4026531840]".
func NSInode(target string) string {
	_, rest, ok := strings.Cut(target, ":[")
	id, closed := strings.CutSuffix(rest, "]")
	if !ok || !closed {
		return ""
	}
	if _, err := strconv.ParseUint(id, 10, 64); err != nil {
		return ""
	}
	return id
}
