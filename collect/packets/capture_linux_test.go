package packets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

func TestCaptureEqualsWhatWasSent(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip") {
		return
	}
	pair(t)
	send := sender(t, "v0")
	var want [][]byte
	for n := range 500 {
		want = append(want, frameOf(n, 8+n%1400))
	}
	tag := &layers.Dot1Q{VLANIdentifier: 5, Priority: 3, Type: layers.EthernetTypeIPv4}
	want = append(want, frameOf(500, 64, tag))
	outer := &layers.Dot1Q{VLANIdentifier: 6, Type: layers.EthernetTypeDot1Q}
	want = append(want, frameOf(501, 64, outer, tag))
	stop := dumpcap(t, "v1")
	sink := &sinktest.Sink{}
	began := time.Now()
	run(t, sink, "v1:all", 0, func() {
		for _, f := range want {
			send(f)
		}
	})
	other := stop()
	got := one(t, sink, "/packets/v1.pcapng")
	packets, r := read(t, got.Bytes)
	if len(packets) != len(want) {
		t.Fatalf("%d packets, want %d", len(packets), len(want))
	}
	for n, p := range packets {
		if !bytes.Equal(p.data, want[n]) {
			t.Fatalf("packet %d differs:\n%x\n%x", n, p.data, want[n])
		}
		if ts := p.info.Timestamp; ts.Before(began) || ts.After(time.Now()) || p.info.Length != len(want[n]) {
			t.Fatalf("packet %d: time %v, length %d", n, ts, p.info.Length)
		}
	}
	i, err := r.Interface(0)
	if err != nil || i.Name != "v1" || i.LinkType != layers.LinkTypeEthernet || i.Statistics.PacketsReceived != uint64(len(want)) {
		t.Errorf("interface %+v, %v", i, err)
	}
	d := got.Record.Details
	if d["received_v1"] != strconv.Itoa(len(want)) || d["dropped_v1"] != "0" || d["written_v1"] != d["received_v1"] || got.Record.Outcome != evidence.Collected {
		t.Errorf("details %v, outcome %s", d, got.Record.Outcome)
	}
	if other != nil {
		theirs, _ := read(t, other)
		if len(theirs) != len(packets) {
			t.Errorf("dumpcap took %d packets, we %d", len(theirs), len(packets))
		}
		for n := range min(len(theirs), len(packets)) {
			if !bytes.Equal(theirs[n].data, packets[n].data) {
				t.Fatalf("packet %d differs from dumpcap's", n)
			}
		}
	}
	tshark(t, got.Bytes, len(want))
}

func TestSnaplen(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip") {
		return
	}
	pair(t)
	send, sink, sent := sender(t, "v0"), &sinktest.Sink{}, frameOf(1, 900)
	run(t, sink, "v1", 60, func() { send(sent) })
	got, _ := read(t, one(t, sink, "/packets/v1.pcapng").Bytes)
	if len(got) != 1 || !bytes.Equal(got[0].data, sent[:60]) || got[0].info.Length != len(sent) {
		t.Errorf("packets %+v", got)
	}
}

func TestLoopbackIsSeenOnce(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip") {
		return
	}
	ipRun(t, "link set lo up")
	sink := &sinktest.Sink{}
	const count = 20
	run(t, sink, "lo", 0, func() {
		c, err := net.Dial("udp", "127.0.0.1:9")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for range count {
			_, _ = c.Write([]byte("x")) // refused: ICMP comes back
		}
	})
	got, _ := read(t, one(t, sink, "/packets/lo.pcapng").Bytes)
	udp := 0
	for _, p := range got {
		if gopacket.NewPacket(p.data, p.link, gopacket.Default).TransportLayer() != nil {
			udp++
		}
	}
	if udp == 0 || udp > count {
		t.Errorf("%d UDP packets of at most %d sent", udp, count)
	}
}

