package evidence

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// AppendRecord appends a record's JSON, byte for byte what json.Marshal gives
// (a test holds the two together). A collection writes one for every item, and
// most of json.Marshal's time goes into times.
func AppendRecord(b []byte, r *Record) ([]byte, error) {
	e := encoder{b: append(b, '{')}
	e.text("format", r.Format, true)
	e.number("seq", r.Seq, true)
	e.text("salt", r.Salt, true)
	e.text("source", r.Source, true)
	e.text("path", r.Path, true)
	e.text("path_b64", r.PathB64, false)
	e.text("outcome", string(r.Outcome), true)
	e.any("artifacts", r.Artifacts, len(r.Artifacts) > 0)
	e.text("method", r.Method, false)
	e.text("reason", r.Reason, false)
	e.text("error", r.Error, false)
	e.int64("size", r.Size, true)
	e.text("sha256", r.SHA256, false)
	e.text("sha1", r.SHA1, false)
	e.text("md5", r.MD5, false)
	e.stat(&r.Stat)
	e.any("stat_after", r.StatAfter, r.StatAfter != nil)
	e.any("lost", r.Lost, len(r.Lost) > 0)
	e.any("lost_more", r.LostMore, r.LostMore)
	e.any("part", r.Part, r.Part != nil)
	e.time("began", r.Began)
	e.time("ended", r.Ended)
	e.any("details", r.Details, len(r.Details) > 0)
	return append(e.b, '}'), e.err
}

// encoder appends fields. Its methods leave a field out unless it is to be
// always there or holds something.
type encoder struct {
	b   []byte
	err error
}

func (e *encoder) stat(s *Stat) {
	e.text("type", string(s.Type), false)
	e.int64("stat_size", s.StatLen, false)
	e.int64("allocated", s.Alloc, false)
	for _, f := range [...]struct{ key, value string }{
		{"mode", s.Mode}, {"uid", s.UID}, {"gid", s.GID}, {"owner", s.Owner}, {"group", s.Group},
		{"inode", s.Inode}, {"dev", s.Dev}, {"rdev", s.Rdev},
	} {
		e.text(f.key, f.value, false)
	}
	e.number("nlink", s.Nlink, false)
	e.text("target", s.Target, false)
	e.text("target_b64", s.TgtB64, false)
	e.time("mtime", s.MTime)
	e.time("atime", s.ATime)
	e.time("ctime", s.CTime)
	e.time("btime", s.BTime)
	e.time("fn_mtime", s.FNMTime)
	e.time("fn_atime", s.FNATime)
	e.time("fn_ctime", s.FNCTime)
	e.time("fn_btime", s.FNBTime)
	e.any("attributes", s.Attributes, len(s.Attributes) > 0)
	e.any("xattrs", s.Xattrs, len(s.Xattrs) > 0)
	e.any("acl", s.ACL, len(s.ACL) > 0)
	e.any("streams", s.Streams, len(s.Streams) > 0)
}

func (e *encoder) key(k string) {
	if e.b[len(e.b)-1] != '{' {
		e.b = append(e.b, ',')
	}
	e.b = append(append(append(e.b, '"'), k...), `":`...)
}

func (e *encoder) text(k, v string, always bool) {
	if v == "" && !always {
		return
	}
	e.key(k)
	if plainText(v) {
		e.b = append(append(append(e.b, '"'), v...), '"')
		return
	}
	e.value(v)
}

// plainText reports whether json.Marshal would write s as it is.
func plainText(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < 0x20, c == '"', c == '\\', c == '<', c == '>', c == '&', c >= utf8.RuneSelf:
			return false
		}
	}
	return true
}

func (e *encoder) number(k string, v uint64, always bool) {
	if v != 0 || always {
		e.key(k)
		e.b = strconv.AppendUint(e.b, v, 10)
	}
}

func (e *encoder) int64(k string, v int64, always bool) {
	if v != 0 || always {
		e.key(k)
		e.b = append(strconv.AppendInt(append(e.b, '"'), v, 10), '"')
	}
}

func (e *encoder) time(k string, t Time) {
	if t.IsZero() {
		return
	}
	e.key(k)
	e.b = append(t.append(append(e.b, '"')), '"')
}

// any is for fields that most records don't have.
func (e *encoder) any(k string, v any, there bool) {
	if there {
		e.key(k)
		e.value(v)
	}
}

func (e *encoder) value(v any) {
	enc, err := json.Marshal(v)
	if err != nil && e.err == nil {
		e.err = err
	}
	e.b = append(e.b, enc...)
}
