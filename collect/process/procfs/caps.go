package procfs

import (
	"strconv"
)

// capNames are the capabilities by number (linux/capability.h, up to 6.18).
var capNames = [...]string{
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid",
	"setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw",
	"ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
	"sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod",
	"lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
	"wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
}

// Capabilities is one capability set: the mask as the kernel prints it, and the
// names of its bits.
type Capabilities struct {
	Raw   string   `json:"raw"` // 16 hex digits
	Names []string `json:"names,omitempty"`
}

// ParseCapabilities decodes the value of a Cap… line. A bit without a name is
// given as its number.
func ParseCapabilities(hex string) (Capabilities, error) {
	v, err := strconv.ParseUint(hex, 16, 64)
	if err != nil {
		return Capabilities{Raw: hex}, err
	}
	c := Capabilities{Raw: hex}
	for i := range 64 {
		switch {
		case v>>i&1 == 0:
		case i < len(capNames):
			c.Names = append(c.Names, "cap_"+capNames[i])
		default:
			c.Names = append(c.Names, "cap_"+strconv.Itoa(i))
		}
	}
	return c, nil
}