// TestLargePacketsOnManyInterfaces: a buffer that many interfaces share holds the
// largest packets, which loopback and offloading make.
func TestLargePacketsOnManyInterfaces(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip") {
		return
	}
	pair(t)
	ipRun(t, "link set lo up")
	for i := range 25 {
		ipRun(t, fmt.Sprintf("link add x%d type veth peer name y%d", i, i), fmt.Sprintf("link set x%d up", i), fmt.Sprintf("link set y%d up", i))
	}
	sink, sizes := &sinktest.Sink{}, []int{1000, 30_000, 45_000, 65_507}
	run(t, sink, Any, 0, func() {
		c, err := net.Dial("udp", "127.0.0.1:9")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for _, n := range sizes {
			for { // again where the answer to the last is in the way
				if _, err := c.Write(make([]byte, n)); err == nil {
					break
				}
			}
			time.Sleep(3 * retire * time.Millisecond) // the buffer is small, and is not what is tested
		}
	})
	item := one(t, sink, "/packets/any.pcapng")
	got, _ := read(t, item.Bytes)
	have := map[int]bool{}
	for _, p := range got {
		have[len(p.data)] = p.info.Length == len(p.data)
	}
	for _, n := range sizes {
		if !have[14+20+8+n] {
			t.Errorf("no whole packet of %d bytes; dropped %s", n, item.Record.Details["dropped"])
		}
	}
}

func TestAnyTakesNewInterfacesAndRawIP(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip") {
		return
	}
	pair(t)
	ipRun(t, "link set lo up")
	sink := &sinktest.Sink{}
	inner := frameOf(7, 30)[14:]
	run(t, sink, "any:all", 0, func() {
		sender(t, "v0")(frameOf(1, 100))
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Skipf("no tun device: %v", err)
		}
		defer unix.Close(fd)
		req, _ := unix.NewIfreq("tun7")
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
			t.Skipf("no tun device: %v", err)
		}
		ipRun(t, "link set tun7 up")
		time.Sleep(rescan + 300*time.Millisecond)
		if _, err := unix.Write(fd, inner); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
	})
	got := one(t, sink, "/packets/any.pcapng")
	packets, r := read(t, got.Bytes)
	seen := map[string]int{}
	for _, p := range packets {
		i, _ := r.Interface(p.info.InterfaceIndex)
		seen[i.Name]++
		if i.Name == "tun7" && bytes.Equal(p.data, inner) && p.link == layers.LinkTypeRaw {
			seen["inner"]++
		}
	}
	if seen["v0"] != 1 || seen["v1"] != 1 || seen["inner"] != 1 {
		t.Errorf("packets by interface: %v, details %v", seen, got.Record.Details)
	}
	tshark(t, got.Bytes, len(packets))
}

// slowSink takes each write of a stream only after a while.
type slowSink struct {
	sinktest.Sink
	pause time.Duration
	notes []collect.Line
}

// For, Report and Number implement collect.Ledger.
func (s *slowSink) For(string, bool) collect.Ledger { return s }
func (s *slowSink) Report(l collect.Line)           { s.notes = append(s.notes, l) }
func (s *slowSink) Number(string) int               { return 0 }

type slowStream struct {
	evidence.Stream
	pause time.Duration
}

func (s *slowSink) Stream(ctx context.Context, r evidence.Record) (evidence.Stream, error) {
	st, err := s.Sink.Stream(ctx, r)
	return slowStream{st, s.pause}, err
}

func (s slowStream) Write(p []byte) (int, error) {
	time.Sleep(s.pause)
	return s.Stream.Write(p)
}

