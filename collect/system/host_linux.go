package system

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect/process/procfs"
	"github.com/hozen-dfir/hozen/evidence"
)

// dmiNames are the files of /sys/class/dmi/id; some only root may read.
var dmiNames = []string{
	"sys_vendor", "product_name", "product_version", "product_serial", "product_uuid", "product_sku", "board_vendor", "board_name",
	"board_serial", "chassis_vendor", "chassis_type", "chassis_serial", "chassis_asset_tag", "bios_vendor", "bios_version", "bios_date",
}

// host writes what the host says it is.
func (r *run) host(ctx context.Context) error {
	h := Host{
		Format: "hozen-host/1", Read: evidence.At(time.Now()), MachineID: r.word("etc/machine-id"),
		BootID: r.word("proc/sys/kernel/random/boot_id"), CPUs: runtime.NumCPU(), Lockdown: r.word("sys/kernel/security/lockdown"),
		Product: map[string]string{}, Memory: map[string]string{},
	}
	for _, n := range dmiNames {
		if v := r.word("sys/class/dmi/id/" + n); v != "" {
			h.Product[n] = v
		}
	}
	if v := r.word("sys/kernel/security/lsm"); v != "" {
		h.LSM = strings.Split(v, ",")
	}
	for _, p := range []string{"etc/os-release", "usr/lib/os-release"} {
		if b, _, err := procfs.ReadRegular(r.path(p), procfs.MaxSmall); err == nil {
			h.OSRelease = parseEnv(b)
			break
		}
	}
	r.secureBoot(&h)
	r.kernel(&h)
	r.clock(&h)
	r.zone(&h)
	r.machine(&h)
	return r.JSON(ctx, "/system/host.json", "os", h)
}

func (h *Host) note(what string, err error) {
	if err != nil && len(h.Errors) < 64 {
		h.Errors = append(h.Errors, text(what+": "+err.Error()))
	}
}

func (r *run) kernel(h *Host) {
	var u unix.Utsname
	h.note("uname", unix.Uname(&u))
	str := func(b []byte) string { return text(zeroEnd(b)) }
	h.Hostname, h.Domain = str(u.Nodename[:]), str(u.Domainname[:])
	if h.Domain == "(none)" {
		h.Domain = ""
	}
	h.Kernel = Kernel{Name: str(u.Sysname[:]), Release: str(u.Release[:]), Version: str(u.Version[:]), Machine: str(u.Machine[:])}
	h.Kernel.CmdLine, h.Kernel.Tainted = r.word("proc/cmdline"), r.word("proc/sys/kernel/tainted")
	if mask, err := strconv.ParseUint(h.Kernel.Tainted, 10, 64); err == nil {
		h.Kernel.TaintedBy = procfs.Taints(mask)
	}
}

// secureBoot reads the EFI variable: four bytes of attributes, one of value.
func (r *run) secureBoot(h *Host) {
	b, _, err := procfs.ReadRegular(r.path("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"), 16)
	if err == nil && len(b) >= 5 {
		h.SecureBoot = map[bool]string{true: "on", false: "off"}[b[4] == 1]
	}
}

// clockStates are the results of adjtimex(2).
var clockStates = []string{"ok", "insert", "delete", "oop", "wait", "error"}

// Status bits of adjtimex(2).
const (
	staUnsync = 0x0040
	staNano   = 0x2000
)

func (r *run) clock(h *Host) {
	c, err := procfs.ReadClock()
	h.note("clock", err)
	h.Boot = evidence.At(c.Boot)
	h.Uptime = strconv.FormatFloat(time.Since(c.Boot).Seconds(), 'f', 2, 64)
	k := &h.Clock
	k.Source = r.word("sys/devices/system/clocksource/clocksource0/current_clocksource")
	var t unix.Timex // modes 0: only asks
	state, err := unix.Adjtimex(&t)
	h.note("adjtimex", err)
	k.System = evidence.At(time.Now())
	if err == nil {
		k.State = strconv.Itoa(state)
		if state >= 0 && state < len(clockStates) {
			k.State = clockStates[state]
		}
		k.Synchronized = t.Status&staUnsync == 0
		offset := int64(t.Offset)
		if t.Status&staNano == 0 {
			offset *= 1000
		}
		k.Status, k.OffsetNS = fmt.Sprintf("0x%x", t.Status), strconv.FormatInt(offset, 10)
		k.MaxErrorUS, k.EstErrorUS = strconv.FormatInt(int64(t.Maxerror), 10), strconv.FormatInt(int64(t.Esterror), 10)
		k.FreqPPM = strconv.FormatFloat(float64(t.Freq)/65536, 'f', 3, 64) // scaled by 2^16
		k.TAI = int(t.Tai)
	}
	for i := range 8 {
		dir := "sys/class/rtc/rtc" + strconv.Itoa(i) + "/"
		sec, err := strconv.ParseInt(r.word(dir+"since_epoch"), 10, 64)
		if err != nil {
			continue
		}
		k.RTC = append(k.RTC, RTC{Name: r.word(dir + "name"), Time: evidence.At(time.Unix(sec, 0)), System: evidence.At(time.Now()),
			SetsUp: r.word(dir+"hctosys") == "1"})
	}
}

// maxZone bounds a time zone file; the longest known are 4 KiB.
const maxZone = 1 << 20

func (r *run) zone(h *Host) {
	link, err := os.Readlink(r.path("etc/localtime"))
	z := &h.Zone
	if err == nil {
		z.Link = text(link)
	}
	if _, name, ok := strings.Cut(z.Link, "zoneinfo/"); ok {
		z.Name = name
	} else {
		z.Name = r.word("etc/timezone")
	}
	b, _, err := procfs.ReadRegular(r.path("etc/localtime"), maxZone)
	if err != nil { // without the file the C library takes UTC
		z.Abbrev = "UTC"
		return
	}
	loc, err := time.LoadLocationFromTZData("local", b)
	if err != nil {
		h.note("/etc/localtime", err)
		return
	}
	z.Abbrev, z.Offset = time.Now().In(loc).Zone()
}

// machine reads processors, memory and swap.
func (r *run) machine(h *Host) {
	b, _, _ := r.proc.Read("cpuinfo", procfs.MaxSmall)
	for line := range strings.Lines(string(b)) {
		if key, val, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			h.CPUModel = text(strings.TrimSpace(val))
			break
		}
	}
	b, _, _ = r.proc.Read("meminfo", procfs.MaxSmall)
	for key, val := range procfs.ParseStatus(b) {
		switch key {
		case "MemTotal", "MemFree", "MemAvailable", "SwapTotal", "SwapFree", "Shmem":
			if kib, err := strconv.ParseUint(strings.TrimSuffix(val, " kB"), 10, 50); err == nil {
				h.Memory[key] = strconv.FormatUint(kib<<10, 10)
			}
		}
	}
	b, _, _ = r.proc.Read("swaps", procfs.MaxSmall)
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) == 5 && f[0] != "Filename" && len(h.Swaps) < 64 {
			h.Swaps = append(h.Swaps, Swap{Path: text(procfs.Unescape(f[0])), Type: f[1], Size: f[2], Used: f[3], Priority: f[4]})
		}
	}
}
