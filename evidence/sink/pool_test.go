package sink

import (
	"bytes"
	"context"
	"testing"
)

// TestSettle holds small frames to their own buffers: copied, never more than
// there are, given back to where they came from.
func TestSettle(t *testing.T) {
	p := newPool(4, 1)
	frame := bytes.Repeat([]byte("x"), smallFrame)
	if _, ok := p.settle(append(frame, 'x')); ok {
		t.Error("a frame too large for a small buffer was put in one")
	}
	var taken [][]byte
	for range smallFrames {
		b, ok := p.settle(frame)
		if !ok || !bytes.Equal(b, frame) || &b[0] == &frame[0] {
			t.Fatalf("frame %d: settled: %v", len(taken), ok)
		}
		taken = append(taken, b)
	}
	if _, ok := p.settle(frame); ok {
		t.Error("more small buffers than there are")
	}
	p.put(taken[0])
	if b, ok := p.settle(frame[:1]); !ok || string(b) != "x" {
		t.Errorf("after one came back: %q, %v", b, ok)
	}
	if len(p.free) != 4 {
		t.Errorf("%d large buffers, want the 4 there were", len(p.free))
	}
	if b, err := p.get(context.Background(), 1); err != nil || cap(b) <= smallFrame {
		t.Errorf("a large buffer: %d bytes, %v", cap(b), err)
	}
}