func TestSlowSinkCostsPacketsAndSaysSo(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip") {
		return
	}
	pair(t)
	send, sink, sent := sender(t, "v0"), &slowSink{pause: 300 * time.Millisecond}, 0
	run(t, sink, "v1", 0, func() {
		f := frameOf(1, 1400)
		for ; sent < 40000; sent++ { // 57 MB, for which the sink would need 16 s
			send(f)
		}
	})
	got := one(t, &sink.Sink, "/packets/v1.pcapng")
	num := func(k string) int {
		n, _ := strconv.Atoi(got.Record.Details[k])
		return n
	}
	packets, r := read(t, got.Bytes)
	i, _ := r.Interface(0)
	t.Logf("sent %d, details %v", sent, got.Record.Details)
	if num("dropped_v1") == 0 {
		t.Error("nothing was dropped, so the test tests nothing")
	}
	if want := fmt.Sprintf("dropped %d of the %d packets", num("dropped"), num("received")); len(sink.notes) != 1 || !strings.Contains(sink.notes[0].Reason, want) {
		t.Errorf("notes %+v, want one with %q", sink.notes, want)
	}
	// The kernel may lose packets between the interfaces, before any socket sees them.
	if r := num("received_v1"); r > sent || r == 0 || num("dropped_v1")+num("written_v1") != r || len(packets) != num("written_v1") {
		t.Errorf("sent %d, file holds %d, details %v", sent, len(packets), got.Record.Details)
	}
	if i.Statistics.PacketsReceived != uint64(num("received_v1")) {
		t.Errorf("statistics %+v", i.Statistics)
	}
}

func TestDurationEnds(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip") {
		return
	}
	pair(t)
	sink := &sinktest.Sink{}
	specs, _ := ParseSpecs([]string{"v1:300ms"})
	began := time.Now()
	a := New(Options{Specs: specs})
	a.End() // the others' end does not cut it short
	if err := a.Collect(context.Background(), liveSource(), sink); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 300*time.Millisecond || took > time.Minute {
		t.Errorf("took %v", took)
	}
	got := one(t, sink, "/packets/v1.pcapng")
	if p, _ := read(t, got.Bytes); len(p) != 0 || got.Record.Details["stopped_by"] != "end of duration" {
		t.Errorf("%d packets, details %v", len(p), got.Record.Details)
	}
}

func TestInterruptSealsWhatThereIs(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip") {
		return
	}
	pair(t)
	sink, sent := &sinktest.Sink{}, frameOf(1, 10)
	specs, _ := ParseSpecs([]string{"v1:1h"})
	ctx, stop := context.WithCancel(context.Background())
	send := sender(t, "v0")
	time.AfterFunc(200*time.Millisecond, func() { send(sent); stop() })
	if err := New(Options{Specs: specs}).Collect(ctx, liveSource(), sink); err != nil {
		t.Fatal(err)
	}
	got := one(t, sink, "/packets/v1.pcapng")
	if p, _ := read(t, got.Bytes); len(p) != 1 || !bytes.Equal(p[0].data, sent) || got.Record.Details["stopped_by"] != "interrupt" {
		t.Errorf("%d packets, details %v", len(p), got.Record.Details)
	}
	if got.Record.Outcome != evidence.Partial || !strings.Contains(got.Record.Error, "1h0m0s") { // which is not what was asked for
		t.Errorf("%s: %s", got.Record.Outcome, got.Record.Error)
	}
}

func TestInterfaceThatVanishes(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip") {
		return
	}
	pair(t)
	sink := &sinktest.Sink{}
	run(t, sink, "v1", 0, func() {
		sender(t, "v0")(frameOf(1, 100))
		time.Sleep(100 * time.Millisecond)
		ipRun(t, "link del v1")
		time.Sleep(rescan + 200*time.Millisecond)
	})
	got := one(t, sink, "/packets/v1.pcapng")
	if p, _ := read(t, got.Bytes); len(p) != 1 || got.Record.Details["gone_v1"] == "" {
		t.Errorf("%d packets, details %v", len(p), got.Record.Details)
	}
	if r := got.Record; r.Outcome != evidence.Partial || !strings.Contains(r.Error, "removed") {
		t.Errorf("%s %q: what was not heard after that is a gap", r.Outcome, r.Error)
	}
}

func TestNoSuchInterface(t *testing.T) {
	sink := &sinktest.Sink{}
	specs, _ := ParseSpecs([]string{"nosuch0:1s"})
	if err := New(Options{Specs: specs}).Collect(context.Background(), liveSource(), sink); err != nil {
		t.Fatal(err)
	}
	if r := one(t, sink, "/packets/nosuch0.pcapng").Record; r.Outcome != evidence.Failed || !strings.Contains(r.Error, "nosuch0") {
		t.Errorf("record %+v", r)
	}
}

