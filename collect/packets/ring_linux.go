package packets

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// retire is after how many milliseconds the kernel hands over a block that is
// not full.
const retire = 50

// ring is a packet socket on one interface, with a buffer shared with the kernel.
type ring struct {
	fd     int
	mem    []byte
	size   int // of a block
	next   int // the block to be read next
	iface  net.Interface
	id     uint32 // in the capture file
	link   uint16
	known  bool // link is known: from the first packet, or from the system
	events int  // errors that the socket reported (interface down)
	stats  stats
	gone   bool
}

// openRing opens a socket without a protocol, so that nothing is taken before
// its buffer of about total bytes is there, and then binds it.
func openRing(i net.Interface, total, snaplen int) (*ring, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("opening a packet socket: %w", err)
	}
	r := &ring{fd: fd, iface: i, size: blockSize(total), link: linkEthernet}
	if err := r.setUp(total, snaplen); err != nil {
		r.close()
		return nil, fmt.Errorf("capturing on interface %s: %w", i.Name, err)
	}
	r.stats.start = time.Now()
	return r, nil
}

// minBlock holds the largest packet that loopback and offloading commonly make,
// 64 KiB with its headers: the kernel drops those that no block has room for.
const minBlock = 128 << 10

// blockSize is a power of two of which the buffer holds at least four, or two of
// the smallest.
func blockSize(total int) int {
	n := max(os.Getpagesize(), minBlock)
	for n*8 <= total && n < 512<<10 {
		n *= 2
	}
	return n
}

func (r *ring) setUp(total, snaplen int) error {
	if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("setting TPACKET_V3: %w", err)
	}
	n := max(total/r.size, 2)
	req := unix.TpacketReq3{
		Block_size: uint32(r.size), Block_nr: uint32(n),
		Frame_size: 2048, Frame_nr: uint32(n * r.size / 2048), Retire_blk_tov: retire,
	}
	if err := unix.SetsockoptTpacketReq3(r.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return fmt.Errorf("making a buffer of %d bytes: %w", n*r.size, err)
	}
	var err error
	if r.mem, err = unix.Mmap(r.fd, 0, n*r.size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return fmt.Errorf("mapping the buffer: %w", err)
	}
	if err := r.keep(snaplen); err != nil { // the kernel cuts as well
		return fmt.Errorf("setting the length kept: %w", err)
	}
	if h, err := hardware(r.fd, r.iface.Name); err == nil {
		r.link, r.known = linkType(h), true
	}
	addr := unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_ALL), Ifindex: r.iface.Index}
	if err := unix.Bind(r.fd, &addr); err != nil {
		return fmt.Errorf("binding: %w", err)
	}
	return nil
}

// keep sets how many bytes of each packet the kernel keeps; with 0 it passes
// packets by without counting them.
func (r *ring) keep(bytes int) error {
	f := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: uint32(bytes)}}
	return unix.SetsockoptSockFprog(r.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &f[0]})
}

// deaf ends the taking of packets, so that those counted are all in the buffer.
func (r *ring) deaf() {
	if !r.gone {
		_ = r.keep(0) // else some that are counted last are not written
	}
}

// hardware asks for the ARPHRD_… type of an interface (SIOCGIFHWADDR,
// netdevice(7)).
func hardware(fd int, name string) (uint16, error) {
	req, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, req); err != nil {
		return 0, err
	}
	return req.Uint16(), nil // sa_family
}

func htons(v uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], v)
	return binary.NativeEndian.Uint16(b[:])
}

// status is the word by which kernel and reader hand a block to each other.
func (r *ring) status(n int) *uint32 {
	return (*uint32)(unsafe.Pointer(&r.mem[n*r.size+8]))
}

// drain calls f for the packets of every block that is ready, until more says
// that there is room for no other.
func (r *ring) drain(more func() bool, f func(*ring, frame)) error {
	for more() {
		st := r.status(r.next)
		if atomic.LoadUint32(st)&statusUser == 0 {
			return nil
		}
		err := eachFrame(r.mem[r.next*r.size:(r.next+1)*r.size], func(p frame) { f(r, p) })
		atomic.StoreUint32(st, 0) // TP_STATUS_KERNEL
		r.next = (r.next + 1) % (len(r.mem) / r.size)
		if err != nil {
			return err
		}
	}
	return nil
}

// count adds the kernel's counters, which begin anew at each reading. Those of
// packets include the dropped ones.
func (r *ring) count() {
	if s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
		r.stats.received += uint64(s.Packets)
		r.stats.dropped += uint64(s.Drops)
	}
	r.stats.end = time.Now()
}

func (r *ring) close() {
	if r.mem != nil {
		_ = unix.Munmap(r.mem)
		r.mem = nil
	}
	if r.fd >= 0 {
		_ = unix.Close(r.fd)
		r.fd = -1
	}
}
