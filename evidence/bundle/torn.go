package bundle

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hozen-dfir/hozen/evidence/durable"
	"github.com/hozen-dfir/hozen/evidence/internal/storedzip"
	"github.com/hozen-dfir/hozen/evidence/seal"
)

// The time stamp comes after the end leaf and its checkpoint: a collector that
// dies meanwhile leaves a token without its note, the beginning of an entry, or
// a temporary file. That is no sign of a change: such a bundle is unfinished.
// Once more stands after it, it is told from one whose note was taken away.

// Torn implements Container.
func (z *zipObjects) Torn() string { return z.tornName }

// tornStamp reports whether the bundle looks as it does between the end leaf
// and the note beside the token.
func (b *Bundle) tornStamp() bool {
	if b.End == nil || b.completed() {
		return false
	}
	size, token := b.names[b.stampName()]
	return token && size >= 0 || len(b.torn) > 0
}

// completed tells that something was written which comes only after a whole
// time stamp: its note, a countersignature, or the container's end.
func (b *Bundle) completed() bool {
	if c, ok := b.objects.(Container); ok {
		return c.Whole()
	}
	if _, note := b.names[b.stampName()+".note"]; note {
		return true
	}
	base := strings.TrimSuffix(b.LastFile, ".checkpoint") + ".cosign/"
	for name := range b.names {
		if strings.HasPrefix(name, base) {
			return true
		}
	}
	return false
}

// stampName is where a time stamp over the last checkpoint lies.
func (b *Bundle) stampName() string { return strings.TrimSuffix(b.LastFile, ".checkpoint") + ".tsr" }

// tornTemp reports whether a name is that of a file which a collector was
// writing beside the end leaf when it died.
func (b *Bundle) tornTemp(name string) bool {
	_, inOne := b.objects.(Container)
	return !inOne && strings.HasPrefix(name, sealPrefix+durable.TempPrefix) && !b.completed()
}

// tornEntry checks that what follows the last whole entry, named last, is the
// beginning of the one entry that may come next in an ended bundle.
func (z *zipObjects) tornEntry(last string) error {
	errNone := fmt.Errorf("bytes after %s are neither a time stamp's nor the directory", last)
	name, ok := strings.CutSuffix(last, ".checkpoint")
	if ok {
		name += ".tsr"
	} else if strings.HasSuffix(last, ".tsr") {
		name = last + ".note"
	} else {
		return errNone
	}
	have := make([]byte, min(z.size-z.sound, int64(localLen+len(name))))
	if _, err := z.f.ReadAt(have, z.sound); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	var size, crc uint32 // bytes 14 to 25 of a local header
	if len(have) >= 26 {
		crc, size = le.Uint32(have[14:]), le.Uint32(have[18:])
	}
	if size > seal.MaxLeaf {
		return errNone
	}
	var want bytes.Buffer
	if err := storedzip.Put(zip.NewWriter(&want), name, int64(size), crc, io.LimitReader(zeros{}, int64(size))); err != nil {
		return err
	}
	for i, c := range have {
		if free := len(have) < 26 && i >= 14; !free && c != want.Bytes()[i] {
			return fmt.Errorf("%w: byte %d", errNone, z.sound+int64(i))
		}
	}
	return nil
}

// beginsEntry reports whether an entry begins at off.
func beginsEntry(r io.ReaderAt, off int64) bool {
	var sign [3]byte
	n, _ := r.ReadAt(sign[:], off)
	return n == len(sign) && string(sign[:]) == "PK\x03"
}
