package sink

import (
	"fmt"
	"io"

	"github.com/hozen-dfir/hozen/evidence"
)

// A source's code meets hostile bytes. Its panics cost one item: these are the
// three places where a writer calls it.

func open(j *job) (c evidence.Content, err error) {
	defer recovered(&err, "opening")
	if err := j.ctx.Err(); err != nil {
		return nil, err
	}
	return j.item.Open(j.ctx)
}

func safeRead(r io.Reader, p []byte) (n int, err error) {
	defer recovered(&err, "reading")
	n, err = r.Read(p)
	if n < 0 || n > len(p) {
		return 0, fmt.Errorf("reader returned %d of %d bytes", n, len(p))
	}
	return n, err
}

func finish(c evidence.Content) (f evidence.Finish) {
	var err error
	defer recovered(&err, "finishing")
	return c.Finish()
}

func recovered(err *error, doing string) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the source's code panicked while %s: %v", doing, p)
	}
}
