// Package image reads files from disk images: whole disks with an MBR or a
// GPT, or single volumes. Each NTFS volume becomes one source; other volumes
// are reported, never left out in silence.
//
// Alternate streams are read as "path:name". Where the names of some may be lost
// with a damaged record, one named "?" stands for them, which can't be opened.
package image

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence/disk"
	"github.com/hozen-dfir/hozen/evidence/disk/ntfs"
)

// Note says something about an image that no item says: a volume that can't
// be read yet, a partition table that was repaired.
type Note struct {
	Volume string // "p1" …; "" for the whole image
	Text   string
	Unread bool // a volume is there, or may be, that no source reads: a gap
}

// String prints the volume and the text.
func (n Note) String() string {
	if n.Volume == "" {
		return n.Text
	}
	return n.Volume + ": " + n.Text
}

// Open opens an image and every volume of it that can be read. The sources
// are named after their volumes, "p1" or "volume". An image without any is no
// error: the notes tell what is there.
func Open(path string) ([]collect.Source, []Note, error) { return new(Opener).Open(path) }

// maxSources bounds the volumes of one image that are read: a GPT has room for as
// many as a rule.
const maxSources = 128

// Opener opens several images whose volumes share what memory they use.
type Opener struct{ recent recent }

// Open opens one image as the function Open does.
func (o *Opener) Open(path string) ([]collect.Source, []Note, error) {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() && st.Mode()&fs.ModeDevice == 0 {
		return nil, nil, fmt.Errorf("open image %q: neither a file nor a device", path) // to open a fifo would be to wait
	}
	im, err := disk.OpenImage(path)
	if err != nil {
		return nil, nil, err
	}
	l, err := disk.Volumes(im, im.Size())
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("image %q: %w%s", path, err, im.Guess()), im.Close())
	}
	sh := &shared{image: im, users: 1, recent: &o.recent}
	defer sh.release()
	var notes []Note
	for _, t := range l.Notes {
		notes = append(notes, Note{Text: t})
	}
	for _, t := range l.Lost {
		notes = append(notes, Note{Text: t, Unread: true})
	}
	var out []collect.Source
	for _, v := range l.Volumes {
		for _, t := range v.Notes {
			notes = append(notes, Note{Volume: v.Name, Text: t})
		}
		if same := sameplace(out, v); same != "" {
			notes = append(notes, Note{Volume: v.Name, Text: fmt.Sprintf("begins at offset %d as %s does, and was read as that", v.Offset, same)})
			continue
		}
		if len(out) == maxSources {
			notes = append(notes, Note{v.Name, fmt.Sprintf("not read: %d volumes of the image were", maxSources), true})
			continue
		}
		src, note := openVolume(sh, l, v)
		if note.Text != "" {
			notes = append(notes, note)
		}
		if src != nil {
			out = append(out, src)
		}
	}
	return out, notes, nil
}

// sameplace names the volume among those opened that begins where v does and is
// no shorter: it has the same files.
func sameplace(opened []collect.Source, v disk.Volume) string {
	for _, s := range opened {
		if o, ok := s.(*volume); ok && o.offset == v.Offset && o.length >= v.Length {
			return o.info.Name
		}
	}
	return ""
}

func openVolume(sh *shared, l disk.Layout, v disk.Volume) (collect.Source, Note) {
	if v.Filesystem == "unknown" && blank(disk.Section(sh.image, sh.image.Size(), v), v.Length) {
		return nil, Note{v.Name, fmt.Sprintf("holds zeros alone, at offset %d, %d bytes", v.Offset, v.Length), false}
	}
	if v.Filesystem != "ntfs" {
		return nil, Note{v.Name, fmt.Sprintf("%s at offset %d, %d bytes: %s", v.Filesystem, v.Offset, v.Length, unread(v.Filesystem)), true}
	}
	fs, err := ntfs.Open(disk.Section(sh.image, sh.image.Size(), v), v.Length)
	if err != nil {
		return nil, Note{v.Name, fmt.Sprintf("ntfs at offset %d: %v", v.Offset, err), true}
	}
	sh.acquire()
	s := &volume{fs: fs, sh: sh, offset: v.Offset, length: v.Length, here: min(v.Length, sh.image.Size()-v.Offset), info: collect.SourceInfo{
		Name: v.Name, Kind: "ntfs volume", OS: collect.Windows, Method: "ntfs", Fold: true,
		Details: details(sh.image, l, v, fs.Info()),
	}}
	return s, Note{v.Name, strings.Join(fs.Info().Notes, "; "), false}
}

// unread says what to do with a volume that no source reads.
func unread(filesystem string) string {
	switch filesystem {
	case "unknown":
		return "nothing in it is known, so it was not read; it may be encrypted, or part of a larger volume"
	case "swap":
		return "no files are in it; it was not read"
	case "bitlocker", "luks":
		return "encrypted: unlock it, and collect from the volume that appears"
	case "lvm2", "zfs":
		return "not supported yet: its volumes may be on other disks too; activate them read-only, and collect from those or with --tree"
	}
	return "not supported yet: mount it read-only, and collect from it with --tree"
}

func details(im *disk.Image, l disk.Layout, v disk.Volume, n ntfs.Info) map[string]string {
	d := map[string]string{
		"image": im.Files[0], "image_kind": im.Kind, "image_size": strconv.FormatInt(im.Size(), 10),
		"image_parts": strconv.Itoa(len(im.Files)), "scheme": l.Scheme, "offset": strconv.FormatInt(v.Offset, 10),
		"length": strconv.FormatInt(v.Length, 10), "serial": fmt.Sprintf("%016X", n.Serial), "label": n.Label,
		"cluster_size": strconv.FormatInt(n.ClusterSize, 10), "ntfs_version": n.Version, "dirty": strconv.FormatBool(n.Dirty),
		"volume_type": v.Type, "partition_label": v.Label, "volume_notes": strings.Join(v.Notes, "; "),
	}
	for k, s := range d {
		if s == "" {
			delete(d, k)
		}
	}
	return d
}

// shared closes an image with the last source that reads it.
type shared struct {
	image  *disk.Image
	recent *recent
	mu     sync.Mutex
	users  int
}

func (s *shared) acquire() {
	s.mu.Lock()
	s.users++
	s.mu.Unlock()
}

func (s *shared) release() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users == 0 {
		return s.image.Close()
	}
	return nil
}
