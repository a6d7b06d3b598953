package pcap

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/hozen-dfir/hozen/analyze/pcap/dns"
)

// facts are what is compared: for each topic, sorted lines.
type facts map[string][]string

func (f facts) add(topic, line string) {
	if line != "" {
		f[topic] = append(f[topic], line)
	}
}

// fields of tshark, in the order of its columns, with the topic they count for.
var tsharkFields = []struct{ field, topic string }{
	{"dns.qry.name", "dns question"},
	{"dns.resp.name", "dns record"},
	{"dns.a", "dns a"},
	{"dns.aaaa", "dns aaaa"},
	{"dns.cname", "dns cname"},
	{"dns.ns", "dns ns"},
	{"dns.ptr.domain_name", "dns ptr"},
	{"dns.mx.mail_exchange", "dns mx"},
	{"dns.srv.target", "dns srv"},
	{"dns.txt", "dns txt"},
	{"dns.flags.rcode", "dns rcode"},
	{"http.host", "http host"},
	{"http.request.method", "http method"},
	{"http.request.uri", "http uri"},
	{"http.user_agent", "http agent"},
	{"http.response.code", "http status"},
	{"http.content_type", "http type"},
	{"tls.handshake.extensions_server_name", "tls name"},
	{"tls.handshake.extensions_alpn_str", "tls alpn"},
	{"tls.handshake.ja3", "tls ja3"},
}

// tshark runs once over a file: fields of each packet, then conversations.
// Everything that depends on a user's settings is pinned.
func tshark(ctx context.Context, file string) (facts, error) {
	args := []string{"-n", "-2", "-r", file,
		"-o", "ip.defragment:TRUE", "-o", "ipv6.defragment:TRUE",
		"-o", "ip.check_checksum:FALSE", "-o", "tcp.check_checksum:FALSE", "-o", "udp.check_checksum:FALSE",
		"-o", "tcp.desegment_tcp_streams:TRUE", "-o", "tcp.reassemble_out_of_order:TRUE",
		"-o", "http.desegment_headers:TRUE", "-o", "http.desegment_body:TRUE",
		"-o", "tls.desegment_ssl_records:TRUE",
		"-z", "conv,tcp", "-z", "conv,udp", "-T", "fields", "-E", "separator=/t", "-E", "aggregator=\x1f", "-E", "occurrence=a"}
	for _, f := range tsharkFields {
		args = append(args, "-e", f.field)
	}
	cmd := exec.CommandContext(ctx, "tshark", args...)
	home, err := os.MkdirTemp("", "tshark-home")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(home)
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "LC_ALL=C.UTF-8", "TZ=UTC", "SSLKEYLOGFILE=")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output() // exit 2 for a damaged file, with what came before
	if err != nil && len(out) == 0 {
		return nil, fmt.Errorf("tshark %s: %w: %s", file, err, errs.String())
	}
	f := facts{}
	text, tables, _ := strings.Cut(string(out), strings.Repeat("=", 80)+"\n")
	for line := range strings.Lines(text) {
		for i, col := range strings.Split(strings.TrimSuffix(line, "\n"), "\t") {
			for v := range strings.SplitSeq(col, "\x1f") {
				f.add(tsharkFields[i].topic, v)
			}
		}
	}
	conversations(f, tables)
	return f.sorted(), nil
}

// conversations reads the tables that -z conv prints.
func conversations(f facts, tables string) {
	proto := ""
	for line := range strings.Lines(tables) {
		switch {
		case strings.HasPrefix(line, "TCP Conv"):
			proto = "tcp"
		case strings.HasPrefix(line, "UDP Conv"):
			proto = "udp"
		}
		v := strings.Fields(line)
		if len(v) < 12 || v[1] != "<->" {
			continue
		}
		a, b := v[0], v[2]
		back, out := v[3]+" "+v[4]+" "+v[5], v[6]+" "+v[7]+" "+v[8]
		f.add("flow", flowLine(proto, a, b, out, back))
	}
}

