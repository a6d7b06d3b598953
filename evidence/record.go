package evidence

import (
	"encoding/base64"
	"unicode/utf8"
)

// RecordFormat names the format of one line of items.jsonl.
const RecordFormat = "hozen-item/1"

// FileType says what kind of object an item is at its source.
type FileType string

// File types. Stream is content that is no file at its source (a process
// list, a packet capture, an alternate data stream has TypeADS).
const (
	TypeFile    FileType = "file"
	TypeDir     FileType = "dir"
	TypeSymlink FileType = "symlink"
	TypeChar    FileType = "chardev"
	TypeBlock   FileType = "blockdev"
	TypeFIFO    FileType = "fifo"
	TypeSocket  FileType = "socket"
	TypeStream  FileType = "stream"
	TypeADS     FileType = "ads"
	TypeUnknown FileType = "unknown"
)

// Record is the evidence record of one item, or of one part of an item that
// is larger than a segment: one line of items.jsonl, one leaf of the segment's
// tree. 64-bit values are JSON strings, times are RFC 3339 with nanoseconds in
// UTC. Readers keep fields that they don't know (SPEC.md, "Item records").
type Record struct {
	Format  string  `json:"format"`
	Seq     uint64  `json:"seq"`  // 1, 2, 3 … within the bundle; parts have their own
	Salt    string  `json:"salt"` // base64 of 16 random bytes
	Source  string  `json:"source"`
	Path    string  `json:"path"`               // original path; lossy where PathB64 is set
	PathB64 string  `json:"path_b64,omitempty"` // exact bytes where the path is not UTF-8
	Outcome Outcome `json:"outcome"`

	Artifacts []string `json:"artifacts,omitempty"` // definitions that asked for it
	Method    string   `json:"method,omitempty"`    // how it was read: os, procfs, netlink, ntfs, hozen …
	Reason    string   `json:"reason,omitempty"`    // why it was skipped
	Error     string   `json:"error,omitempty"`

	Size   int64  `json:"size,string"` // bytes of content stored for this record
	SHA256 string `json:"sha256,omitempty"`
	SHA1   string `json:"sha1,omitempty"`
	MD5    string `json:"md5,omitempty"`

	Stat
	StatAfter *Stat   `json:"stat_after,omitempty"` // set when Outcome is changed
	Lost      []Range `json:"lost,omitempty"`       // ranges stored as zeros because they could not be read
	LostMore  bool    `json:"lost_more,omitempty"`  // more ranges were lost than Lost lists; the last one covers them

	Part    *Part             `json:"part,omitempty"`
	Began   Time              `json:"began,omitzero"` // when reading began and ended
	Ended   Time              `json:"ended,omitzero"`
	Details map[string]string `json:"details,omitempty"` // facts of one kind of source, keys documented there
}

// Stat is what a source knows about an object apart from its bytes.
type Stat struct {
	Type    FileType `json:"type,omitempty"`
	StatLen int64    `json:"stat_size,omitempty,string"` // the size the source states, which /proc gets wrong
	Alloc   int64    `json:"allocated,omitempty,string"` // bytes allocated on disk; less than StatLen in sparse files
	Mode    string   `json:"mode,omitempty"`             // permission bits, octal: "0644", "4755"
	UID     string   `json:"uid,omitempty"`
	GID     string   `json:"gid,omitempty"`
	Owner   string   `json:"owner,omitempty"`
	Group   string   `json:"group,omitempty"`
	Inode   string   `json:"inode,omitempty"`
	Dev     string   `json:"dev,omitempty"`  // major:minor
	Rdev    string   `json:"rdev,omitempty"` // of a device node
	Nlink   uint64   `json:"nlink,omitempty"`
	Target  string   `json:"target,omitempty"` // of a symlink; base64 in TargetB64 where not UTF-8
	TgtB64  string   `json:"target_b64,omitempty"`

	MTime Time `json:"mtime,omitzero"`
	ATime Time `json:"atime,omitzero"`
	CTime Time `json:"ctime,omitzero"` // inode or MFT entry change
	BTime Time `json:"btime,omitzero"` // birth

	// The second set of times NTFS keeps, in $FILE_NAME.
	FNMTime Time `json:"fn_mtime,omitzero"`
	FNATime Time `json:"fn_atime,omitzero"`
	FNCTime Time `json:"fn_ctime,omitzero"`
	FNBTime Time `json:"fn_btime,omitzero"`

	Attributes []string `json:"attributes,omitempty"` // e.g. immutable, append-only, hidden, system, compressed
	Xattrs     []Xattr  `json:"xattrs,omitempty"`
	ACL        []string `json:"acl,omitempty"`     // decoded POSIX ACL entries, as getfacl prints them
	Streams    []string `json:"streams,omitempty"` // names of alternate data streams, each an item of its own
}

// Xattr is one extended attribute; the value is base64 in JSON.
type Xattr struct {
	Name    string `json:"name"`
	NameB64 string `json:"name_b64,omitempty"` // exact bytes of a name that is not UTF-8
	Value   []byte `json:"value"`
	Error   string `json:"error,omitempty"`
}

// Range is a run of bytes of an item's content.
type Range struct {
	Offset int64  `json:"offset,string"`
	Length int64  `json:"length,string"`
	Error  string `json:"error,omitempty"`
}

// Part says that a record covers one run of a larger item. Size and SHA256 of
// the record are those of the run; the last part also states the whole.
type Part struct {
	Item   uint64 `json:"item"`          // Seq of the item's first part
	Number int    `json:"number"`        // 1, 2, 3 …
	Offset int64  `json:"offset,string"` // of the run in the item
	Last   bool   `json:"last,omitempty"`
	// Of the whole item, on the last part only.
	WholeSize   int64  `json:"whole_size,omitempty,string"`
	WholeSHA256 string `json:"whole_sha256,omitempty"`
	WholeSHA1   string `json:"whole_sha1,omitempty"`
	WholeMD5    string `json:"whole_md5,omitempty"`
}

// SetPath stores the exact bytes of a path: as text, and in base64 beside it
// where they are not UTF-8.
func (r *Record) SetPath(raw string) {
	r.Path, r.PathB64 = Text(raw)
}

// RawPath returns the exact bytes of the item's path at its source.
func (r *Record) RawPath() string { return raw(r.Path, r.PathB64) }

// SetTarget stores a symlink's target like SetPath does a path.
func (s *Stat) SetTarget(raw string) { s.Target, s.TgtB64 = Text(raw) }

// RawTarget returns the exact bytes of a symlink's target.
func (s *Stat) RawTarget() string { return raw(s.Target, s.TgtB64) }

// Text returns s itself, or a readable form and the base64 of its exact bytes
// where s is not valid UTF-8.
func Text(s string) (text, b64 string) {
	if utf8.ValidString(s) {
		return s, ""
	}
	return toValid(s), base64.StdEncoding.EncodeToString([]byte(s))
}

func raw(text, b64 string) string {
	if b64 == "" {
		return text
	}
	b, err := base64.StdEncoding.DecodeString(b64)
	if err != nil {
		return text
	}
	return string(b)
}
func toValid(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s { // invalid bytes range as U+FFFD
		out = append(out, r)
	}
	return string(out)
}
