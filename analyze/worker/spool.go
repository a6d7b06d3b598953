package worker

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/hozen-dfir/hozen/analyze"
)

// spool holds the events of items until all items before them are passed on: on
// disk, as those of one capture can be more than memory holds. Its file is made
// when the first come, and only grows; the system takes it back when the pool is
// closed, or dies.
type spool struct {
	dir string

	mu   sync.Mutex
	f    *os.File
	gone bool // its name is
	end  int64
}

// extent is one piece of it: whole lines.
type extent struct {
	at int64
	n  int
}

func (s *spool) put(lines []byte) (e extent, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.f == nil {
		if s.f, err = os.CreateTemp(s.dir, ".events-*"); err != nil {
			return e, fmt.Errorf("keep events: %w", err)
		}
		s.gone = os.Remove(s.f.Name()) == nil // Windows removes no open file
	}
	e = extent{s.end, len(lines)}
	if _, err := s.f.WriteAt(lines, e.at); err != nil {
		return e, fmt.Errorf("keep events: %w", err)
	}
	s.end += int64(e.n)
	return e, nil
}

// read yields the events in list, nil where there are none.
func (s *spool) read(list []extent) analyze.Events {
	if len(list) == 0 {
		return nil
	}
	return func(yield func(analyze.Event, error) bool) {
		for _, e := range list {
			b := make([]byte, e.n)
			if _, err := s.f.ReadAt(b, e.at); err != nil {
				yield(analyze.Event{}, fmt.Errorf("events that were kept: %w", err))
				return
			}
			for line := range bytes.Lines(b) {
				var ev analyze.Event
				err := json.Unmarshal(line, &ev)
				if !yield(ev, err) || err != nil {
					return
				}
			}
		}
	}
}

// sound reports whether these are whole lines, each an event: what a worker says
// is not trusted.
func sound(lines []byte) bool {
	for line := range bytes.Lines(lines) {
		var e analyze.Event
		if json.Unmarshal(line, &e) != nil || line[len(line)-1] != '\n' {
			return false
		}
	}
	return true
}

func (s *spool) close() error {
	if s.f == nil {
		return nil
	}
	err := s.f.Close()
	if !s.gone {
		err = errors.Join(err, os.Remove(s.f.Name()))
	}
	return err
}
