package bundle_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
)

// A bundle of small items is read without a frame's worth of memory for each.
func TestReadersOfSmallItemsShareADecoder(t *testing.T) {
	const n = 50
	var items []evidence.Item
	for i := range n {
		it := evidence.Item{Open: evidence.Bytes(fmt.Appendf(nil, "small %d", i))}
		it.Record.Source, it.Record.Type = "live", evidence.TypeFile
		it.Record.SetPath(fmt.Sprintf("/small/%d", i))
		items = append(items, it)
	}
	m := bundletest.New(t)
	o := m.Options()
	o.Recipients, o.NoEncryption = nil, true
	dir, _ := m.Write(o, items...)
	b := m.Open(dir)
	var all []*bundle.Item
	for it, err := range b.Items(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, it)
	}
	read := testing.Benchmark(func(tb *testing.B) {
		for i := range tb.N {
			r, err := b.Reader(context.Background(), all[i%n])
			if err != nil {
				tb.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || string(got) != fmt.Sprintf("small %d", i%n) {
				tb.Fatalf("%q %v", got, err)
			}
			r.Close()
			if _, err := r.Read(make([]byte, 1)); err == nil {
				tb.Fatal("a closed reader reads")
			}
		}
	})
	if got := read.AllocedBytesPerOp(); got > 32<<10 {
		t.Errorf("%d bytes of memory for each item", got)
	}
}
