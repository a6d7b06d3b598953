package compiled

import "encoding/binary"

// chunkSize is the unit in which an arena grows: in one piece it would be
// copied, and held twice, each time that it gets too small.
const chunkSize = 1 << 20

// arena holds texts, each behind its length as u16. The empty text is at 0.
type arena struct{ chunks [][]byte }

func newArena() arena { return arena{[][]byte{make([]byte, 2, 1<<16)}} }

// add stores s, of 64 KiB at most, and returns its offset. A text lies in one
// chunk; what is left of the one before stays empty.
func (a *arena) add(s string) uint32 {
	last := &a.chunks[len(a.chunks)-1]
	if len(*last)+2+len(s) > chunkSize {
		a.chunks = append(a.chunks, make([]byte, 0, chunkSize))
		last = &a.chunks[len(a.chunks)-1]
	}
	off := uint32((len(a.chunks)-1)*chunkSize + len(*last))
	*last = binary.LittleEndian.AppendUint16(*last, uint16(len(s)))
	*last = append(*last, s...)
	return off
}

// text returns the text at an offset that add gave.
func (a *arena) text(off uint32) []byte {
	b := a.chunks[off/chunkSize][off%chunkSize:]
	return b[2 : 2+binary.LittleEndian.Uint16(b)]
}

// size is what all takes in one piece, in bytes.
func (a *arena) size() int {
	n := len(a.chunks) - 1
	return n*chunkSize + len(a.chunks[n])
}

// moveTo appends the texts to b and lets go of them chunk by chunk.
func (a *arena) moveTo(b []byte) []byte {
	for i, c := range a.chunks {
		b = append(b, c...)
		if i < len(a.chunks)-1 {
			b = append(b, make([]byte, chunkSize-len(c))...)
		}
		a.chunks[i] = nil
	}
	return b
}
