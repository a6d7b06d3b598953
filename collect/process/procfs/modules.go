package procfs

import (
	"strconv"
	"strings"
)

// maxModules bounds the kernel modules kept of one list.
const maxModules = 1 << 16

// Module is one line of /proc/modules.
type Module struct {
	Name    string   `json:"name"`
	Size    uint64   `json:"size,string"` // bytes
	Refs    int      `json:"refs"`        // -1 where the kernel doesn't count
	UsedBy  []string `json:"used_by,omitempty"`
	State   string   `json:"state"`             // Live, Loading, Unloading
	Address string   `json:"address,omitempty"` // hex; zero without the right to see it
	Taints  string   `json:"taints,omitempty"`  // letters: O out of tree, E unsigned, P proprietary …
}

// ParseModules decodes /proc/modules; lines of another shape are counted in bad.
func ParseModules(b []byte) (out []Module, bad int) {
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 6 || len(out) >= maxModules {
			bad++
			continue
		}
		size, err := strconv.ParseUint(f[1], 10, 64)
		refs, err2 := strconv.Atoi(f[2])
		if f[2] == "-" {
			refs, err2 = -1, nil
		}
		if err != nil || err2 != nil {
			bad++
			continue
		}
		m := Module{Name: strings.ToValidUTF8(f[0], "\uFFFD"), Size: size, Refs: refs, State: f[4], Address: f[5]}
		for u := range strings.SplitSeq(f[3], ",") {
			if u != "" && u != "-" {
				m.UsedBy = append(m.UsedBy, strings.ToValidUTF8(u, "\uFFFD"))
			}
		}
		if len(f) > 6 {
			m.Taints = strings.Trim(f[6], "()")
		}
		out = append(out, m)
	}
	return out, bad
}

// taints are the bits of /proc/sys/kernel/tainted
// (Documentation/admin-guide/tainted-kernels.rst).
var taints = [...]string{
	"proprietary module", "module loaded by force", "out of specification", "module unloaded by force", "machine check",
	"bad page", "set by user space", "kernel died", "ACPI table overridden", "warning", "staging driver",
	"firmware workaround", "out-of-tree module", "unsigned module", "soft lockup", "live patch", "auxiliary", "structure randomised", "test",
}

// Taints names the bits of a taint mask.
func Taints(mask uint64) []string {
	var out []string
	for i := range 64 {
		switch {
		case mask>>i&1 == 0:
		case i < len(taints):
			out = append(out, taints[i])
		default:
			out = append(out, "bit "+strconv.Itoa(i))
		}
	}
	return out
}
