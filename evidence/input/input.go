// Package input reads the small files that a user names: keys, passphrases,
// settings. A pipe may stand for one (<(gpg -d key.gpg), say), and none is ever
// waited for without end: not for one who writes, nor for what is written.
package input

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// How long a pipe may take: to find one who writes to it, and to give
// everything; somebody may have to type a passphrase on its other side.
const (
	untilFirst = time.Second
	untilLast  = 2 * time.Minute
)

// Open opens a file or pipe for reading. A folder is an error.
func Open(name string) (io.ReadCloser, error) { return open(name, untilFirst, untilLast) }

// Small reads a whole file or pipe of at most limit bytes.
func Small(name string, limit int64) ([]byte, error) {
	f, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return b, nil
}

func open(name string, first, last time.Duration) (io.ReadCloser, error) {
	f, err := os.OpenFile(name, openFlags, 0)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	switch {
	case err != nil:
	case st.IsDir():
		err = fmt.Errorf("%s is a folder", name)
	case st.Mode()&fs.ModeNamedPipe != 0:
		_ = f.SetReadDeadline(time.Now().Add(last)) // where the system has none for it, the pipe is read without
		return &pipe{File: f, first: time.Now().Add(first)}, nil
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// pipe is a pipe that was opened without waiting. As long as nobody has opened
// its other side, reading it finds its end.
type pipe struct {
	*os.File
	first time.Time // until when the other side may come
	began bool
}

func (p *pipe) Read(b []byte) (int, error) {
	for {
		n, err := p.File.Read(b)
		switch {
		case n > 0:
			p.began = true
		case errors.Is(err, os.ErrDeadlineExceeded):
			err = fmt.Errorf("%s is a pipe, and what writes to it does not come to an end", p.Name())
		case err == io.EOF && !p.began && time.Now().Before(p.first):
			time.Sleep(20 * time.Millisecond)
			continue
		case err == io.EOF && !p.began:
			err = fmt.Errorf("%s is a pipe that nobody wrote anything to", p.Name())
		}
		return n, err
	}
}