func TestBrokenSink(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip") {
		return
	}
	pair(t)
	specs, _ := ParseSpecs([]string{"v1:100ms"})
	sink := &sinktest.Sink{Break: func(evidence.Record) error { return syscall.ENOSPC }}
	err := New(Options{Specs: specs}).Collect(context.Background(), liveSource(), sink)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v, want that of the sink", err)
	}
}

// fullSink takes no byte of a stream, as when a budget is used up.
type fullSink struct{ sinktest.Sink }

type fullStream struct{ evidence.Stream }

func (s *fullSink) Stream(ctx context.Context, r evidence.Record) (evidence.Stream, error) {
	st, err := s.Sink.Stream(ctx, r)
	return fullStream{st}, err
}

func (fullStream) Write([]byte) (int, error) { return 0, evidence.ErrBudget }

// TestSinkThatTakesNoMore has a capture of an hour, which ends when nobody
// would keep what it takes, and says how much was lost by then.
func TestSinkThatTakesNoMore(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip") {
		return
	}
	pair(t)
	specs, _ := ParseSpecs([]string{"v1:1h"})
	sink, send := &fullSink{}, sender(t, "v0")
	done := make(chan error, 1)
	go func() { done <- New(Options{Specs: specs}).Collect(context.Background(), liveSource(), sink) }()
	for ended, began := false, time.Now(); !ended; {
		send(frameOf(1, 1400))
		select {
		case err := <-done:
			if ended = true; !errors.Is(err, evidence.ErrBudget) {
				t.Errorf("error %v, want that of the sink", err)
			}
		case <-time.After(10 * time.Millisecond):
		}
		if time.Since(began) > time.Minute {
			t.Fatal("the capture goes on for nothing")
		}
	}
	r := one(t, &sink.Sink, "/packets/v1.pcapng").Record
	if r.Outcome != evidence.Partial || r.Details["refused_bytes"] == "" || r.Details["stopped_by"] != "the sink takes no more" {
		t.Errorf("%s %v", r.Outcome, r.Details)
	}
}

func TestSpecs(t *testing.T) {
	good := map[string]Spec{
		"eth0:30s": {"eth0", 30 * time.Second}, "any:all": {Any, 0}, "lo": {"lo", 0}, "eth0:1:5m": {"eth0:1", 5 * time.Minute},
	}
	for s, want := range good {
		if got, err := ParseSpec(s); err != nil || got != want {
			t.Errorf("%q: %+v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", ":30s", "eth0:", "eth0:x", "eth0:-1s", "eth0:0s", "../x:1s", "a b:1s", strings.Repeat("x", 16) + ":1s"} {
		if got, err := ParseSpec(s); err == nil {
			t.Errorf("%q gives %+v", s, got)
		}
	}
	if _, err := ParseSpecs([]string{"a:1s", "a:2s"}); err == nil {
		t.Error("one interface twice is taken")
	}
}

// TestTrafficThatGoesOn has packets that never stop: at the end every one that
// the kernel counted is in the file or among the dropped.
func TestTrafficThatGoesOn(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip") {
		return
	}
	pair(t)
	send, frame := sender(t, "v0"), frameOf(1, 700)
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-quit:
				return
			default:
				for range 20 {
					send(frame)
				}
				time.Sleep(2 * time.Millisecond)
			}
		}
	}()
	for range 4 {
		sink := &sinktest.Sink{}
		run(t, sink, "v1", 0, func() { time.Sleep(120 * time.Millisecond) })
		d := one(t, sink, "/packets/v1.pcapng").Record.Details
		n := func(k string) int { v, _ := strconv.Atoi(d[k]); return v }
		if n("written") == 0 || n("received") != n("written")+n("dropped") {
			t.Errorf("received %s, written %s, dropped %s", d["received"], d["written"], d["dropped"])
		}
	}
	close(quit)
	<-done
}
