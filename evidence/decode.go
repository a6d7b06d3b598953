package evidence

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ParseRecord reads one line of items.jsonl as json.Unmarshal does (a test
// holds the two together). Lines as AppendRecord writes them, with the fields
// that most records have, are read without reflection: readers of a bundle
// parse one for every item. All others are left to json.Unmarshal.
func ParseRecord(line []byte, r *Record) error {
	d := decoder{rest: string(line), first: true}
	*r = Record{}
	if d.open() && d.record(r) && d.rest == "}" {
		return nil
	}
	*r = Record{}
	return json.Unmarshal(line, r)
}

// decoder takes fields from the front of rest, in the order of AppendRecord.
// A field that isn't next is left zero; bad is set by one that is next and not
// in its plainest form, and what is left over at the end tells of fields out of
// order or unknown.
type decoder struct {
	rest  string
	first bool
	bad   bool
}

func (d *decoder) open() bool {
	var ok bool
	d.rest, ok = strings.CutPrefix(d.rest, "{")
	return ok
}

func (d *decoder) record(r *Record) bool {
	d.text("format", &r.Format)
	d.number("seq", &r.Seq)
	d.text("salt", &r.Salt)
	d.text("source", &r.Source)
	d.text("path", &r.Path)
	d.text("path_b64", &r.PathB64)
	d.text("outcome", (*string)(&r.Outcome))
	d.texts("artifacts", &r.Artifacts)
	d.text("method", &r.Method)
	d.text("reason", &r.Reason)
	d.text("error", &r.Error)
	d.int64("size", &r.Size)
	d.text("sha256", &r.SHA256)
	d.text("sha1", &r.SHA1)
	d.text("md5", &r.MD5)
	d.stat(&r.Stat)
	d.time("began", &r.Began)
	d.time("ended", &r.Ended)
	return !d.bad
}

func (d *decoder) stat(s *Stat) {
	d.text("type", (*string)(&s.Type))
	d.int64("stat_size", &s.StatLen)
	d.int64("allocated", &s.Alloc)
	d.text("mode", &s.Mode)
	d.text("uid", &s.UID)
	d.text("gid", &s.GID)
	d.text("owner", &s.Owner)
	d.text("group", &s.Group)
	d.text("inode", &s.Inode)
	d.text("dev", &s.Dev)
	d.text("rdev", &s.Rdev)
	d.number("nlink", &s.Nlink)
	d.text("target", &s.Target)
	d.text("target_b64", &s.TgtB64)
	d.time("mtime", &s.MTime)
	d.time("atime", &s.ATime)
	d.time("ctime", &s.CTime)
	d.time("btime", &s.BTime)
	d.time("fn_mtime", &s.FNMTime)
	d.time("fn_atime", &s.FNATime)
	d.time("fn_ctime", &s.FNCTime)
	d.time("fn_btime", &s.FNBTime)
	d.texts("attributes", &s.Attributes)
}

// key reports whether the field named k comes next, and passes its name.
func (d *decoder) key(k string) bool {
	s := d.rest
	if !d.first {
		if len(s) == 0 || s[0] != ',' {
			return false
		}
		s = s[1:]
	}
	if len(s) < len(k)+3 || s[0] != '"' || s[1:1+len(k)] != k || s[1+len(k):len(k)+3] != `":` {
		return false
	}
	d.rest, d.first = s[len(k)+3:], false
	return true
}

// quoted takes a string without escapes.
func (d *decoder) quoted() string {
	s := d.rest
	if len(s) == 0 || s[0] != '"' {
		d.bad = true
		return ""
	}
	ascii := true
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			d.rest = s[i+1:]
			if !ascii && !utf8.ValidString(s[1:i]) {
				d.bad = true
			}
			return s[1:i]
		case c == '\\' || c < 0x20:
			d.bad = true
			return ""
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	d.bad = true
	return ""
}

func (d *decoder) text(k string, v *string) {
	if d.key(k) {
		*v = d.quoted()
	}
}

func (d *decoder) texts(k string, v *[]string) {
	if !d.key(k) {
		return
	}
	s, ok := strings.CutPrefix(d.rest, "[")
	for d.rest = s; ok && !d.bad; {
		*v = append(*v, d.quoted())
		switch {
		case strings.HasPrefix(d.rest, ","):
			d.rest = d.rest[1:]
		case strings.HasPrefix(d.rest, "]"):
			d.rest = d.rest[1:]
			return
		default:
			ok = false
		}
	}
	d.bad = true
}

// digits takes a number without sign or leading zeros.
func (d *decoder) digits() string {
	n := 0
	for n < len(d.rest) && d.rest[n] >= '0' && d.rest[n] <= '9' {
		n++
	}
	s := d.rest[:n]
	if d.rest = d.rest[n:]; n == 0 || n > 1 && s[0] == '0' {
		d.bad = true
	}
	return s
}

func (d *decoder) number(k string, v *uint64) {
	if !d.key(k) {
		return
	}
	n, err := strconv.ParseUint(d.digits(), 10, 64)
	*v, d.bad = n, d.bad || err != nil
}

func (d *decoder) int64(k string, v *int64) {
	if !d.key(k) {
		return
	}
	q := decoder{rest: d.quoted()}
	n, err := strconv.ParseInt(q.digits(), 10, 64)
	*v, d.bad = n, d.bad || q.bad || q.rest != "" || err != nil
}

func (d *decoder) time(k string, v *Time) {
	if !d.key(k) {
		return
	}
	s := d.quoted()
	if len(s) != len(timeLayout) {
		d.bad = true
		return
	}
	for i, c := range []byte(timeLayout) {
		if digit := s[i] >= '0' && s[i] <= '9'; digit != (c >= '0' && c <= '9') || !digit && s[i] != c {
			d.bad = true
			return
		}
	}
	at := func(from, to int) (n int) {
		for _, c := range []byte(s[from:to]) {
			n = n*10 + int(c-'0')
		}
		return n
	}
	year, month, day, hour, minute, second := at(0, 4), at(5, 7), at(8, 10), at(11, 13), at(14, 16), at(17, 19)
	t := time.Date(year, time.Month(month), day, hour, minute, second, at(20, 29), time.UTC)
	*v = Time{t}
	// time.Date moves the 31st of a shorter month on; json.Unmarshal says no.
	d.bad = d.bad || t.Day() != day || t.Month() != time.Month(month) || hour > 23 || minute > 59 || second > 59
}
