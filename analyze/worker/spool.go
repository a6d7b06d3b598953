package worker

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/wire"
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

// extent is one piece of it: whole events.
type extent struct {
	at int64
	n  int
}

func (s *spool) put(events []byte) (e extent, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.f == nil {
		if s.f, err = os.CreateTemp(s.dir, ".events-*"); err != nil {
			return e, fmt.Errorf("keep events: %w", err)
		}
		s.gone = os.Remove(s.f.Name()) == nil // Windows removes no open file
	}
	e = extent{s.end, len(events)}
	if _, err := s.f.WriteAt(events, e.at); err != nil {
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
			for len(b) > 0 {
				ev, rest, err := wire.DecodeEvent(b)
				if !yield(ev, err) || err != nil {
					return
				}
				b = rest
			}
		}
	}
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
