package serve

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"testing"

	"github.com/hozen-dfir/hozen/analyze/worker/internal/wire"
)

// Content that is not what its record says is an error for every analyzer, as
// soon as it is read to its end, in one piece or in sequence.
func TestContentIsHeldAgainstItsRecord(t *testing.T) {
	data := random(700_001)
	sum := sha256.Sum256(data)
	for name, read := range map[string]func(c *content) error{
		"in one piece": func(c *content) error { _, err := c.Bytes(smallLimit); return err },
		"in sequence": func(c *content) error {
			_, err := io.Copy(io.Discard, io.NewSectionReader(c, 0, c.item.Size))
			return err
		},
		"at the end, then all": func(c *content) error {
			if _, err := c.ReadAt(make([]byte, 10), c.item.Size-10); err != nil {
				return err
			}
			_, err := c.Bytes(smallLimit)
			return err
		},
	} {
		for _, block := range []int{100_000, 1 << 20} {
			m, s := offer(t, data, block)
			m.Record.SHA256 = hex.EncodeToString(sum[:])
			c := open(t, m, s)
			for range 2 {
				if err := read(c); err != nil || c.fault() != nil {
					t.Errorf("%s: true content: %v, %v", name, err, c.fault())
				}
			}
			m, s = offer(t, data, block)
			m.Record.SHA256 = hex.EncodeToString(make([]byte, sha256.Size))
			c = open(t, m, s)
			for range 2 {
				if err := read(c); !errors.Is(err, errRecord) || !errors.Is(c.fault(), errRecord) {
					t.Errorf("%s: another content: %v, %v", name, err, c.fault())
				}
			}
		}
	}
}

// One worker's memory does not carry a digest from one item to the next.
func TestDigestsDoNotMix(t *testing.T) {
	mem, err := newMemory(smallLimit)
	if err != nil {
		t.Fatal(err)
	}
	item := func(data []byte) (*wire.ItemMsg, *shelf) {
		m, s := offer(t, data, 1000)
		sum := sha256.Sum256(data)
		m.Record.SHA256 = hex.EncodeToString(sum[:])
		return m, s
	}
	m, s := item(random(5000))
	if _, err := newContent(t.Context(), s, m, mem).ReadAt(make([]byte, 2500), 0); err != nil { // and not to its end
		t.Fatal(err)
	}
	mem.release()
	m, s = item(random(3000))
	if _, err := newContent(t.Context(), s, m, mem).Bytes(smallLimit); err != nil {
		t.Error(err)
	}
}
