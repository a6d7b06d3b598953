package pcap

import (
	"github.com/hozen-dfir/hozen/analyze/pcap/quic"
	"github.com/hozen-dfir/hozen/analyze/pcap/tls"
)

// maxHellos bounds the flows whose hello is being collected from QUIC packets.
// It comes in the first few, so that only the newest flows matter.
const maxHellos = 256

// quicHello reads the client's hello from a datagram, and reports whether it
// could open a packet in it. Both directions are tried: which one is the
// client's shows only by what opens.
func (a *analysis) quicHello(f *flow, dir int, b []byte, at Mark) bool {
	if f.hello || !quic.Initial(b) {
		return false
	}
	if f.quic == nil {
		a.collect(f)
	}
	p := &f.quic[dir]
	m := p.Datagram(b)
	if p.Opened() {
		f.Protocol = "quic"
	}
	if m == nil {
		return p.Opened()
	}
	f.hello, f.quic = true, nil
	h, err := tls.ParseClientHello(m)
	if h == nil || err != nil && len(h.ServerNames) == 0 {
		return true
	}
	a.stats.ClientHellos++
	if a.h.TLS != nil && a.err == nil {
		if err := a.h.TLS(&TLS{Flow: f.direction(dir), At: at, Client: h}); err != nil {
			a.fail(err)
		}
	}
	return true
}

// collect makes room for one more flow by giving up the oldest.
func (a *analysis) collect(f *flow) {
	f.quic = new([2]quic.Parser)
	a.hellos = append(a.hellos, f)
	if len(a.hellos) <= maxHellos {
		return
	}
	if old := a.hellos[0].quic; old != nil && (old[0].Opened() || old[1].Opened()) {
		a.stats.HellosCut++
	}
	a.hellos[0].quic = nil
	a.hellos = append(a.hellos[:0], a.hellos[1:]...)
}

// noHello ends the wait for a hello that did not come whole.
func (a *analysis) noHello(f *flow) {
	if q := f.quic; q != nil && (q[0].Over() || q[1].Over()) {
		a.stats.HeadsCut++
	}
	f.quic = nil
}
