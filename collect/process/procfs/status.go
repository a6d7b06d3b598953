package procfs

import (
	"strconv"
	"strings"
)

// maxStatusKeys bounds the keys kept of one status file; kernels have about 60.
const maxStatusKeys = 256

// Status holds the lines of /proc/<pid>/status by key. The first of two equal
// keys counts: the kernel writes the name of the process first and escapes
// newlines in it, so no name can forge a later line.
type Status map[string]string

// ParseStatus decodes /proc/<pid>/status; lines of another shape are left out.
func ParseStatus(b []byte) Status {
	s := Status{}
	for line := range strings.Lines(string(b)) {
		key, val, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		if _, dup := s[key]; !ok || dup || len(s) >= maxStatusKeys {
			continue
		}
		s[key] = strings.Trim(val, "\t ")
	}
	return s
}

// Int returns the first number of a line, and whether there is one.
func (s Status) Int(key string) (int, bool) {
	f := strings.Fields(s[key])
	if len(f) == 0 {
		return 0, false
	}
	v, err := strconv.Atoi(f[0])
	return v, err == nil
}

// IDs returns the numbers of a line such as Uid, Gid, Groups or NSpid.
func (s Status) IDs(key string) []uint32 {
	var out []uint32
	for _, f := range strings.Fields(s[key]) {
		if v, err := strconv.ParseUint(f, 10, 32); err == nil {
			out = append(out, uint32(v))
		}
	}
	return out
}
