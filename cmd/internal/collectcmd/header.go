package collectcmd

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/collect/run"
	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/seal"
)

// header drafts leaf 0: what is about to be done, by whom, with what and where.
func (f *flags) header(app *cli.App, p run.Plan) seal.Header {
	host := hostFacts()
	version, commit := cli.Version()
	_, digest, err := cli.RunningBinary()
	if err != nil {
		app.Warnf("%v", err)
	}
	system, arch := platform()
	name := host["hostname"]
	if f.offline() { // named after the image, not after the examiner's machine
		name = filepath.Base(slices.Concat(f.images, f.trees)[0])
	}
	return seal.Header{
		Bundle: evidence.NewBundleID(name, time.Now()),
		Kind:   seal.KindCollection, Case: f.caseID, Examiner: f.examiner, Note: f.note, Place: f.place,
		Tool: seal.Tool{Name: "hozen-collect", Version: version, Commit: commit, SHA256: digest, OS: system, Arch: arch},
		Host: host, Clock: clockFacts(), Options: f.facts(p),
	}
}

// facts are the options that shaped the collection. Nothing secret is among
// them: recipients are named by the header itself.
func (f *flags) facts(p run.Plan) map[string]string {
	out := map[string]string{"profile": f.profile, "definitions": strconv.Itoa(len(p.Definitions))}
	put := func(key, value string) {
		if value != "" && value != "0" && value != "0s" && value != "false" {
			out[key] = value
		}
	}
	put("artifact", strings.Join(f.artifacts, " "))
	put("artifacts", strings.Join(f.definitions, " "))
	put("paths", strings.Join(f.paths, "\n"))
	put("images", strings.Join(f.images, "\n"))
	put("trees", strings.Join(f.trees, "\n"))
	put("pcaps", strings.Join(f.pcaps, "\n"))
	put("packets", strings.Join(f.packets, " "))
	put("max_file", f.maxFile)
	put("max_total", f.maxTotal)
	put("max_sparse", f.maxSparse)
	put("timeout", f.timeout.String())
	put("cpu", strconv.FormatFloat(f.cpu, 'g', -1, 64))
	put("io", f.io)
	put("commands", strconv.FormatBool(f.allowCommands))
	for _, s := range p.Sources {
		i := s.Info()
		put("source_"+i.Name, i.Kind+", "+string(i.OS)+", read through "+i.Method)
		for k, v := range i.Details {
			put("source_"+i.Name+"_"+k, v)
		}
	}
	return out
}

// hostFacts name the machine that the collector runs on.
func hostFacts() map[string]string {
	out := map[string]string{"user": strconv.Itoa(os.Geteuid()), "pid": strconv.Itoa(os.Getpid())}
	if name, err := os.Hostname(); err == nil {
		out["hostname"] = name
	}
	for key, file := range map[string]string{
		"machine_id": "/etc/machine-id", "boot_id": "/proc/sys/kernel/random/boot_id", "kernel": "/proc/sys/kernel/osrelease",
	} {
		if v := short(file); v != "" {
			out[key] = v
		}
	}
	return out
}

// maxShort bounds what is read of a file that holds one fact.
const maxShort = 256

// short returns what a file of one fact holds. It may be of any size on a host
// that an attacker holds, or a fifo that nobody writes to.
func short(file string) string {
	if st, err := os.Stat(file); err != nil || !st.Mode().IsRegular() {
		return ""
	}
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0) // should it be another now
	if err != nil {
		return ""
	}
	defer f.Close()
	b := make([]byte, maxShort)
	n, _ := io.ReadFull(f, b)
	line, _, _ := strings.Cut(string(b[:n]), "\n")
	return strings.TrimSpace(line)
}

// clockFacts are what is known about how right the clock is.
func clockFacts() map[string]string {
	now := time.Now()
	zone, offset := now.Zone()
	out := map[string]string{"zone": zone, "utc_offset_seconds": strconv.Itoa(offset)}
	syncFacts(out)
	return out
}
