package bundle

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hozen-dfir/hozen/evidence/durable"
)

// strays accounts for every object that the seal does not speak of.
func (b *Bundle) strays() {
	base := strings.TrimSuffix(b.LastFile, ".checkpoint")
	var stray []string
	for name := range b.names {
		switch {
		case b.known[name]:
		case base != "" && b.End != nil && (name == base+".tsr" || name == base+".tsr.note" || strings.HasPrefix(name, base+".cosign/")):
			b.known[name] = true
		default:
			stray = append(stray, name)
		}
	}
	slices.Sort(stray)
	unchecked, another := 0, false
	for _, name := range stray {
		switch {
		case b.inChain(name) && b.broken == "" && b.End == nil && strings.HasPrefix(name, sealPrefix):
			b.breakAt(b.nextLeaf(), "is missing, and later ones are there")
			unchecked++
		case b.inChain(name) && b.broken != "":
			unchecked++
		case b.names[name] < 0:
			b.problem(name, "does not belong to the bundle: it %v", errNotRegular)
		case b.End == nil && (b.nextSegment(name) && !another || durable.IsTemp(name)):
			// What a collector that died may leave: one segment without its leaf,
			// and temporary files.
			another = another || !durable.IsTemp(name)
			b.Tail = append(b.Tail, name)
		case b.End != nil && b.tornTemp(name):
			b.torn, b.Tail = append(b.torn, name), append(b.Tail, name)
		default:
			b.problem(name, "does not belong to the bundle: the seal does not speak of it")
		}
	}
	if unchecked > 0 {
		b.problem(b.broken, "%d objects after it could not be checked", unchecked)
	}
}

// inChain reports whether a name is one that a leaf, a checkpoint or a segment
// could have.
func (b *Bundle) inChain(name string) bool {
	return !durable.IsTemp(name) && (strings.HasPrefix(name, sealPrefix) || strings.HasPrefix(name, "segments/"))
}

var hex16 = regexp.MustCompile(`^[0-9a-f]{16}$`)

// nextSegment reports whether a name is one that the next segment could have.
func (b *Bundle) nextSegment(name string) bool {
	prefix, ending := fmt.Sprintf("segments/%06d.", len(b.Segments)+1), ".zip"
	if b.Encrypted() {
		ending += ".age"
	}
	name, ok := strings.CutPrefix(name, prefix)
	digest, ok2 := strings.CutSuffix(name, ending)
	return ok && ok2 && hex16.MatchString(digest)
}

// nextLeaf is the name of the first leaf that is not there.
func (b *Bundle) nextLeaf() string { return sealName(int(b.Last.Size), "json") }
