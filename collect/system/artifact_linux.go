package system

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/process/emit"
	"github.com/hozen-dfir/hozen/collect/process/procfs"
	"github.com/hozen-dfir/hozen/evidence"
)

// run is one collection.
type run struct {
	*emit.Emitter
	root string
	proc procfs.FS
}

// rawFiles are the files of /proc that are kept as they are.
var rawFiles = map[string]string{
	"modules": "modules", "mountinfo": "self/mountinfo", "cmdline": "cmdline", "version": "version", "cpuinfo": "cpuinfo",
	"meminfo": "meminfo", "swaps": "swaps", "partitions": "partitions", "filesystems": "filesystems", "devices": "devices",
	"stat": "stat", "uptime": "uptime", "loadavg": "loadavg", "consoles": "consoles", "cgroups": "cgroups", "keys": "keys",
	"interrupts": "interrupts", "iomem": "iomem", "locks": "locks",
}

// Collect implements collect.Artifact.
func (a *artifact) Collect(ctx context.Context, src collect.Source, sink evidence.Sink) error {
	r := &run{Emitter: emit.New(src, sink, Name), root: a.root, proc: procfs.FS{Dir: filepath.Join(a.root, "proc")}}
	for _, step := range []func(context.Context) error{r.users, r.host, r.modules, r.mounts, r.settings, r.preload, r.raw} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) path(name string) string { return filepath.Join(r.root, name) }

// word returns the first line of a small file, "" where there is none.
func (r *run) word(name string) string {
	b, _, _ := procfs.ReadRegular(r.path(name), procfs.MaxSmall)
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.ToValidUTF8(strings.TrimSpace(line), "\uFFFD")
}

// raw keeps files of /proc; one that the kernel doesn't have is left out.
func (r *run) raw(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(rawFiles)) {
		from := rawFiles[name]
		h, err := procfs.OpenRegular(r.proc.Path(from))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			err = r.Outcome(ctx, "/system/raw/"+name, "procfs", err, nil)
		} else {
			err = r.Copy(ctx, "/system/raw/"+name, "procfs", h, procfs.MaxTable)
			_ = h.Close()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// maxSessions bounds the sessions of logind.
const maxSessions = 4096

// users writes who is logged in.
func (r *run) users(ctx context.Context) error {
	l, err := r.Lines(ctx, "/system/users.jsonl", "os")
	if err != nil {
		return err
	}
	var all []Login
	var cause error
	b, more, err := procfs.ReadRegular(r.path("run/utmp"), procfs.MaxTable)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		cause = err
	}
	list, bad := parseUtmp(b, layoutOf(runtime.GOARCH))
	if all = list; bad > 0 || more {
		cause = errors.Join(cause, errors.New("utmp ends in the middle of a record or is too long"))
	}
	dir := r.path("run/systemd/sessions")
	d, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY, 0) // which waits for no writer
	if err == nil {
		names, _ := d.Readdirnames(2 * maxSessions)
		_ = d.Close()
		for _, n := range names {
			if strings.HasSuffix(n, ".ref") || strings.HasPrefix(n, ".") {
				continue
			}
			b, _, err := procfs.ReadRegular(filepath.Join(dir, n), procfs.MaxSmall)
			if err == nil && len(all) < maxLogins+maxSessions {
				id, _ := evidence.Text(n)
				all = append(all, parseSession(id, b))
			}
		}
	}
	for _, u := range all {
		if err := l.Put(u); err != nil {
			return errors.Join(err, l.Close(ctx, nil, err))
		}
	}
	return l.Close(ctx, nil, cause)
}

// mounts writes what is mounted.
func (r *run) mounts(ctx context.Context) error {
	l, err := r.Lines(ctx, "/system/mounts.jsonl", "procfs")
	if err != nil {
		return err
	}
	b, more, cause := r.proc.Read("self/mountinfo", procfs.MaxTable)
	list, bad := procfs.ParseMounts(b)
	if bad > 0 || more {
		cause = errors.Join(cause, fmt.Errorf("%d lines of mountinfo could not be read", bad))
	}
	for _, m := range list {
		o := Mount{Format: "hozen-mount/1", ID: m.ID, Parent: m.Parent, Dev: m.Dev, Options: text(m.Options), Propagation: text(m.Propagation),
			Type: text(m.FSType), SuperOpts: text(m.SuperOpts)}
		o.Root, o.RootB64 = evidence.Text(m.Root)
		o.Point, o.PointB64 = evidence.Text(m.Point)
		o.Device, o.DeviceB64 = evidence.Text(m.Device)
		if err := l.Put(o); err != nil {
			return errors.Join(err, l.Close(ctx, nil, err))
		}
	}
	return l.Close(ctx, nil, cause)
}

