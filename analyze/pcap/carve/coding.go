package carve

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// maxCodings bounds the codings undone one after another.
const maxCodings = 3

// zstdMemory bounds the window of a zstd frame (RFC 9659 allows 8 MiB).
const zstdMemory = 16 << 20

type chain struct {
	io.Reader
	closers []io.Closer
}

func (c *chain) Close() error {
	for _, x := range c.closers {
		x.Close()
	}
	return nil
}

// decoder undoes a list of content codings, the last one first. It returns nil
// and the reason where one is not known or its header is wrong.
// Of a coding under another no more than limit bytes are read.
func decoder(codings string, b []byte, limit int64) (io.ReadCloser, string) {
	c := &chain{Reader: bytes.NewReader(b)}
	names := strings.Split(codings, ",")
	if len(names) > maxCodings {
		return nil, "more content codings than are undone"
	}
	for i := len(names) - 1; i >= 0; i-- {
		name := strings.TrimSpace(names[i])
		if len(c.closers) > 0 {
			c.Reader = &bounded{c.Reader, limit}
		}
		r, err := undo(name, c.Reader)
		if err != nil {
			c.Close()
			return nil, "content coding " + name + ": " + err.Error()
		}
		if r == nil {
			c.Close()
			return nil, "content coding " + name + " is not undone here"
		}
		c.Reader = r
		c.closers = append(c.closers, r)
	}
	return c, ""
}

// errInner says that a coding under another is too long: bytes that decode to
// nothing could keep the outermost busy for ever.
var errInner = errors.New("more bytes between two content codings than are read")

// bounded fails where more than left bytes are read.
type bounded struct {
	io.Reader
	left int64
}

func (r *bounded) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if r.left -= int64(n); r.left < 0 {
		return 0, errInner
	}
	return n, err
}

func undo(name string, r io.Reader) (io.ReadCloser, error) {
	switch name {
	case "gzip", "x-gzip":
		return gzip.NewReader(r)
	case "deflate":
		return inflate(r)
	case "zstd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(zstdMemory), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	case "", "identity":
		return io.NopCloser(r), nil
	}
	return nil, nil
}

// inflate reads the zlib format, which RFC 9110 asks for, or the bare deflate
// stream that many servers send.
func inflate(r io.Reader) (io.ReadCloser, error) {
	var head [2]byte
	n, err := io.ReadFull(r, head[:])
	if err != nil {
		return nil, err
	}
	r = io.MultiReader(bytes.NewReader(head[:n]), r)
	if head[0]&0xf == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 { // RFC 1950 section 2.2
		return zlib.NewReader(r)
	}
	return flate.NewReader(r), nil
}
