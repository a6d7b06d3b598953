package system

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
)

// maxLogins bounds the records of one file.
const maxLogins = 65536

// utmpTypes are the values of ut_type (utmp(5)).
var utmpTypes = [...]string{"empty", "runlevel", "boot", "new-time", "old-time", "init", "login", "user", "dead", "accounting"}

// layout is where the fields of struct utmp lie after ut_exit. The GNU C library
// keeps 32-bit times on x86, POWER, s390 and their like, and 64-bit ones on
// newer architectures such as arm64 (bits/wordsize.h, __WORDSIZE_TIME64_COMPAT32).
type layout struct{ size, session, sec, usec, addr, word int }

var (
	layout32 = layout{size: 384, session: 336, sec: 340, usec: 344, addr: 348, word: 4}
	layout64 = layout{size: 400, session: 336, sec: 344, usec: 352, addr: 360, word: 8}
)

func layoutOf(arch string) layout {
	switch arch {
	case "arm64", "riscv64", "loong64":
		return layout64
	}
	return layout32
}

// parseUtmp decodes a file of struct utmp. A rest that is no whole record is
// counted in bad.
func parseUtmp(b []byte, l layout) (out []Login, bad int) {
	ne := binary.NativeEndian
	for ; len(b) >= l.size && len(out) < maxLogins; b = b[l.size:] {
		r := b[:l.size]
		typ := ne.Uint16(r)
		if typ == 0 {
			continue // an empty slot
		}
		o := Login{Format: "hozen-login/1", View: "utmp", Type: strconv.Itoa(int(typ)), PID: int(int32(ne.Uint32(r[4:])))}
		if int(typ) < len(utmpTypes) {
			o.Type = utmpTypes[typ]
		}
		o.Line, _ = evidence.Text(zeroEnd(r[8:40]))
		o.ID, _ = evidence.Text(zeroEnd(r[40:44]))
		o.User, o.UserB64 = evidence.Text(zeroEnd(r[44:76]))
		o.Host, o.HostB64 = evidence.Text(zeroEnd(r[76:332]))
		o.Session = strconv.FormatInt(word(r[l.session:], l.word), 10)
		if sec := word(r[l.sec:], l.word); sec > 0 && sec < 1<<36 {
			o.Time = evidence.At(time.Unix(sec, word(r[l.usec:], l.word)%1e6*1000))
		}
		o.Address = utmpAddr(r[l.addr : l.addr+16])
		out = append(out, o)
	}
	if len(b) > 0 {
		bad = 1
	}
	return out, bad
}

func word(b []byte, n int) int64 {
	if n == 8 {
		return int64(binary.NativeEndian.Uint64(b))
	}
	return int64(int32(binary.NativeEndian.Uint32(b)))
}

func zeroEnd(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// utmpAddr decodes ut_addr_v6: an IPv4 address is alone in the first word.
func utmpAddr(b []byte) string {
	switch {
	case bytes.Count(b, []byte{0}) == 16:
		return ""
	case bytes.Count(b[4:], []byte{0}) == 12:
		return netip.AddrFrom4([4]byte(b[:4])).String()
	}
	return netip.AddrFrom16([16]byte(b)).String()
}

// parseSession decodes a file of /run/systemd/sessions: KEY=value lines. Hosts
// without utmp keep their logins there alone.
func parseSession(id string, b []byte) Login {
	kv := parseEnv(b)
	o := Login{Format: "hozen-login/1", View: "logind", Type: kv["TYPE"], ID: id, UID: kv["UID"], Line: kv["TTY"],
		Service: kv["SERVICE"], State: kv["STATE"], Session: kv["AUDIT"]}
	o.User, o.UserB64 = evidence.Text(kv["USER"])
	o.Host, o.HostB64 = evidence.Text(kv["REMOTE_HOST"])
	o.PID, _ = strconv.Atoi(kv["LEADER"])
	if us, err := strconv.ParseInt(kv["REALTIME"], 10, 64); err == nil && us > 0 {
		o.Time = evidence.At(time.UnixMicro(us))
	}
	return o
}

// parseEnv decodes KEY=value lines as in os-release(5): values may be quoted.
// At most 256 keys are kept.
func parseEnv(b []byte) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		key, val, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") || len(out) >= 256 {
			continue
		}
		if n := len(val); n >= 2 && (val[0] == '"' || val[0] == '\'') && val[n-1] == val[0] {
			val = val[1 : n-1]
			val = strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\$`, `$`, "\\`", "`").Replace(val)
		}
		out[strings.ToValidUTF8(key, "\uFFFD")] = strings.ToValidUTF8(val, "\uFFFD")
	}
	return out
}