func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// preload notices libraries that are loaded into every program (ld.so(8)).
func (r *run) preload(ctx context.Context) error {
	const path = "/etc/ld.so.preload"
	b, _, err := procfs.ReadRegular(r.path(path), procfs.MaxSmall)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return r.Observe(ctx, "preload-file", path+" is there but can't be read", path, map[string]string{"error": err.Error()})
	}
	libs := preloaded(string(b))
	if len(libs) == 0 {
		return nil
	}
	return r.Observe(ctx, "preload-file", path+" has libraries loaded into every program", path,
		map[string]string{"libraries": strings.Join(libs, "\n")})
}

// preloaded returns the libraries of an ld.so.preload file: names apart by
// blanks or colons; "#" begins a comment.
func preloaded(s string) (out []string) {
	for line := range strings.Lines(s) {
		line, _, _ = strings.Cut(line, "#")
		out = append(out, strings.FieldsFunc(line, func(c rune) bool { return strings.ContainsRune(" \t\r\n:", c) })...)
	}
	return out
}

// settingNames are the values of /proc/sys that say how open the host is and
// what the kernel would run. A folder stands for all files in it.
var settingNames = []string{
	"kernel/core_pattern", "kernel/modprobe", "kernel/hotplug", "kernel/poweroff_cmd", "kernel/modules_disabled", "kernel/kptr_restrict",
	"kernel/dmesg_restrict", "kernel/randomize_va_space", "kernel/yama/ptrace_scope", "kernel/kexec_load_disabled",
	"kernel/unprivileged_bpf_disabled", "kernel/unprivileged_userns_clone", "kernel/perf_event_paranoid", "kernel/sysrq",
	"kernel/ftrace_enabled", "kernel/io_uring_disabled", "kernel/tainted", "kernel/pid_max", "kernel/printk", "kernel/panic",
	"kernel/hostname", "kernel/domainname", "kernel/random/boot_id", "kernel/usermodehelper/bset", "kernel/usermodehelper/inheritable",
	"fs/suid_dumpable", "fs/protected_hardlinks", "fs/protected_symlinks", "fs/protected_fifos", "fs/protected_regular", "fs/binfmt_misc",
	"vm/mmap_min_addr", "vm/overcommit_memory", "vm/swappiness", "user/max_user_namespaces",
	"net/ipv4/ip_forward", "net/ipv4/tcp_syncookies", "net/ipv4/ip_local_port_range", "net/ipv4/ping_group_range", "net/ipv4/conf/all/rp_filter",
	"net/ipv4/conf/all/accept_redirects", "net/ipv4/conf/all/send_redirects", "net/ipv4/conf/all/accept_source_route",
	"net/ipv4/conf/all/log_martians", "net/ipv4/conf/all/route_localnet", "net/ipv6/conf/all/forwarding", "net/ipv6/conf/all/disable_ipv6",
	"net/core/bpf_jit_enable", "net/core/bpf_jit_harden", "net/netfilter/nf_conntrack_max",
}

// settings writes selected values of the kernel's configuration.
func (r *run) settings(ctx context.Context) error {
	l, err := r.Lines(ctx, "/system/settings.jsonl", "procfs")
	if err != nil {
		return err
	}
	put := func(name string) error {
		b, _, err := r.proc.Read("sys/"+name, procfs.MaxSmall)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		o := Setting{Format: "hozen-setting/1"}
		o.Name, _ = evidence.Text(name)
		if err != nil {
			o.Error = text(err.Error())
		}
		o.Value, o.ValueB64 = evidence.Text(strings.TrimSuffix(string(b), "\n"))
		return l.Put(o)
	}
	for _, name := range settingNames {
		names := []string{name}
		if d, err := os.OpenFile(r.proc.Path("sys/"+name), os.O_RDONLY|syscall.O_DIRECTORY, 0); err == nil {
			names, _ = d.Readdirnames(256)
			_ = d.Close()
			for i := range names {
				names[i] = name + "/" + names[i]
			}
		}
		for _, n := range names {
			if err := put(n); err != nil {
				return errors.Join(err, l.Close(ctx, nil, err))
			}
		}
	}
	return l.Close(ctx, nil, nil)
}
