package capture

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// MaxPacket bounds the captured bytes of one packet; it is the largest
// snapshot length that common tools write for network captures.
const MaxPacket = 262144

// bufferSize is what the reader takes from its source at a time.
const bufferSize = 128 << 10

// ErrFormat is returned for input that is neither pcap nor pcapng.
var ErrFormat = errors.New("not a packet capture")

// Packet is one captured packet.
type Packet struct {
	Number int       // 1-based, in file order
	Time   time.Time // UTC; the zero time where the file has none (simple packet blocks)
	Link   uint32    // LINKTYPE_ number of its interface
	Wire   int       // length on the wire, bytes
	Data   []byte    // captured bytes, valid until the next call of Next
}

// Damage says where and why a capture could not be read any further, or what
// was skipped in it. Offset counts from the start of the (decompressed) file.
type Damage struct {
	Offset  int64
	Packets int // whole packets read before this place
	Reason  string
}

func (d *Damage) Error() string {
	return fmt.Sprintf("damaged at byte %d, after %d packets: %s", d.Offset, d.Packets, d.Reason)
}

// IsMagic reports whether the first bytes of a file (4 are enough) are those
// of a capture that NewReader accepts. A gzipped file is a candidate only.
func IsMagic(b []byte) bool {
	if len(b) < 4 {
		return false
	}
	_, _, ok := pcapMagic(b)
	return ok || binary.BigEndian.Uint32(b) == blockSection || isGzip(b)
}

// HeadLen is how many bytes IsHead looks at.
const HeadLen = 12

// IsHead is stricter than IsMagic, for files that nobody calls a capture: it
// wants the version of pcap or the byte-order magic of pcapng as well, and
// refuses compressed files.
func IsHead(b []byte) bool {
	if len(b) < HeadLen {
		return false
	}
	if order, _, ok := pcapMagic(b); ok {
		return order.Uint16(b[4:]) == 2
	}
	return binary.BigEndian.Uint32(b) == blockSection &&
		(binary.BigEndian.Uint32(b[8:]) == 0x1a2b3c4d || binary.LittleEndian.Uint32(b[8:]) == 0x1a2b3c4d)
}

func isGzip(b []byte) bool { return b[0] == 0x1f && b[1] == 0x8b && b[2] == 8 }

// Reader reads one capture from start to end. Not safe for concurrent use.
type Reader struct {
	r       *bufio.Reader
	off     int64 // bytes consumed
	packets int
	skipped []*Damage
	more    int // damages beyond maxSkipped
	next    func() (Packet, error)
	buf     []byte
	done    error
}

// maxSkipped bounds the list of places that were skipped.
const maxSkipped = 16

// NewReader looks at the file header. It returns an error that wraps ErrFormat
// where r is no capture, and a *Damage where its header is cut short.
func NewReader(r io.Reader) (*Reader, error) {
	c := &Reader{r: bufio.NewReaderSize(r, bufferSize)}
	magic, err := c.r.Peek(4)
	if err == nil && isGzip(magic) {
		z, err := gzip.NewReader(c.r)
		if err != nil {
			return nil, fmt.Errorf("%w: gzip header: %v", ErrFormat, err)
		}
		c.r = bufio.NewReaderSize(z, bufferSize)
		magic, err = c.r.Peek(4)
		if err != nil {
			return nil, fmt.Errorf("%w: gzip: %v", ErrFormat, err)
		}
	}
	if len(magic) < 4 {
		return nil, fmt.Errorf("%w: %d bytes", ErrFormat, len(magic))
	}
	return c, c.start(magic)
}

func (c *Reader) start(magic []byte) error {
	if binary.BigEndian.Uint32(magic) == blockSection {
		c.next = (&ngReader{Reader: c}).next
		return nil
	}
	order, kind, ok := pcapMagic(magic)
	if !ok {
		return fmt.Errorf("%w: first bytes %x", ErrFormat, magic)
	}
	p := &pcapReader{Reader: c, order: order, kind: kind}
	c.next = p.next
	return p.header()
}

// Next returns the next packet, io.EOF at the end of a whole capture, or a
// *Damage where reading cannot go on. The same error is returned ever after.
func (c *Reader) Next() (Packet, error) {
	if c.done != nil {
		return Packet{}, c.done
	}
	p, err := c.next()
	if err != nil {
		c.done = err
		return Packet{}, err
	}
	c.packets++
	p.Number = c.packets
	return p, nil
}

// Offset returns the number of (decompressed) bytes read so far.
func (c *Reader) Offset() int64 { return c.off }

// Skipped lists places that were damaged but behind which reading went on,
// and how many more there were beyond the list.
func (c *Reader) Skipped() (places []*Damage, more int) { return c.skipped, c.more }

func (c *Reader) skip(off int64, format string, args ...any) {
	if len(c.skipped) == maxSkipped {
		c.more++
		return
	}
	c.skipped = append(c.skipped, &Damage{off, c.packets, fmt.Sprintf(format, args...)})
}

func (c *Reader) damage(off int64, format string, args ...any) error {
	return &Damage{off, c.packets, fmt.Sprintf(format, args...)}
}

// take reads n bytes into the reader's buffer, n <= limit of the caller.
func (c *Reader) take(n int, what string) ([]byte, error) {
	if cap(c.buf) < n {
		c.buf = make([]byte, n, max(n, 4096))
	}
	b := c.buf[:n]
	got, err := io.ReadFull(c.r, b)
	at := c.off
	c.off += int64(got)
	switch {
	case err == nil:
		return b, nil
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, c.damage(at, "cut short in %s: %d of %d bytes", what, got, n)
	default:
		return nil, c.damage(at+int64(got), "read error in %s: %v", what, err)
	}
}

// discard drops n bytes that are not needed.
func (c *Reader) discard(n int64, what string) error {
	at := c.off
	got, err := io.CopyN(io.Discard, c.r, n)
	c.off += got
	if err == io.EOF {
		return c.damage(at, "cut short in %s: %d of %d bytes", what, got, n)
	}
	if err != nil {
		return c.damage(at+got, "read error in %s: %v", what, err)
	}
	return nil
}

// atEnd reports whether the input ends exactly here. A read error is no end.
func (c *Reader) atEnd() bool {
	_, err := c.r.Peek(1)
	return err == io.EOF
}
