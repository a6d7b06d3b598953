package procfs

import (
	"strings"
)

// Limit is one resource limit; values are numbers or "unlimited".
type Limit struct {
	Name  string `json:"name"`
	Soft  string `json:"soft"`
	Hard  string `json:"hard"`
	Units string `json:"units,omitempty"`
}

// nameWidth is the width of the first column of /proc/<pid>/limits (fs/proc/base.c).
const nameWidth = 25

// ParseLimits decodes /proc/<pid>/limits.
func ParseLimits(b []byte) []Limit {
	var out []Limit
	for line := range strings.Lines(string(b)) {
		if len(line) < nameWidth || strings.HasPrefix(line, "Limit ") || len(out) >= 64 {
			continue
		}
		f := strings.Fields(line[nameWidth:])
		if len(f) < 2 {
			continue
		}
		l := Limit{Name: strings.TrimSpace(line[:nameWidth]), Soft: f[0], Hard: f[1]}
		if len(f) > 2 {
			l.Units = f[2]
		}
		out = append(out, l)
	}
	return out
}
