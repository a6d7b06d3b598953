package run

import (
	"fmt"
	"hash/maphash"
	"strings"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
)

// Bounds of files with several names (hard links). Names are free: 65,000 of a
// file of 10 GB would be 650 TB to read.
const (
	maxAgain  = 8 << 30 // bytes taken again under further names
	maxLinked = 1 << 18 // files with several names that are remembered
)

// links remembers the files with several names. Their content is taken under
// each of them, as a person expects, until that comes to maxAgain.
type links struct {
	seed  maphash.Seed
	met   map[uint64]struct{} // digests of what tells files apart
	again int64
}

func newLinks() *links { return &links{seed: maphash.MakeSeed(), met: map[uint64]struct{}{}} }

// refuse says why the content under this name is not taken, or counts it. The
// time of birth tells a new file from one whose inode it got.
func (l *links) refuse(r *evidence.Record) string {
	if r.Nlink < 2 || r.Inode == "" || r.StatLen <= 0 {
		return ""
	}
	stream := "" // of the file: it has content of its own
	if path := strings.TrimSuffix(r.RawPath(), collect.StreamType); r.Type == evidence.TypeADS {
		stream = path[strings.LastIndexByte(path, ':')+1:]
	}
	key := maphash.Comparable(l.seed, [5]string{r.Source, r.Dev, r.Inode, r.BTime.String(), stream})
	_, known := l.met[key]
	if !known && len(l.met) < maxLinked {
		l.met[key] = struct{}{}
		return ""
	}
	if r.StatLen <= maxAgain-l.again {
		l.again += r.StatLen
		return ""
	}
	if !known {
		return fmt.Sprintf("budget links: more than %d files with several names were met, and %d bytes taken again; it can't be told whether this one was", maxLinked, l.again)
	}
	return fmt.Sprintf("another name of a file that was met before: inode %s of device %s; %d bytes of such files were taken again already", r.Inode, r.Dev, l.again)
}
