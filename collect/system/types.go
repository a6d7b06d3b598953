package system

import (
	"github.com/hozen-dfir/hozen/collect/process/procfs"
	"github.com/hozen-dfir/hozen/evidence"
)

// Host is what the host says it is.
type Host struct {
	Format     string            `json:"format"` // hozen-host/1
	Read       evidence.Time     `json:"read"`
	Hostname   string            `json:"hostname"`
	Domain     string            `json:"domain,omitempty"` // NIS
	MachineID  string            `json:"machine_id,omitempty"`
	BootID     string            `json:"boot_id,omitempty"`
	Product    map[string]string `json:"product,omitempty"`    // names as in /sys/class/dmi/id
	OSRelease  map[string]string `json:"os_release,omitempty"` // os-release(5)
	Kernel     Kernel            `json:"kernel"`
	Boot       evidence.Time     `json:"boot"`           // by the wall clock of the moment of reading
	Uptime     string            `json:"uptime_seconds"` // with suspend
	Clock      Clock             `json:"clock"`
	Zone       Zone              `json:"time_zone"`
	CPUs       int               `json:"cpus"`
	CPUModel   string            `json:"cpu_model,omitempty"`
	Memory     map[string]string `json:"memory,omitempty"` // bytes
	Swaps      []Swap            `json:"swaps,omitempty"`
	LSM        []string          `json:"security_modules,omitempty"`
	Lockdown   string            `json:"lockdown,omitempty"`
	SecureBoot string            `json:"secure_boot,omitempty"` // on, off
	Errors     []string          `json:"errors,omitempty"`
}

// Kernel describes the running kernel.
type Kernel struct {
	Name      string   `json:"name"`
	Release   string   `json:"release"`
	Version   string   `json:"version"`
	Machine   string   `json:"machine"`
	CmdLine   string   `json:"command_line,omitempty"`
	Tainted   string   `json:"tainted,omitempty"` // decimal mask
	TaintedBy []string `json:"tainted_by,omitempty"`
}

// Clock is what is known of the system clock.
type Clock struct {
	System       evidence.Time `json:"system"`
	Source       string        `json:"source,omitempty"`
	Synchronized bool          `json:"synchronized"` // as a time daemon told the kernel
	State        string        `json:"state"`        // ok, insert, delete, oop, wait, error
	Status       string        `json:"status"`       // hex, STA_… of adjtimex(2)
	OffsetNS     string        `json:"offset_ns"`    // still to be corrected
	MaxErrorUS   string        `json:"max_error_us"`
	EstErrorUS   string        `json:"estimated_error_us"`
	FreqPPM      string        `json:"frequency_ppm"`
	TAI          int           `json:"tai_offset_seconds"`
	RTC          []RTC         `json:"hardware_clocks,omitempty"`
}

// RTC is one hardware clock.
type RTC struct {
	Name   string        `json:"name"`
	Time   evidence.Time `json:"time,omitzero"` // as it stands, read as UTC
	System evidence.Time `json:"system"`        // the system clock at that moment
	SetsUp bool          `json:"sets_system_clock,omitempty"`
}

// Zone is the host's time zone.
type Zone struct {
	Link   string `json:"link,omitempty"` // target of /etc/localtime
	Name   string `json:"name,omitempty"` // e.g. Europe/Berlin
	Abbrev string `json:"abbreviation,omitempty"`
	Offset int    `json:"offset_seconds"` // east of UTC, now
}

// Swap is one swap area.
type Swap struct {
	Path     string `json:"path"`
	Type     string `json:"type"`
	Size     string `json:"size_kib"`
	Used     string `json:"used_kib"`
	Priority string `json:"priority"`
}

// Login is a user who is logged in, or another record of the login accounts.
type Login struct {
	Format  string        `json:"format"` // hozen-login/1
	View    string        `json:"view"`   // utmp or logind
	Type    string        `json:"type"`   // utmp: boot, runlevel, init, login, user, dead …; logind: tty, x11, unspecified …
	User    string        `json:"user,omitempty"`
	UserB64 string        `json:"user_b64,omitempty"`
	UID     string        `json:"uid,omitempty"`
	Line    string        `json:"line,omitempty"` // terminal
	ID      string        `json:"id,omitempty"`
	Host    string        `json:"host,omitempty"` // from where
	HostB64 string        `json:"host_b64,omitempty"`
	Address string        `json:"address,omitempty"`
	PID     int           `json:"pid,omitempty"`
	Session string        `json:"session,omitempty"`
	Time    evidence.Time `json:"time,omitzero"`
	Service string        `json:"service,omitempty"` // of logind: sshd, login …
	State   string        `json:"state,omitempty"`
}

// Module is one kernel module.
type Module struct {
	Format string `json:"format"` // hozen-module/1
	procfs.Module
	SrcVersion string   `json:"src_version,omitempty"`
	Version    string   `json:"version,omitempty"`
	Views      []string `json:"views"` // proc, sysfs
}

// Mount is one mount of the collector's namespace.
type Mount struct {
	Format      string `json:"format"` // hozen-mount/1
	ID          int    `json:"id"`
	Parent      int    `json:"parent"`
	Dev         string `json:"dev"`
	Root        string `json:"root"`
	RootB64     string `json:"root_b64,omitempty"`
	Point       string `json:"mount_point"`
	PointB64    string `json:"mount_point_b64,omitempty"`
	Options     string `json:"options"`
	Propagation string `json:"propagation,omitempty"`
	Type        string `json:"type"`
	Device      string `json:"device"`
	DeviceB64   string `json:"device_b64,omitempty"`
	SuperOpts   string `json:"super_options"`
}

// Setting is one value of /proc/sys.
type Setting struct {
	Format   string `json:"format"` // hozen-setting/1
	Name     string `json:"name"`   // below /proc/sys
	Value    string `json:"value"`
	ValueB64 string `json:"value_b64,omitempty"`
	Error    string `json:"error,omitempty"`
}
