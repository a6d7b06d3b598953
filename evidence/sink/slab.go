package sink

import (
	"filippo.io/age"

	"github.com/hozen-dfir/hozen/evidence/segment"
)

// slab is the memory of one segment. The plaintext is built some room behind its
// beginning, so that it can be encrypted where it lies: a third buffer of that
// size would be a sixth of what a collection may take of the host's memory.
type slab struct {
	*segment.Builder
	all []byte
}

func newSlab(size int) *slab {
	all := make([]byte, segment.CipherRoom+size)
	return &slab{segment.NewBuilder(all[segment.CipherRoom:segment.CipherRoom]), all}
}

// step is what is given to age at once: one chunk of its own (64 KiB), which it
// keeps to itself until it knows whether it was the last.
const step = 64 << 10

// encrypt turns plain, which the builder's Close returned, into an age file.
// Plain is gone then.
func (s *slab) encrypt(plain []byte, to []age.Recipient) ([]byte, error) {
	out := overwriter{buf: s.all[:0], read: segment.CipherRoom}
	enc, err := age.Encrypt(&out, to...)
	for err == nil && len(plain) > 0 {
		n := min(step, len(plain))
		_, err = enc.Write(plain[:n])
		plain, out.read = plain[n:], out.read+n
	}
	if err == nil {
		err = enc.Close()
	}
	return out.buf, err
}

// overwriter gathers what is written in the memory that was read: of its
// backing array, the first read bytes are free.
type overwriter struct {
	buf   []byte
	read  int
	moved bool
}

// Write moves to memory of its own where so many recipients stand in the file's
// head that the room before the plaintext is not enough.
func (o *overwriter) Write(p []byte) (int, error) {
	if !o.moved && len(o.buf)+len(p) > o.read {
		o.buf, o.moved = append(make([]byte, 0, cap(o.buf)+len(p)), o.buf...), true
	}
	o.buf = append(o.buf, p...)
	return len(p), nil
}