func flowLine(proto, a, b, out, back string) string {
	if b < a {
		a, b, out, back = b, a, back, out
	}
	return fmt.Sprintf("%s %s (%s) %s (%s)", proto, a, out, b, back)
}

func (f facts) sorted() facts {
	for _, v := range f {
		sort.Strings(v)
	}
	return f
}

// size prints bytes as tshark does.
func size(n int64) string {
	switch {
	case n < 10_000:
		return fmt.Sprintf("%d bytes", n)
	case n < 10_000_000:
		return fmt.Sprintf("%d kB", n/1000)
	default:
		return fmt.Sprintf("%d MB", n/1_000_000)
	}
}

func tsharkAddr(a netip.AddrPort) string {
	return a.Addr().String() + ":" + strconv.Itoa(int(a.Port()))
}

// ours collects the same facts.
func ours(ctx context.Context, file string) (facts, *Stats, error) {
	r, err := os.Open(file)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	f := facts{}
	st, err := Analyze(ctx, r, Options{}, Handler{
		Flow: func(w *Flow) error {
			if p := w.ID.Proto; p == 6 || p == 17 {
				out := fmt.Sprintf("%d %s", w.Packets[0], size(w.Bytes[0]))
				back := fmt.Sprintf("%d %s", w.Packets[1], size(w.Bytes[1]))
				f.add("flow", flowLine(protoName(p), tsharkAddr(w.ID.Src), tsharkAddr(w.ID.Dst), out, back))
			}
			return nil
		},
		DNS: func(m *DNS) error { f.dns(m); return nil },
		HTTP: func(m *HTTP) error {
			f.http(m)
			return nil
		},
		TLS: func(m *TLS) error {
			if h := m.Client; h != nil {
				for _, n := range h.ServerNames {
					f.add("tls name", n)
				}
				f.add("tls ja3", h.JA3)
				for _, n := range h.ALPN {
					f.add("tls alpn", n)
				}
			}
			if h := m.Server; h != nil {
				for _, n := range h.ALPN {
					f.add("tls alpn", n)
				}
			}
			return nil
		},
	})
	return f.sorted(), st, err
}

func (f facts) http(m *HTTP) {
	h := m.Message
	if h.Request {
		f.add("http method", h.Method)
		f.add("http uri", h.URI)
		for _, v := range h.Hosts {
			f.add("http host", v)
		}
		f.add("http agent", h.UserAgent)
	} else if h.Status != 0 { // HTTP/0.9 has none
		f.add("http status", strconv.Itoa(h.Status))
	}
	f.add("http type", h.ContentType)
}

func (f facts) dns(m *DNS) {
	name := func(s string) string {
		if s == "." {
			return "<Root>"
		}
		return s
	}
	for _, q := range m.Message.Questions {
		f.add("dns question", name(q.Name))
	}
	if m.Message.Response {
		f.add("dns rcode", strconv.Itoa(m.Message.RCode&15))
	}
	for _, r := range m.Message.Records {
		f.add("dns record", name(r.Name))
		switch r.Type {
		case dns.TypeA, dns.TypeAAAA:
			if r.Addr.IsValid() { // updates name a type without an address
				f.add("dns "+strings.ToLower(dns.TypeName(r.Type)), r.Addr.String())
			}
		case dns.TypeCNAME:
			f.add("dns cname", name(r.Target))
		case dns.TypeNS:
			f.add("dns ns", name(r.Target))
		case dns.TypePTR:
			f.add("dns ptr", name(r.Target))
		case dns.TypeMX:
			f.add("dns mx", name(r.Target))
		case dns.TypeSRV:
			f.add("dns srv", name(r.Target))
		case dns.TypeTXT:
			f.add("dns txt", r.Text)
		}
	}
}

// corpus returns the folder of captures beside the repository, or skips.
func corpus(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
	}
	c := filepath.Join(dir, "..", "shared", "corpus", "pcap")
	if _, err := os.Stat(c); err != nil {
		t.Skip("corpus of captures not here: ../shared/corpus/pcap")
	}
	return c
}

