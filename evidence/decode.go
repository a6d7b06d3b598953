package evidence

import (
	"encoding/json"
	"errors"
	"reflect"
	"time"

	"github.com/hozen-dfir/hozen/evidence/internal/plainjson"
)

// ParseRecord reads one line of items.jsonl, without its line end, as
// json.Unmarshal does (a test holds the two together), and refuses what another
// reader may read as something else (SPEC.md, "JSON"), and a record without a
// path or a size: it would be one of no path and no content. Lines as
// AppendRecord writes them, with the fields that most records have, are read
// without reflection: readers of a bundle parse one for every item.
func ParseRecord(line []byte, r *Record) error {
	d := decoder{Decoder: plainjson.New(string(line))}
	*r = Record{}
	if d.record(r); d.Done() {
		return stated(d.path, d.size)
	}
	*r = Record{}
	if err := plainjson.Unmarshal(line, recordShape, r); err != nil {
		return err
	}
	var there struct {
		Path *string `json:"path"`
		Size *string `json:"size"`
	}
	if err := json.Unmarshal(line, &there); err != nil {
		return err
	}
	return stated(there.Path != nil, there.Size != nil)
}

// stated returns an error where a member is left out that is always there.
func stated(path, size bool) error {
	switch {
	case !path:
		return errors.New("has no path")
	case !size:
		return errors.New("has no size")
	}
	return nil
}

var recordShape = plainjson.ShapeOf[Record](plainTime)

// plainTime is the form of times in a record. That such a text is a time, Time
// has seen to.
var plainTime = plainjson.Form{Of: reflect.TypeFor[Time](), Has: timeShaped, Wants: "a time in UTC with nine digits of a second"}

// decoder takes fields in the order of AppendRecord.
type decoder struct {
	plainjson.Decoder
	path, size bool // were there
}

func (d *decoder) record(r *Record) {
	d.Text("format", &r.Format)
	d.Number("seq", &r.Seq)
	d.Text("salt", &r.Salt)
	d.Text("source", &r.Source)
	d.path = d.Text("path", &r.Path)
	d.Text("path_b64", &r.PathB64)
	d.Text("outcome", (*string)(&r.Outcome))
	d.Texts("artifacts", &r.Artifacts)
	d.Text("method", &r.Method)
	d.Text("reason", &r.Reason)
	d.Text("error", &r.Error)
	d.size = d.Int64("size", &r.Size)
	d.Text("sha256", &r.SHA256)
	d.Text("sha1", &r.SHA1)
	d.Text("md5", &r.MD5)
	d.stat(&r.Stat)
	d.time("began", &r.Began)
	d.time("ended", &r.Ended)
}

func (d *decoder) stat(s *Stat) {
	d.Text("type", (*string)(&s.Type))
	d.Int64("stat_size", &s.StatLen)
	d.Int64("allocated", &s.Alloc)
	d.Text("mode", &s.Mode)
	d.Text("uid", &s.UID)
	d.Text("gid", &s.GID)
	d.Text("owner", &s.Owner)
	d.Text("group", &s.Group)
	d.Text("inode", &s.Inode)
	d.Text("dev", &s.Dev)
	d.Text("rdev", &s.Rdev)
	d.Number("nlink", &s.Nlink)
	d.Text("target", &s.Target)
	d.Text("target_b64", &s.TgtB64)
	d.time("mtime", &s.MTime)
	d.time("atime", &s.ATime)
	d.time("ctime", &s.CTime)
	d.time("btime", &s.BTime)
	d.time("fn_mtime", &s.FNMTime)
	d.time("fn_atime", &s.FNATime)
	d.time("fn_ctime", &s.FNCTime)
	d.time("fn_btime", &s.FNBTime)
	d.Texts("attributes", &s.Attributes)
}

func (d *decoder) time(k string, v *Time) {
	if !d.Key(k) {
		return
	}
	s := d.Quoted()
	if !timeShaped(s) {
		d.Fail()
		return
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
	if month < 1 || month > 12 || day < 1 || day > 28 && t.Day() != day || hour > 23 || minute > 59 || second > 59 {
		d.Fail()
	}
}

// timeShaped reports whether s has digits where timeLayout has them, and its
// other characters where they are.
func timeShaped(s string) bool {
	if len(s) != len(timeLayout) {
		return false
	}
	for i, c := range []byte(timeLayout) {
		digit := s[i] >= '0' && s[i] <= '9'
		if digit != (c >= '0' && c <= '9') || !digit && s[i] != c {
			return false
		}
	}
	return true
}
