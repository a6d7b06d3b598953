package packets

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

func liveSource() collect.Source {
	s := sourcetest.NewDir("/", collect.Linux)
	s.In.Name, s.In.Live = "live", true
	return s
}

func ipRun(t *testing.T, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if out, err := exec.Command("ip", strings.Fields(l)...).CombinedOutput(); err != nil {
			t.Skipf("ip %s: %v %s", l, err, out)
		}
	}
}

// pair makes two Ethernet interfaces, joined, without traffic of their own.
func pair(t *testing.T) {
	t.Helper()
	for _, k := range []string{"all", "default"} {
		_ = os.WriteFile("/proc/sys/net/ipv6/conf/"+k+"/disable_ipv6", []byte("1"), 0)
	}
	ipRun(t, "link add v0 type veth peer name v1", "link set v0 up", "link set v1 up")
	for range 300 { // until the kernel's link watch has let packets through
		a, err1 := net.InterfaceByName("v0")
		b, err2 := net.InterfaceByName("v1")
		if err1 == nil && err2 == nil && a.Flags&b.Flags&net.FlagRunning != 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the pair of interfaces does not come up")
}

// sender sends frames out of an interface as they are.
func sender(t *testing.T, name string) func([]byte) {
	t.Helper()
	i, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return func(b []byte) {
		t.Helper()
		if err := unix.Sendto(fd, b, 0, &unix.SockaddrLinklayer{Ifindex: i.Index}); err != nil {
			t.Fatal(err)
		}
	}
}

// frameOf is an Ethernet frame that holds an UDP packet with a number.
func frameOf(n, size int, tags ...gopacket.SerializableLayer) []byte {
	src, dst := net.HardwareAddr{2, 0, 0, 0, 0, 1}, net.HardwareAddr{2, 0, 0, 0, 0, 2}
	eth := &layers.Ethernet{SrcMAC: src, DstMAC: dst, EthernetType: layers.EthernetTypeIPv4}
	all := []gopacket.SerializableLayer{eth}
	for _, v := range tags {
		all, eth.EthernetType = append(all, v), layers.EthernetTypeDot1Q
	}
	ip := &layers.IPv4{Version: 4, TTL: 9, Protocol: layers.IPProtocolUDP, SrcIP: net.IP{10, 0, 0, 1}, DstIP: net.IP{10, 0, 0, 2}}
	udp := &layers.UDP{SrcPort: 1000, DstPort: 2000}
	_ = udp.SetNetworkLayerForChecksum(ip)
	body := make([]byte, size)
	binary.BigEndian.PutUint32(body, uint32(n))
	all = append(all, ip, udp, gopacket.Payload(body))
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// run captures while do runs, and a moment longer.
func run(t *testing.T, sink evidence.Sink, spec string, snaplen int, do func()) {
	t.Helper()
	specs, err := ParseSpecs(strings.Fields(spec))
	if err != nil {
		t.Fatal(err)
	}
	a := New(Options{Specs: specs, Snaplen: snaplen})
	done := make(chan error, 1)
	begun := make(chan struct{}, len(specs))
	go func() { done <- a.Collect(context.Background(), liveSource(), watched{sink, begun}) }()
	for range specs {
		<-begun
	}
	do()
	time.Sleep(100 * time.Millisecond)
	a.End()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// watched tells when a capture begins its stream: its sockets are open then.
type watched struct {
	evidence.Sink
	begun chan struct{}
}

func (w watched) Stream(ctx context.Context, r evidence.Record) (evidence.Stream, error) {
	st, err := w.Sink.Stream(ctx, r)
	w.begun <- struct{}{}
	return st, err
}

// For, Report and Number implement collect.Ledger.
func (w watched) For(string, bool) collect.Ledger { return w }
func (w watched) Report(l collect.Line)           { collect.LedgerOf(w.Sink).Report(l) }
func (w watched) Number(string) int               { return 0 }

type packet struct {
	info gopacket.CaptureInfo
	data []byte
	link layers.LinkType
}

// read reads a capture with another implementation of its format.
func read(t *testing.T, b []byte) (out []packet, r *pcapgo.NgReader) {
	t.Helper()
	r, err := pcapgo.NewNgReader(bytes.NewReader(b), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Fatal(err)
	}
	for {
		data, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return out, r
		}
		if err != nil {
			t.Fatal(err)
		}
		link := layers.LinkTypeNull
		if len(info.AncillaryData) > 0 {
			link = info.AncillaryData[0].(layers.LinkType)
		}
		out = append(out, packet{info, data, link})
	}
}

func one(t *testing.T, sink *sinktest.Sink, path string) sinktest.Got {
	t.Helper()
	got := sink.Find("live", path)
	if len(got) != 1 {
		t.Fatalf("%d items at %s, want 1: %+v", len(got), path, sink.Items())
	}
	return got[0]
}

// dumpcap captures the same packets with libpcap; stop returns its file.
func dumpcap(t *testing.T, iface string) (stop func() []byte) {
	t.Helper()
	path, err := exec.LookPath("dumpcap")
	if err != nil {
		t.Log("no dumpcap to compare with")
		return func() []byte { return nil }
	}
	dir, err := os.MkdirTemp("/tmp", "hozen-packets-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	file := filepath.Join(dir, "other.pcapng")
	cmd := exec.Command(path, "-p", "-q", "-i", iface, "-w", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(700 * time.Millisecond)
	return func() []byte {
		time.Sleep(300 * time.Millisecond)
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		b, err := os.ReadFile(file)
		if err != nil {
			t.Logf("no file from dumpcap: %v", err)
		}
		return b
	}
}

// tshark checks that another program reads every packet, without complaint.
func tshark(t *testing.T, capture []byte, want int) {
	t.Helper()
	path, err := exec.LookPath("tshark")
	if err != nil {
		t.Log("no tshark to check with")
		return
	}
	cmd := exec.Command(path, "-r", "-", "-T", "fields", "-e", "frame.number", "-e", "_ws.malformed")
	cmd.Stdin = bytes.NewReader(capture)
	var errText bytes.Buffer
	cmd.Stderr = &errText
	out, err := cmd.Output()
	if n := bytes.Count(out, []byte("\n")); err != nil || n != want || bytes.Contains(out, []byte("alformed")) {
		t.Errorf("tshark: %v, %d packets, want %d\n%s", err, n, want, errText.Bytes())
	}
}
