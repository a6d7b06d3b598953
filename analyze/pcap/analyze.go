package pcap

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/hozen-dfir/hozen/analyze/pcap/capture"
	"github.com/hozen-dfir/hozen/analyze/pcap/decode"
	"github.com/hozen-dfir/hozen/analyze/pcap/dns"
)

// checkEvery is how many packets pass between looks at the context.
const checkEvery = 256

// analysis is the state of one run.
type analysis struct {
	opts  Options
	h     Handler
	stats Stats
	dec   *decode.Decoder
	flows table
	busy  connList
	mem   int // bytes held by connections

	hellos []*flow // with a QUIC hello being collected, oldest first

	captured, decoded int64 // bytes of packets, and of compressed bodies

	err error // of a handler
}

// Analyze reads a capture from r and calls h. The Stats are valid whatever the
// error: one that wraps capture.ErrFormat where r is no capture, one that wraps
// ErrIncomplete where something was not examined, that of the context, or that
// of a handler.
func Analyze(ctx context.Context, r io.Reader, opts Options, h Handler) (*Stats, error) {
	a := &analysis{opts: opts.withDefaults(), h: h}
	a.flows.init()
	a.busy.init()
	a.dec = decode.New(decode.Limits{}, a.datagram)
	cr, err := capture.NewReader(r)
	if errors.Is(err, capture.ErrFormat) {
		return &a.stats, err
	}
	if err == nil {
		err = a.packets(ctx, cr)
	}
	var damage *capture.Damage
	if err != nil && !errors.As(err, &damage) {
		return &a.stats, err
	}
	a.dec.Close()
	a.closeAll()
	a.stats.Read = cr.Offset()
	a.stats.Decoded = a.dec.Stats
	a.stats.damage(cr, err)
	if a.err != nil {
		return &a.stats, a.err
	}
	return &a.stats, a.stats.incomplete()
}

// packets reads to the end (nil), to damage, or to another reason to stop.
func (a *analysis) packets(ctx context.Context, r *capture.Reader) error {
	for n := 0; ; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return fmt.Errorf("reading a capture, at packet %d: %w", n, context.Cause(ctx))
		}
		p, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		a.captured += int64(len(p.Data))
		a.dec.Packet(&p)
		if a.err != nil {
			return a.err
		}
	}
}

// fail keeps the first error of a handler.
func (a *analysis) fail(err error) {
	if a.err == nil {
		a.err = err
	}
}

// datagram takes one IP payload from the decoder.
func (a *analysis) datagram(d *decode.Datagram) {
	f, dir := a.flow(d)
	at := Mark{Packet: d.Number, Time: d.Time}
	f.count(d, dir, at)
	switch d.Proto {
	case protoTCP:
		a.segment(f, dir, d, at)
	case protoUDP:
		a.udp(f, dir, d, at)
	}
}

// portNetBIOS is that of names which look like those of DNS, but are encoded
// (RFC 1002 section 4.2).
const portNetBIOS = 137

func (a *analysis) udp(f *flow, dir int, d *decode.Datagram, at Mark) {
	id := f.direction(dir)
	kind := dnsKind(d.SrcPort, d.DstPort)
	if kind == "" && d.SrcPort != portNetBIOS && d.DstPort != portNetBIOS && dns.Looks(d.Payload) {
		kind = "dns"
	}
	if kind != "" && len(d.Payload) > 0 {
		f.Protocol = "dns"
		a.dns(id, kind, d.Payload, at)
		return
	}
	if !a.quicHello(f, dir, d.Payload, at) &&
		(d.SrcPort == 443 || d.DstPort == 443) && len(d.Payload) > 5 && d.Payload[0]&0xc0 == 0xc0 {
		a.stats.QUIC++ // long header of RFC 9000 section 17.2
	}
}

// closeAll ends every flow, oldest first.
func (a *analysis) closeAll() {
	for f := a.flows.oldest(); f != nil && a.err == nil; f = a.flows.oldest() {
		a.forget(f)
	}
}
