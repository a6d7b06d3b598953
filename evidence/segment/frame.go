package segment

import (
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// mustState is the least content whose size a frame must state.
const mustState = 256

// CheckFrame checks that the bytes are one zstd frame with checksum, from first
// to last: decoders pass over skippable frames, and go on with a second frame,
// without a word (RFC 8878, sections 3.1.1 and 3.1.2). The size of its content,
// which small ones may leave out, must be content bytes.
func CheckFrame(b []byte, content int) error {
	var h zstd.Header
	switch err := h.Decode(b); {
	case err != nil:
		return err
	case h.Skippable || !h.HasCheckSum:
		return errors.New("is skippable, or has no checksum")
	case h.HasFCS && h.FrameContentSize != uint64(content):
		return fmt.Errorf("states %d bytes; the index says %d", h.FrameContentSize, content)
	case !h.HasFCS && content >= mustState:
		return fmt.Errorf("does not state the size of its %d bytes", content)
	}
	for at, last := h.HeaderSize, false; ; {
		if last {
			if at+4 != len(b) { // 4 bytes of checksum
				return fmt.Errorf("has %d bytes; it ends at %d", len(b), at+4)
			}
			return nil
		}
		if at+3 > len(b) {
			return errors.New("is cut short")
		}
		block := int(b[at]) | int(b[at+1])<<8 | int(b[at+2])<<16
		size := block >> 3
		if block>>1&3 == 1 { // one byte, repeated
			size = 1
		}
		at, last = at+3+size, block&1 == 1
	}
}
