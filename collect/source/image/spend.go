package image

import (
	"fmt"
	"sync"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/disk/ntfs"
)

// Bounds of what the streams that are opened may have in all, in bytes. A cluster
// belongs to one stream, but a hostile volume may give all that it has, and what
// no disk has, to each of a million.
const (
	// repeats is how much more they may hold than the image has of the volume: a
	// file is taken under each of its names (run's own bound on that is 8 GiB), and
	// on a damaged volume some clusters belong to two files.
	repeats = 16 << 30
	// maxAbsent is how much may lie behind the end of the image, or nowhere:
	// zeros are given out for it.
	maxAbsent = 2 << 40
)

// spent counts what the streams that were opened have.
type spent struct {
	mu           sync.Mutex
	held, absent int64
}

// take counts one stream, or tells that it would be too much. here is how many
// bytes of the volume the image has.
func (s *spent) take(d *ntfs.Data, here int64) error {
	held, absent := d.Held(here)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case held > here+repeats-s.held:
		return overdrawn(fmt.Sprintf("budget volume: the stream has %d bytes, and those opened before %d, on a volume of %d: the same clusters in many files", held, s.held, here))
	case absent > maxAbsent-s.absent:
		return overdrawn(fmt.Sprintf("budget volume: %d bytes of the stream are not in the image, and %d of those opened before: %d are allowed", absent, s.absent, int64(maxAbsent)))
	}
	s.held, s.absent = s.held+held, s.absent+absent
	return nil
}

// overdrawn is the error of a stream that is not read for it; its text is the reason.
type overdrawn string

func (o overdrawn) Error() string      { return string(o) }
func (overdrawn) Is(target error) bool { return target == evidence.ErrBudget }
