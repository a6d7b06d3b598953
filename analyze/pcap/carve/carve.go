// Package carve collects the body of an HTTP message within bounds, undoes its
// content coding (RFC 9110 section 8.4), hashes it, and hands its bytes out in
// windows that overlap.
package carve

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"github.com/hozen-dfir/hozen/analyze/pcap/stream"
)

// Limits of one body. All must be set.
type Limits struct {
	Window  int   // bytes held at once; longer bodies come in windows of this size
	Overlap int   // bytes that a window repeats of the one before
	Decoded int64 // bytes decoded of a compressed body
}

// Result is what is known of a body at its end.
type Result struct {
	Size     int64  // bytes, content coding undone where Decoded is set
	Whole    bool   // all of it arrived and was decoded: the digests are those of the object
	Decoded  string // the content coding that was undone
	Problem  string // why it was not decoded, or not to its end
	Limit    bool   // Problem is one of our own limits
	MD5      string
	SHA1     string
	SHA256   string
	At, Last stream.Mark
}

// Window is a run of a body's bytes; the receiver owns them.
type Window struct {
	Offset int64 // in the body
	Bytes  []byte
	At     stream.Mark // packet of the first of its bytes
	Whole  bool        // the window is the whole body
}

// Body collects one body. It implements http1.Body.
type Body struct {
	limits Limits
	coding string
	window func(Window)
	end    func(Result)

	buf    []byte
	fresh  int   // bytes at the end of buf that no window has had
	off    int64 // of the end of buf
	at     stream.Mark
	sums   [3]hash.Hash
	res    Result
	gap    bool
	raw    bool // the content coding was not undone
	overWn bool // an encoded body over the window
}

// New returns a collector. coding is the message's Content-Encoding. window
// may be nil where only digests are wanted.
func New(l Limits, coding string, window func(Window), end func(Result)) *Body {
	b := &Body{limits: l, coding: coding, window: window, end: end}
	b.sums = [3]hash.Hash{md5.New(), sha1.New(), sha256.New()}
	b.raw = coding == "" || coding == "identity"
	return b
}

// Held returns the bytes of memory in use.
func (b *Body) Held() int { return cap(b.buf) }

// Data implements http1.Body.
func (b *Body) Data(p []byte, at stream.Mark) {
	if b.res.At.Packet == 0 {
		b.res.At = at
	}
	b.res.Last = at
	if b.raw {
		b.add(p, at)
		return
	}
	n := min(len(p), b.limits.Window-len(b.buf))
	b.buf = append(b.buf, p[:n]...)
	b.overWn = b.overWn || n < len(p)
}

// Gap implements http1.Body. What follows a gap never shares a window with
// what came before it.
func (b *Body) Gap(n int64) {
	b.gap = true
	if b.raw {
		b.flush(false)
		b.buf = b.buf[:0]
		b.off += n
	}
}

// End implements http1.Body.
func (b *Body) End(whole bool) {
	if !b.raw {
		b.decode(whole)
	} else {
		b.finish(whole && !b.gap)
	}
	b.buf = nil
}

func (b *Body) finish(whole bool) {
	b.flush(whole)
	b.res.Size, b.res.Whole = b.off, whole
	b.res.MD5 = hex.EncodeToString(b.sums[0].Sum(nil))
	b.res.SHA1 = hex.EncodeToString(b.sums[1].Sum(nil))
	b.res.SHA256 = hex.EncodeToString(b.sums[2].Sum(nil))
	b.end(b.res)
}

// add takes decoded bytes.
func (b *Body) add(p []byte, at stream.Mark) {
	for _, h := range b.sums {
		h.Write(p)
	}
	for len(p) > 0 {
		if b.fresh == 0 {
			b.at = at
		}
		n := len(p)
		if b.window != nil {
			n = min(n, b.limits.Window-len(b.buf))
			b.buf = append(b.buf, p[:n]...)
		}
		b.fresh += n
		b.off += int64(n)
		p = p[n:]
		if b.window != nil && len(b.buf) == b.limits.Window {
			b.flush(false)
		}
	}
}

// flush hands the buffer out and starts the next one with the overlap.
func (b *Body) flush(last bool) {
	if b.fresh == 0 || b.window == nil {
		return
	}
	from := b.off - int64(len(b.buf))
	full := b.buf
	b.buf = append([]byte(nil), full[max(0, len(full)-b.limits.Overlap):]...)
	b.fresh = 0
	b.window(Window{Offset: from, Bytes: full, At: b.at, Whole: last && from == 0})
}

// decode undoes the content coding of what was collected. Where that fails
// from the first byte, the body is taken as it came.
func (b *Body) decode(whole bool) {
	encoded, at := b.buf, b.res.At
	b.buf = nil
	if len(encoded) == 0 {
		b.finish(whole && !b.gap)
		return
	}
	r, problem := decoder(b.coding, encoded, b.limits.Decoded)
	if r == nil {
		b.res.Problem = problem
		b.add(encoded, at)
		b.finish(whole && !b.gap && !b.overWn)
		return
	}
	defer r.Close()
	n, err := io.Copy(writer{b, at}, io.LimitReader(r, b.limits.Decoded))
	switch {
	case err == nil && n == b.limits.Decoded:
		b.res.Problem, b.res.Limit = "more decoded bytes than are read", true
	case errors.Is(err, errInner):
		b.res.Problem, b.res.Limit = err.Error(), true
	case err != nil && n == 0:
		b.res.Problem = "content coding: " + err.Error()
		b.add(encoded, at)
		b.finish(false)
		return
	case err != nil && b.overWn:
		b.res.Problem, b.res.Limit = "more encoded bytes than are kept", true
	case err != nil:
		b.res.Problem = "content coding: " + err.Error()
	}
	b.res.Decoded = b.coding
	b.finish(whole && !b.gap && b.res.Problem == "" && !b.overWn)
}

type writer struct {
	b  *Body
	at stream.Mark
}

func (w writer) Write(p []byte) (int, error) {
	w.b.add(p, w.at)
	return len(p), nil
}
