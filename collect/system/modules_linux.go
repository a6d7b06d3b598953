package system

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"syscall"

	"github.com/hozen-dfir/hozen/collect/process/procfs"
)

// maxSysModules bounds the names of /sys/module.
const maxSysModules = 1 << 16

// modules writes the loaded modules as the two lists have them, and notices
// where they differ. The list of /proc is read before and after that of sysfs,
// so that a module that comes or goes meanwhile is not taken for a hidden one.
func (r *run) modules(ctx context.Context) error {
	l, err := r.Lines(ctx, "/system/modules.jsonl", "procfs,sysfs")
	if err != nil {
		return err
	}
	before, cause := r.procModules()
	sys, err := r.sysModules()
	cause = errors.Join(cause, err)
	after, err := r.procModules()
	cause = errors.Join(cause, err)
	if before == nil && len(sys) > 0 { // else all of them would count as hidden
		cause = errors.Join(cause, errors.New("modules are loaded, and /proc/modules is not there: no procfs is mounted, or one that shows processes alone"))
	}
	all := map[string]Module{}
	maps.Copy(all, before)
	for name := range sys {
		if _, ok := all[name]; !ok {
			all[name] = Module{Module: procfs.Module{Name: name, Refs: -1}}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		m := all[name]
		m.Format = "hozen-module/1"
		_, inProc := before[name]
		if inProc {
			m.Views = append(m.Views, "proc")
		}
		if sys[name] {
			m.Views = append(m.Views, "sysfs")
			m.SrcVersion, m.Version = r.word("sys/module/"+name+"/srcversion"), r.word("sys/module/"+name+"/version")
		}
		if err := l.Put(m); err != nil {
			return errors.Join(err, l.Close(ctx, nil, err))
		}
	}
	if err := l.Close(ctx, nil, cause); err != nil || cause != nil {
		return err
	}
	return r.compare(ctx, before, after, sys)
}

// compare makes the observations about modules that one list alone has.
func (r *run) compare(ctx context.Context, before, after map[string]Module, sys map[string]bool) error {
	for _, name := range slices.Sorted(maps.Keys(sys)) {
		_, in1 := before[name]
		_, in2 := after[name]
		if in1 || in2 || !r.loaded(name) {
			continue
		}
		err := r.Observe(ctx, "hidden-module", "kernel module "+name+" is in /sys/module but not in /proc/modules", "/system/modules.jsonl",
			map[string]string{"module": name, "state": r.word("sys/module/" + name + "/initstate"), "refs": r.word("sys/module/" + name + "/refcnt"), "taint": r.word("sys/module/" + name + "/taint")})
		if err != nil {
			return err
		}
	}
	if len(sys) == 0 {
		return nil // no sysfs to compare with
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, still := after[name]; !still || sys[name] || r.loaded(name) {
			continue
		}
		err := r.Observe(ctx, "unlisted-module", "kernel module "+name+" is in /proc/modules but not in /sys/module", "/system/modules.jsonl",
			map[string]string{"module": name, "address": before[name].Address})
		if err != nil {
			return err
		}
	}
	return nil
}

// procModules returns the list of /proc, nil where there is none.
func (r *run) procModules() (map[string]Module, error) {
	out := map[string]Module{}
	b, more, err := r.proc.Read("modules", procfs.MaxTable)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // a kernel without modules
	}
	list, bad := procfs.ParseModules(b)
	for _, m := range list {
		out[m.Name] = Module{Module: m}
	}
	if err == nil && (bad > 0 || more) {
		err = errors.New("/proc/modules has lines that could not be read")
	}
	return out, err
}

// sysModules returns the names of /sys/module that are loaded modules: what is
// built in has a folder as well, for its parameters.
func (r *run) sysModules() (map[string]bool, error) {
	out := map[string]bool{}
	d, err := os.OpenFile(r.path("sys/module"), os.O_RDONLY|syscall.O_DIRECTORY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	defer d.Close()
	names, err := d.Readdirnames(maxSysModules)
	for _, n := range names {
		if r.loaded(n) {
			out[n] = true
		}
	}
	return out, err
}

// loaded reports whether a module has a state, as only loaded ones have.
func (r *run) loaded(name string) bool {
	return r.word("sys/module/"+name+"/initstate") != ""
}
