package netlink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// Sizes of the headers of messages and attributes.
const (
	headerLen = 16
	attrLen   = 4
)

// ErrTruncated says that a message or attribute claims more bytes than there are.
var ErrTruncated = errors.New("netlink message cut short")

// Message is one message without its header. Body is only valid until the next
// one is read.
type Message struct {
	Type  uint16
	Flags uint16
	Seq   uint32
	Body  []byte
}

// Parse yields the messages of one datagram.
func Parse(b []byte) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for len(b) > 0 {
			if len(b) < headerLen {
				yield(Message{}, ErrTruncated)
				return
			}
			n := int64(binary.NativeEndian.Uint32(b))
			if n < headerLen || n > int64(len(b)) {
				yield(Message{}, fmt.Errorf("%w: length %d of %d", ErrTruncated, n, len(b)))
				return
			}
			m := Message{
				Type: binary.NativeEndian.Uint16(b[4:]), Flags: binary.NativeEndian.Uint16(b[6:]),
				Seq: binary.NativeEndian.Uint32(b[8:]), Body: b[headerLen:n],
			}
			if !yield(m, nil) {
				return
			}
			b = b[min(align(n), int64(len(b))):]
		}
	}
}

// Attrs holds the attributes of a message by type, the first of each. Nested
// and byte-order marks are taken off the type.
type Attrs map[uint16][]byte

// ParseAttrs decodes attributes; after damage it returns what came before it.
func ParseAttrs(b []byte) Attrs {
	out := Attrs{}
	for typ, v := range EachAttr(b) {
		if _, dup := out[typ]; !dup {
			out[typ] = v
		}
	}
	return out
}

// EachAttr yields all attributes in order, and ends at damage.
func EachAttr(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= attrLen {
			n := int64(binary.NativeEndian.Uint16(b))
			typ := binary.NativeEndian.Uint16(b[2:]) & 0x3fff
			if n < attrLen || n > int64(len(b)) || !yield(typ, b[attrLen:n]) {
				return
			}
			b = b[min(align(n), int64(len(b))):]
		}
	}
}

func align(n int64) int64 { return (n + 3) &^ 3 }

// U8 returns a one-byte attribute.
func (a Attrs) U8(t uint16) (uint8, bool) {
	if v := a[t]; len(v) >= 1 {
		return v[0], true
	}
	return 0, false
}

// U32 returns a four-byte attribute.
func (a Attrs) U32(t uint16) (uint32, bool) {
	if v := a[t]; len(v) >= 4 {
		return binary.NativeEndian.Uint32(v), true
	}
	return 0, false
}

// U64 returns an eight-byte attribute.
func (a Attrs) U64(t uint16) (uint64, bool) {
	if v := a[t]; len(v) >= 8 {
		return binary.NativeEndian.Uint64(v), true
	}
	return 0, false
}

// Text returns a string attribute up to its first zero byte.
func (a Attrs) Text(t uint16) string {
	v := a[t]
	for i, c := range v {
		if c == 0 {
			return string(v[:i])
		}
	}
	return string(v)
}
