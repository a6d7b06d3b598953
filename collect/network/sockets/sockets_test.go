package sockets

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/collect/process/procfs"
)

func parse(t Table, s string) (out []Socket, bad int) {
	bad = t.Parse([]byte(s), func(k Socket) { out = append(out, k) })
	return out, bad
}

func uid(v uint32) *uint32 { return &v }

func TestProcTables(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the lines below are of a little-endian host")
	}
	for _, c := range []struct {
		table Table
		line  string
		want  Socket
	}{
		{Table{"tcp", "inet", "tcp"}, "   0: 0100007F:1F90 00000000:0000 0A 00000002:00000001 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0",
			Socket{Family: "inet", Protocol: "tcp", State: "LISTEN", Local: "127.0.0.1:8080", Inode: "4711", UID: uid(1000), TxQueue: 2, RxQueue: 1}},
		{Table{"tcp6", "inet6", "tcp"}, "  1: B80D0120000000000000000001000000:0016 B80D0120000000000000000002000000:D431 01 00000000:00000000 02:000A 0 0 0 9 2 0",
			Socket{Family: "inet6", Protocol: "tcp", State: "ESTABLISHED", Local: "[2001:db8::1]:22", Remote: "[2001:db8::2]:54321", Inode: "9", UID: uid(0)}},
		{Table{"udp", "inet", "udp"}, "  9: 00000000:0044 00000000:0000 07 00000000:00000000 00:0 0 0 0 12 2 0 0",
			Socket{Family: "inet", Protocol: "udp", State: "UNCONNECTED", Local: "0.0.0.0:68", Inode: "12", UID: uid(0)}},
		{Table{"raw", "inet", "raw"}, "  1: 00000000:0001 00000000:0000 07 00000000:00000000 00:0 0 0 0 13 2 0 0",
			Socket{Family: "inet", Protocol: "raw", State: "UNCONNECTED", Local: "0.0.0.0", Number: 1, Inode: "13", UID: uid(0)}},
		{Table{"unix", "unix", ""}, "00000000abcdef01: 00000002 00000000 00010000 0001 01 777 /run/a b",
			Socket{Family: "unix", Protocol: "stream", State: "LISTEN", Inode: "777", Name: "/run/a b"}},
		{Table{"unix", "unix", ""}, "00000000abcdef01: 00000003 00000000 00000000 0002 03 778",
			Socket{Family: "unix", Protocol: "dgram", State: "ESTABLISHED", Inode: "778"}},
		{Table{"packet", "packet", ""}, "00000000abcdef01 3      3    0003   2     1 512      0      900",
			Socket{Family: "packet", Protocol: "raw", Number: 3, IfIndex: 2, RxQueue: 512, UID: uid(0), Inode: "900"}},
		{Table{"netlink", "netlink", ""}, "00000000b6fe7870 15  4294963199 00000002 1 2 0 2 0 33",
			Socket{Family: "netlink", Protocol: "15", Number: 4294963199, RxQueue: 1, TxQueue: 2, Inode: "33"}},
	} {
		c.want.Format, c.want.Views = Format, []string{ViewProc}
		got, bad := parse(c.table, "header\n"+c.line+"\n")
		if d := cmp.Diff([]Socket{c.want}, got); d != "" || bad != 0 {
			t.Errorf("%s, bad %d:\n%s", c.table.File, bad, d)
		}
	}
}

func TestDamagedTables(t *testing.T) {
	for _, table := range Tables() {
		for _, line := range []string{"x", strings.Repeat("z ", 20), "\xff\x00", "0: G100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 1", "1: 1 1 zz zz zz zz zz zz zz zz"} {
			if got, bad := parse(table, "header\n"+line+"\n"); len(got) != 0 || bad != 1 {
				t.Errorf("%s: %q gives %+v, bad %d", table.File, line, got, bad)
			}
		}
	}
}

func TestSetMergesViews(t *testing.T) {
	var s Set
	s.Add(Socket{Inode: "5", Views: []string{ViewDiag}, Local: "a"})
	s.Add(Socket{Inode: "5", Views: []string{ViewProc}, Local: "a", UID: uid(3)})
	s.Add(Socket{Inode: "5", Views: []string{ViewProc}})
	s.Add(Socket{Inode: "0", Views: []string{ViewProc}, Local: "b"})
	s.Add(Socket{Inode: "0", Views: []string{ViewProc}, Local: "c"})
	if len(s.All()) != 3 || len(s.All()[0].Views) != 2 || *s.All()[0].UID != 3 {
		t.Errorf("%+v", s.All())
	}
	for i := range MaxSockets + 10 {
		s.Add(Socket{Inode: "0", Views: []string{ViewProc}, Local: strconv.Itoa(i)})
	}
	if !s.Cut || len(s.All()) > MaxSockets {
		t.Errorf("%d sockets, cut %v", len(s.All()), s.Cut)
	}
}

func TestOwnersFindsThisProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	by, _ := Owners(context.Background(), procfs.Live())
	for ino, o := range by {
		if slices.ContainsFunc(o, func(o Owner) bool { return o.PID == os.Getpid() && o.FD == int(r.Fd()) }) {
			t.Errorf("a pipe is taken for socket %s", ino)
		}
	}
}

func FuzzTables(f *testing.F) {
	f.Add([]byte("h\n   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0\n"))
	f.Add([]byte("h\n00000000abcdef01: 00000002 00000000 00010000 0001 01 777 /run/a b\n"))
	f.Add(make([]byte, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		check := func(s Socket) {
			s.Summary()
			if _, err := json.Marshal(s); err != nil {
				t.Fatal(err)
			}
		}
		for _, table := range Tables() {
			table.Parse(b, check)
		}
	})
}

// TestConnectionsOfOneSocket: with MPTCP one socket has connections to several
// addresses, and each of them counts. A socket that connects between the two
// views is one.
func TestConnectionsOfOneSocket(t *testing.T) {
	tcp := func(view, inode, remote string) Socket {
		return Socket{Family: "inet", Protocol: "tcp", Inode: inode, Local: "10.0.0.1:7", Remote: remote, Views: []string{view}}
	}
	var s Set
	for _, k := range []Socket{
		tcp(ViewDiag, "5", "10.0.0.2:1"), tcp(ViewDiag, "5", "10.0.0.3:1"), tcp(ViewDiag, "6", ""),
		tcp(ViewProc, "5", "10.0.0.3:1"), tcp(ViewProc, "5", "10.0.0.2:1"), tcp(ViewProc, "6", "10.0.0.9:1"),
	} {
		s.Add(k)
	}
	var got []string
	for _, k := range s.All() {
		got = append(got, k.Inode+" "+k.Remote+" "+strings.Join(k.Views, "+"))
	}
	want := []string{"5 10.0.0.2:1 sock_diag+proc", "5 10.0.0.3:1 sock_diag+proc", "6  sock_diag+proc"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
