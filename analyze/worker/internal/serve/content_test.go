package serve

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/wire"
)

// shelf is a source that serves blocks out of order and counts.
type shelf struct {
	t      *testing.T
	stored [][]byte
	errs   map[int]string
	asked  []int
	most   int
	total  int
}

// smallLimit is the largest item that is handed out in one piece here.
const smallLimit = 64 << 20

func (s *shelf) need(_ uint64, i int) error {
	s.asked = append(s.asked, i)
	s.total++
	if s.most = max(s.most, len(s.asked)); s.most > MaxNeed {
		s.t.Fatalf("%d blocks on their way", s.most)
	}
	return nil
}

func (s *shelf) block(ctx context.Context, id uint64) (wire.BlockMsg, error) {
	if err := ctx.Err(); err != nil {
		return wire.BlockMsg{}, err
	}
	if len(s.asked) == 0 {
		s.t.Fatal("waits for a block that it did not ask for")
	}
	k := rand.IntN(len(s.asked))
	i := s.asked[k]
	s.asked = append(s.asked[:k], s.asked[k+1:]...)
	return wire.BlockMsg{ID: id, I: i, Data: s.stored[i], Err: s.errs[i]}, nil
}

// offer cuts data into blocks of odd sizes, every second one compressed.
func offer(t *testing.T, data []byte, block int) (*wire.ItemMsg, *shelf) {
	t.Helper()
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(true))
	if err != nil {
		t.Fatal(err)
	}
	m, s := &wire.ItemMsg{ID: 9, Size: int64(len(data))}, &shelf{t: t, errs: map[int]string{}}
	for at := 0; at < len(data); at += block {
		run := data[at:min(at+block, len(data))]
		b := analyze.Block{Offset: int64(at), Size: int64(len(run)), Zstd: len(s.stored)%2 == 0}
		if b.Zstd {
			run = enc.EncodeAll(run, nil)
		}
		m.Blocks, s.stored = append(m.Blocks, b), append(s.stored, run)
	}
	return m, s
}

func open(t *testing.T, m *wire.ItemMsg, s *shelf) *content {
	t.Helper()
	mem, err := newMemory(smallLimit)
	if err != nil {
		t.Fatal(err)
	}
	return newContent(t.Context(), s, m, mem)
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// TestBody reads in sequence, at random and from several goroutines.
func TestBody(t *testing.T) {
	data := random(300_077)
	m, s := offer(t, data, 10_001)
	c := open(t, m, s)
	if err := iotest.TestReader(io.NewSectionReader(c, 0, m.Size), data); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for seed := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(seed), 3))
			for range 100 {
				off, n := r.IntN(len(data)), r.IntN(25_000)
				p := make([]byte, n)
				k, err := c.ReadAt(p, int64(off))
				want := data[off:min(off+n, len(data))]
				if !bytes.Equal(p[:k], want) || (err == io.EOF) != (k < n) {
					t.Errorf("at %d: %d of %d bytes, %v", off, k, n, err)
				}
			}
		})
	}
	wg.Wait()
	if c.fault() != nil {
		t.Error(c.fault())
	}
}

// TestSequential: reading from front to end asks for each block once.
func TestSequential(t *testing.T) {
	data := random(4 << 20)
	m, s := offer(t, data, 64<<10)
	got, err := io.ReadAll(io.LimitReader(io.NewSectionReader(open(t, m, s), 0, m.Size), m.Size))
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if s.total != len(m.Blocks) || s.most < 2 {
		t.Errorf("asked %d times for %d blocks, at most %d at a time", s.total, len(m.Blocks), s.most)
	}
}

func TestBytes(t *testing.T) {
	data := random(1<<20 + 3)
	m, s := offer(t, data, 200_000)
	c := open(t, m, s)
	if b, err := c.Bytes(1 << 20); b != nil || err != nil {
		t.Errorf("beyond the limit: %d bytes, %v", len(b), err)
	}
	for range 2 {
		if b, err := c.Bytes(2 << 20); err != nil || !bytes.Equal(b, data) {
			t.Errorf("%d bytes, %v", len(b), err)
		}
	}
	if s.total != len(m.Blocks) {
		t.Errorf("asked %d times for %d blocks", s.total, len(m.Blocks))
	}
	m.Size = smallLimit + 1
	if b, err := open(t, m, s).Bytes(1 << 40); b != nil || err != nil {
		t.Errorf("beyond the worker's own limit: %d bytes, %v", len(b), err)
	}
}

// TestLies: frames that hold more, less or something else than their block
// says, and blocks that can't be had, are errors that name the place.
func TestLies(t *testing.T) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(true))
	if err != nil {
		t.Fatal(err)
	}
	var stream bytes.Buffer // a frame that does not state its size
	zw, err := zstd.NewWriter(&stream)
	if err != nil {
		t.Fatal(err)
	}
	zw.Write(make([]byte, 8<<20))
	zw.Close()
	good := enc.EncodeAll(random(1000), nil)
	bad := bytes.Clone(good)
	bad[len(bad)/2] ^= 1
	for name, stored := range map[string][]byte{
		"more": enc.EncodeAll(make([]byte, 1001), nil), "less": enc.EncodeAll(make([]byte, 999), nil),
		"bomb": enc.EncodeAll(make([]byte, 16<<20), nil), "bomb of unknown size": stream.Bytes(),
		"two frames": append(bytes.Clone(good), good...), "damaged": bad, "cut": good[:len(good)-1], "empty": {}, "text": []byte("no frame"),
	} {
		m := &wire.ItemMsg{ID: 1, Size: 1000, Blocks: []analyze.Block{{Size: 1000, Zstd: true}}, Inline: [][]byte{stored}}
		c := open(t, m, nil)
		if b, err := c.Bytes(1 << 20); !errors.Is(err, errRead) || !errors.Is(c.fault(), errRead) {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
		if _, err := c.ReadAt(make([]byte, 10), 0); !errors.Is(err, errRead) {
			t.Errorf("%s: ReadAt: %v", name, err)
		}
	}
	m, s := offer(t, random(500_000), 100_000)
	s.errs[3] = "disk on fire"
	c := open(t, m, s)
	if n, err := c.ReadAt(make([]byte, m.Size), 0); n != 300_000 || !strings.Contains(err.Error(), "disk on fire") {
		t.Errorf("%d bytes, %v", n, err)
	}
	if _, err := c.ReadAt(make([]byte, 10), 450_000); err != nil {
		t.Errorf("the block after it: %v", err)
	}
}
