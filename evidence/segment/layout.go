package segment

import (
	"archive/zip"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

const (
	centralLen = 46
	endLen     = 22
)

// gapless checks that the segment is its entries and their directory, in their
// order, and nothing else: no bytes between, before or after them, and no local
// header that tells another tool something else than the directory tells here.
func (s *Segment) gapless(files []*zip.File) error {
	at, dir := 0, 0
	var central []byte
	for i, f := range files {
		size := int(f.CompressedSize64) // stored has seen that it lies inside
		if at+localLen+len(f.Name)+size > len(s.raw) || !sameLocal(s.raw[at:], at, f) {
			return fmt.Errorf("the local header of entry %q is not at %d, or says something else than the directory", f.Name, at)
		}
		if last := len(files) - i; last == 1 && f.Name != IndexName || last == 2 && f.Name != ItemsName {
			return fmt.Errorf("entry %q is not where it must be: %s and %s come last", f.Name, ItemsName, IndexName)
		}
		central = appendCentral(central, headOf(f, at))
		at += localLen + len(f.Name) + size
		dir += centralLen + len(f.Name)
	}
	end := at + dir
	if end+endLen != len(s.raw) {
		return errors.New("it has bytes that belong to no entry")
	}
	if err := sameCentral(s.raw[at:end], central, files); err != nil {
		return err
	}
	want := appendEnd(nil, len(files), dir, at)
	if string(s.raw[end:]) != string(want) {
		return errors.New("the end of its directory is not what it must be")
	}
	return nil
}

// headOf is what the headers of an entry at the offset must say.
func headOf(f *zip.File, at int) entryHead {
	return entryHead{name: f.Name, crc: f.CRC32, size: uint32(f.CompressedSize64), offset: uint32(at)}
}

// sameLocal compares a local header with what the directory says: no flags but
// that for UTF-8, no extra field, true sizes and CRC, version needed 10 or 20.
func sameLocal(b []byte, at int, f *zip.File) bool {
	if v := f.ReaderVersion; v != needs10 && v != needs20 || f.Flags&^flagUTF8 != 0 {
		return false
	}
	want := appendLocal(nil, headOf(f, at))
	le.PutUint16(want[4:], f.ReaderVersion)
	le.PutUint16(want[6:], f.Flags)
	return string(b[:len(want)]) == string(want)
}

// sameCentral compares the directory with the one that a writer makes. Only what
// sameLocal has seen to is free.
func sameCentral(have, want []byte, files []*zip.File) error {
	at := 0
	for _, f := range files {
		le.PutUint16(want[at+6:], f.ReaderVersion)
		le.PutUint16(want[at+8:], f.Flags)
		if n := at + centralLen + len(f.Name); string(have[at:n]) != string(want[at:n]) {
			return fmt.Errorf("the directory's header of entry %q is not what it must be", f.Name)
		}
		at += centralLen + len(f.Name)
	}
	return nil
}

// bounded checks the limits that a writer keeps (SPEC.md, "Limits").
func (s *Segment) bounded() error {
	if len(s.items) > maxRecords+1 {
		return fmt.Errorf("%s has %d bytes, at most %d", ItemsName, len(s.items), maxRecords)
	}
	n := 0
	for line := range s.Lines() {
		if n++; len(line) > MaxRecord || n > maxItems {
			return fmt.Errorf("%s: line %d: at most %d lines of %d bytes", ItemsName, n, maxItems, MaxRecord)
		}
	}
	return nil
}

var collisions = regexp.MustCompile(`^(~[0-9]+)+$`)

// Fits reports whether an entry may have this name where the record's path
// gives wanted: names that were taken have ~1, ~2 … before .zst.
func Fits(name, wanted string) bool {
	if name == wanted {
		return true
	}
	stem, ending := splitName(wanted)
	rest, ok := strings.CutPrefix(name, stem)
	if !ok {
		return false
	}
	more, ok := strings.CutSuffix(rest, ending)
	return ok && collisions.MatchString(more)
}

// splitName cuts an entry's name before its last .zst: the path before it may
// hold others.
func splitName(name string) (stem, ending string) {
	at := strings.LastIndex(name, ".zst")
	if at < 0 {
		return name, ""
	}
	return name[:at], name[at:]
}
