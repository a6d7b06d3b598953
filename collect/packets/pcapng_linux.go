package packets

import (
	"bytes"
	"encoding/binary"
	"time"
)

// Block types, link types and options of pcapng
// (draft-ietf-opsawg-pcapng, and the registry of link types at tcpdump.org).
const (
	blockSection   = 0x0A0D0D0A
	blockInterface = 1
	blockStats     = 5
	blockPacket    = 6
	magic          = 0x1A2B3C4D

	linkEthernet = 1
	linkRaw      = 101
	link80211    = 105
	linkRadiotap = 127
	linkSLL2     = 276

	optUserAppl = 4 // of a section
	optHardware = 2
	optOS       = 3

	optIfName   = 2 // of an interface
	optIfMAC    = 6
	optTsResol  = 9
	optFlags    = 2 // of a packet
	optStart    = 2 // of statistics
	optEnd      = 3
	optReceived = 4
	optOSDrop   = 7
	optDeliver  = 8
)

// option is one option of a block.
type option struct {
	code  uint16
	value []byte
}

// writer appends blocks in little-endian order to a buffer.
type writer struct{ bytes.Buffer }

var le = binary.LittleEndian

// block appends one block: type, length, body, options, length again.
func (w *writer) block(typ uint32, opts []option, body ...[]byte) {
	n := 0
	for _, b := range body {
		n += len(b)
	}
	total := 12 + pad4(n)
	if len(opts) > 0 {
		total += 4
	}
	for _, o := range opts {
		total += 4 + pad4(len(o.value))
	}
	var head [8]byte
	le.PutUint32(head[:], typ)
	le.PutUint32(head[4:], uint32(total))
	w.Write(head[:])
	for _, b := range body {
		w.Write(b)
	}
	w.zeros(pad4(n) - n)
	for _, o := range opts {
		le.PutUint16(head[:], o.code)
		le.PutUint16(head[2:], uint16(len(o.value)))
		w.Write(head[:4])
		w.Write(o.value)
		w.zeros(pad4(len(o.value)) - len(o.value))
	}
	if len(opts) > 0 {
		w.zeros(4) // opt_endofopt
	}
	le.PutUint32(head[:], uint32(total))
	w.Write(head[:4])
}

func (w *writer) zeros(n int) {
	var z [4]byte
	w.Write(z[:n])
}

func pad4(n int) int { return (n + 3) &^ 3 }

// section begins the file; its length is not stated.
func (w *writer) section(hardware, system string) {
	b := le.AppendUint32(nil, magic)
	b = le.AppendUint16(b, 1)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint64(b, ^uint64(0))
	w.block(blockSection, []option{{optHardware, []byte(hardware)}, {optOS, []byte(system)}, {optUserAppl, []byte("hozen")}}, b)
}

// iface describes an interface; packets refer to it by its place in the file.
func (w *writer) iface(link uint16, snaplen uint32, name string, mac []byte) {
	b := le.AppendUint16(nil, link)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint32(b, snaplen)
	opts := []option{{optIfName, []byte(name)}, {optTsResol, []byte{9}}}
	if len(mac) == 6 {
		opts = append(opts, option{optIfMAC, mac})
	}
	w.block(blockInterface, opts, b)
}

// packet appends one packet, given in pieces. size is its length on the wire.
func (w *writer) packet(id uint32, ns uint64, size, flags uint32, pieces ...[]byte) {
	n := 0
	for _, p := range pieces {
		n += len(p)
	}
	var b [20]byte
	le.PutUint32(b[:], id)
	le.PutUint32(b[4:], uint32(ns>>32))
	le.PutUint32(b[8:], uint32(ns))
	le.PutUint32(b[12:], uint32(n))
	le.PutUint32(b[16:], size)
	var opts []option
	if flags != 0 {
		opts = []option{{optFlags, le.AppendUint32(nil, flags)}}
	}
	w.block(blockPacket, opts, append([][]byte{b[:]}, pieces...)...)
}

// stats are the counters of one interface.
type stats struct {
	start, end                 time.Time
	received, dropped, written uint64
}

func (w *writer) stats(id uint32, s stats) {
	stamp := func(t time.Time) []byte {
		ns := uint64(t.UnixNano())
		return le.AppendUint32(le.AppendUint32(nil, uint32(ns>>32)), uint32(ns))
	}
	num := func(v uint64) []byte { return le.AppendUint64(nil, v) }
	w.block(blockStats, []option{
		{optStart, stamp(s.start)}, {optEnd, stamp(s.end)},
		{optReceived, num(s.received)}, {optOSDrop, num(s.dropped)}, {optDeliver, num(s.written)},
	}, le.AppendUint32(nil, id), stamp(s.end))
}
