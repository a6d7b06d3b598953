package pcap

import (
	"net/netip"

	"github.com/hozen-dfir/hozen/analyze/pcap/decode"
	"github.com/hozen-dfir/hozen/analyze/pcap/quic"
)

const (
	protoTCP = 6
	protoUDP = 17

	flagFIN = 1
	flagSYN = 2
	flagRST = 4
	flagACK = 16
)

// flowKey is the same for both directions: the lower endpoint is first.
type flowKey struct {
	a, b   netip.Addr
	ap, bp uint16
	proto  uint8
}

func keyOf(d *decode.Datagram) flowKey {
	c := d.Src.Compare(d.Dst)
	if c < 0 || c == 0 && d.SrcPort <= d.DstPort {
		return flowKey{d.Src, d.Dst, d.SrcPort, d.DstPort, d.Proto}
	}
	return flowKey{d.Dst, d.Src, d.DstPort, d.SrcPort, d.Proto}
}

// flow is a Flow with its place in the table and, for TCP, its connection.
type flow struct {
	Flow
	key        flowKey
	conn       *conn
	quic       *[2]quic.Parser // while the hello of a QUIC connection is collected
	hello      bool            // it was read
	prev, next *flow           // by last packet
}

func (f *flow) direction(dir int) FlowID {
	if dir == 0 {
		return f.ID
	}
	return f.ID.Reverse()
}

func (f *flow) count(d *decode.Datagram, dir int, at Mark) {
	f.Last = at
	f.Packets[dir]++
	f.Bytes[dir] += int64(d.Wire)
	f.Payload[dir] += int64(len(d.Payload) + d.Lost)
	f.Flags[dir] |= d.Flags
}

// table is the flows that are remembered, and their order of last use.
type table struct {
	m    map[flowKey]*flow
	ring flow
}

func (t *table) init() {
	t.m = make(map[flowKey]*flow)
	t.ring.prev, t.ring.next = &t.ring, &t.ring
}

func (t *table) oldest() *flow {
	if t.ring.next == &t.ring {
		return nil
	}
	return t.ring.next
}

func (t *table) unlink(f *flow) {
	f.prev.next, f.next.prev = f.next, f.prev
}

func (t *table) append(f *flow) {
	f.prev, f.next = t.ring.prev, &t.ring
	f.prev.next, t.ring.prev = f, f
}

// flow finds or makes the flow of a datagram, and tells its direction.
func (a *analysis) flow(d *decode.Datagram) (*flow, int) {
	k := keyOf(d)
	f := a.flows.m[k]
	if f != nil && d.Proto == protoTCP && d.Flags&(flagSYN|flagACK) == flagSYN && f.conn != nil && f.conn.renewed(f.side(d), d.Seq) {
		a.forget(f) // the ports are used again
		f = nil
	}
	if f == nil {
		f = a.newFlow(k, d)
	} else if f.next != &a.flows.ring {
		a.flows.unlink(f)
		a.flows.append(f)
	}
	return f, f.side(d)
}

func (f *flow) side(d *decode.Datagram) int {
	if f.ID.Src.Addr() == d.Src && f.ID.Src.Port() == d.SrcPort {
		return 0
	}
	return 1
}

func (a *analysis) newFlow(k flowKey, d *decode.Datagram) *flow {
	a.makeRoom(d)
	f := &flow{key: k}
	f.ID = FlowID{d.Proto, netip.AddrPortFrom(d.Src, d.SrcPort), netip.AddrPortFrom(d.Dst, d.DstPort)}
	if d.Proto == protoTCP && d.Flags&(flagSYN|flagACK) == flagSYN|flagACK {
		f.ID = f.ID.Reverse()
	}
	f.First = Mark{Packet: d.Number, Time: d.Time}
	a.flows.m[k] = f
	a.flows.append(f)
	a.stats.Flows++
	if a.h.NewFlow != nil {
		if err := a.h.NewFlow(&f.Flow); err != nil {
			a.fail(err)
		}
	}
	return f
}

// makeRoom forgets the flow that was idle longest. Nothing is lost where it had
// ended, was idle for long, or carried no stream; otherwise that is said.
func (a *analysis) makeRoom(d *decode.Datagram) {
	if len(a.flows.m) < a.opts.MaxFlows {
		return
	}
	f := a.flows.oldest()
	ended := f.Flags[0]&flagFIN != 0 && f.Flags[1]&flagFIN != 0 || (f.Flags[0]|f.Flags[1])&flagRST != 0
	switch {
	case ended || d.Time.Sub(f.Last.Time) > a.opts.Idle:
		a.stats.FlowsExpired++
	case f.ID.Proto != protoTCP || f.Payload == [2]int64{}: // its record may come in two parts
		a.stats.FlowsExpired++
		f.Cut = true
	default:
		a.stats.FlowsCut++
		f.Cut = true
	}
	a.forget(f)
}

// forget ends a flow: its connection is flushed and it is reported.
func (a *analysis) forget(f *flow) {
	a.noHello(f)
	if f.conn != nil {
		a.drop(f.conn)
	}
	a.flows.unlink(f)
	delete(a.flows.m, f.key)
	if a.h.Flow != nil && a.err == nil {
		if err := a.h.Flow(&f.Flow); err != nil {
			a.fail(err)
		}
	}
}
