package ntfs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

const (
	sdsBlock  = 256 << 10 // $SDS holds each block of this size twice
	maxSDS    = 256 << 20 // bytes read of $SDS
	maxOwners = 100_000   // security ids kept
)

// owner is what a security descriptor says of whose a file is.
type owner struct{ user, group string }

// secure maps security ids to owners, read from $Secure:$SDS when first asked for.
type secure struct {
	mu sync.Mutex
	m  map[uint32]owner
}

func (f *FS) owners() map[uint32]owner {
	f.secure.mu.Lock()
	defer f.secure.mu.Unlock()
	if f.secure.m == nil {
		f.secure.m = f.readSDS()
	}
	return f.secure.m
}

// Owner returns the SIDs of a node's owner and group, "" where unknown.
func (f *FS) Owner(n *Node) (user, group string) {
	if o, ok := f.owners()[n.Security]; ok && n.Security != 0 {
		return o.user, o.group
	}
	if b, err := n.small(attrSecurity, ""); err == nil {
		o := parseDescriptor(b)
		return o.user, o.group
	}
	return "", ""
}

// readSDS reads the entries of $SDS: hash and id of 4 bytes, offset of 8,
// length of 4, then the descriptor; each begins at a multiple of 16.
func (f *FS) readSDS() map[uint32]owner {
	out := map[uint32]owner{}
	n, err := f.Node(Ref{Record: recordSecure})
	if err != nil {
		return out
	}
	d, err := n.Open("$SDS")
	if err != nil {
		return out
	}
	block := make([]byte, sdsBlock)
	for at := int64(0); at < min(d.Size(), maxSDS); at += 2 * sdsBlock {
		got, err := d.ReadAt(block, at)
		b := block[:got]
		for len(b) >= 20 && len(out) < maxOwners {
			id, size := binary.LittleEndian.Uint32(b[4:]), int(binary.LittleEndian.Uint32(b[16:]))
			if size < 20 || size > len(b) {
				break
			}
			out[id] = parseDescriptor(b[20:size])
			b = b[min(len(b), (size+15)&^15):]
		}
		if err != nil && !errors.Is(err, io.EOF) {
			break
		}
	}
	return out
}

// parseDescriptor reads a self-relative security descriptor, [MS-DTYP] 2.4.6.
func parseDescriptor(b []byte) owner {
	if len(b) < 20 {
		return owner{}
	}
	at := func(i int) string { return sid(b, int(binary.LittleEndian.Uint32(b[i:]))) }
	return owner{at(4), at(8)}
}

// sid prints the SID at off, [MS-DTYP] 2.4.2.
func sid(b []byte, off int) string {
	h, ok := cut(b, off, 8)
	if !ok || off == 0 || h[0] != 1 || h[1] > 15 {
		return ""
	}
	subs, ok := cut(b, off+8, 4*int(h[1]))
	if !ok {
		return ""
	}
	var s strings.Builder
	fmt.Fprintf(&s, "S-1-%d", uint64(h[2])<<40|uint64(h[3])<<32|uint64(binary.BigEndian.Uint32(h[4:])))
	for ; len(subs) > 0; subs = subs[4:] {
		fmt.Fprintf(&s, "-%d", binary.LittleEndian.Uint32(subs))
	}
	return s.String()
}