func captures(t testing.TB, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		for _, ext := range []string{".pcap", ".pcapng", ".pcap.gz"} {
			if err == nil && e.Type().IsRegular() && strings.HasSuffix(p, ext) {
				files = append(files, p)
			}
		}
		return err
	})
	if err != nil || len(files) < 50 {
		t.Fatalf("%d captures in the corpus: %v", len(files), err)
	}
	return files
}

// TestAgainstTshark compares flows, DNS, HTTP and TLS facts with tshark's on
// the corpus: every fifth file and those listed as different, all of them with HOZEN_FULL=1.
func TestAgainstTshark(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	dir := corpus(t)
	var g errgroup.Group
	g.SetLimit(runtime.NumCPU())
	for i, file := range captures(t, dir) {
		name, _ := filepath.Rel(dir, file)
		if os.Getenv("HOZEN_FULL") == "" && i%5 != 0 && differences[name] == "" {
			continue
		}
		g.Go(func() error {
			compare(t, file, name)
			return nil
		})
	}
	_ = g.Wait()
}

// TestStreamsAgainstTshark compares the bytes of each file's first TCP
// connection with what tshark follows.
func TestStreamsAgainstTshark(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	dir := corpus(t)
	compared := 0
	for i, file := range captures(t, dir) {
		if os.Getenv("HOZEN_FULL") == "" && i%40 != 0 {
			continue
		}
		got, whole := firstStream(t, file)
		if !whole || got == [2]string{} {
			continue // with gaps tshark writes remarks between the bytes
		}
		out, err := exec.CommandContext(t.Context(), "tshark", "-n", "-r", file, "-q", "-z", "follow,tcp,raw,0").Output()
		if err != nil {
			continue // tshark refuses the file's end; compared elsewhere
		}
		compared++
		if want := followed(string(out)); want != got && want != [2]string{got[1], got[0]} {
			t.Errorf("%s: streams of %d and %d bytes, tshark has %d and %d", file, len(got[0]), len(got[1]), len(want[0]), len(want[1]))
		}
	}
	if compared == 0 {
		t.Error("nothing was compared")
	}
	t.Logf("%d files compared", compared)
}

// followed joins the hex lines of each side; the second's start with a tab.
func followed(s string) (out [2]string) {
	_, s, _ = strings.Cut(s, "Node 1: ")
	_, s, _ = strings.Cut(s, "\n")
	for line := range strings.Lines(s) {
		side := 0
		if strings.HasPrefix(line, "\t") {
			side = 1
		}
		b, err := hex.DecodeString(strings.TrimSpace(line))
		if err == nil {
			out[side] += string(b)
		}
	}
	return out
}

// firstStream returns both directions of the first TCP connection, and whether
// they are free of gaps.
func firstStream(t *testing.T, file string) (out [2]string, whole bool) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	k := &kept{}
	_, _ = Analyze(t.Context(), bytes.NewReader(b), Options{}, k.handler())
	var first *Flow
	for i, f := range k.flows {
		if f.ID.Proto == protoTCP && (first == nil || f.First.Packet < first.First.Packet) {
			first = &k.flows[i]
		}
	}
	if first == nil || first.Gaps > 0 {
		return out, false
	}
	same := 0
	for _, f := range k.flows {
		if f.ID == first.ID || f.ID == first.ID.Reverse() {
			same++
		}
	}
	return [2]string{k.stream(t, first.ID.String()), k.stream(t, first.ID.Reverse().String())}, same == 1
}

func compare(t *testing.T, file, name string) {
	want, err := tshark(t.Context(), file)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	got, _, _ := ours(t.Context(), file)
	diff := cmp.Diff(want, got)
	switch reason := differences[name]; {
	case diff != "" && reason == "":
		t.Errorf("%s: (-tshark +ours)\n%s", name, diff)
	case diff == "" && reason != "":
		t.Errorf("%s: listed as different (%s), but is the same", name, reason)
	}
}
