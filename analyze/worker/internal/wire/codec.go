package wire

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/hozen-dfir/hozen/analyze"
)

// encoder appends fields to a payload.
type encoder []byte

func (e *encoder) uint(v uint64) { *e = binary.AppendUvarint(*e, v) }

func (e *encoder) bytes(b []byte) {
	e.uint(uint64(len(b)))
	*e = append(*e, b...)
}

// table writes runs of equal blocks: count, size, kind. An item of 1 TiB in
// blocks of 1 MiB is one run.
func (e *encoder) table(blocks []analyze.Block) error {
	var runs encoder
	n := 0
	for i := 0; i < len(blocks); n++ {
		j := i + 1
		for j < len(blocks) && blocks[j].Size == blocks[i].Size && blocks[j].Zstd == blocks[i].Zstd {
			j++
		}
		runs.uint(uint64(j - i))
		runs.uint(uint64(blocks[i].Size))
		runs = append(runs, kind(blocks[i].Zstd))
		i = j
	}
	if n > MaxRuns || len(blocks) > maxBlocks {
		return fmt.Errorf("block table of %d blocks in %d runs is too long", len(blocks), n)
	}
	e.uint(uint64(n))
	*e = append(*e, runs...)
	return nil
}

func kind(zstd bool) byte {
	if zstd {
		return 1
	}
	return 0
}

// decoder takes fields off a payload; after the first error all are zero.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrFrame, what)
	}
	d.b = nil
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || v > math.MaxInt64 {
		d.fail("number")
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int(limit int) int {
	v := d.uint()
	if v > uint64(limit) {
		d.fail("number out of range")
		return 0
	}
	return int(v)
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail("cut short")
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) bytes() []byte {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.fail("cut short")
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) table() []analyze.Block {
	runs := d.int(MaxRuns)
	var out []analyze.Block
	var at int64
	for range runs {
		n, size, z := d.int(maxBlocks-len(out)), int64(d.int(analyze.BlockSize)), d.byte()
		if d.err != nil || size < 1 {
			d.fail("block table")
			return nil
		}
		for range n {
			out = append(out, analyze.Block{Offset: at, Size: size, Zstd: z == 1})
			at += size
		}
	}
	return out
}
