package segment

import (
	"bytes"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// A frame states the size of its content, so that a reader knows what to make
// room for; the smallest may leave it out.
func TestFrameStatesItsSize(t *testing.T) {
	stated, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stated.Close()
	for _, n := range []int{1, 255, 256, 5000, FrameSize} {
		content := bytes.Repeat([]byte("ab"), n)[:n]
		if err := CheckFrame(stated.EncodeAll(content, nil), n); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		if err := CheckFrame(stated.EncodeAll(content, nil), n+1); n >= mustState && err == nil {
			t.Errorf("%d bytes pass for %d", n, n+1)
		}
		var b bytes.Buffer
		w, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range [][]byte{content[:n/2], content[n/2:]} { // a stream's end is not known at its beginning
			_, err := w.Write(part)
			if err == nil {
				err = w.Flush()
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		var h zstd.Header
		if err := h.Decode(b.Bytes()); err != nil || h.HasFCS {
			t.Fatalf("%d bytes: %+v, %v", n, h, err)
		}
		if err := CheckFrame(b.Bytes(), n); (err == nil) != (n < mustState) {
			t.Errorf("%d bytes that are not stated: %v", n, err)
		}
	}
}
