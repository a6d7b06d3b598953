package evidence

import (
	"fmt"
	"maps"
	"time"
)

// Time marshals as an RFC 3339 string with nanoseconds, in UTC. One before the
// year 0 or after 9999, which RFC 3339 can't write, marshals as the nearest that
// it can: what is written must be readable. Record.FitTimes keeps such times.
type Time struct{ time.Time }

// At wraps t.
func At(t time.Time) Time { return Time{t.UTC()} }

// timeLayout always has nine digits, so that equal times are equal strings.
const timeLayout = "2006-01-02T15:04:05.000000000Z"

// append appends the text of t.
func (t Time) append(b []byte) []byte {
	switch s := t.Unix(); {
	case s > lastSecond:
		return append(b, "9999-12-31T23:59:59.999999999Z"...)
	case s < firstSecond:
		return append(b, "0000-01-01T00:00:00.000000000Z"...)
	}
	return t.UTC().AppendFormat(b, timeLayout)
}

// MarshalText implements encoding.TextMarshaler.
func (t Time) MarshalText() ([]byte, error) { return t.append(nil), nil }

// UnmarshalText implements encoding.TextUnmarshaler; any RFC 3339 time is read.
func (t *Time) UnmarshalText(b []byte) error {
	v, err := time.Parse(time.RFC3339Nano, string(b))
	t.Time = v.UTC()
	return err
}

// MarshalJSON hides time.Time's own method, which drops trailing zeros.
func (t Time) MarshalJSON() ([]byte, error) { return append(t.append([]byte{'"'}), '"'), nil }

// UnmarshalJSON is the counterpart of MarshalJSON. A null is no time, as one that
// is absent.
func (t *Time) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return &time.ParseError{Layout: timeLayout, Value: string(b)}
	}
	return t.UnmarshalText(b[1 : len(b)-1])
}

// What RFC 3339 can write, in seconds since 1970: the years 0 to 9999.
const (
	firstSecond = -62167219200
	lastSecond  = 253402300799
)

func (t Time) fits() bool {
	s := t.Unix()
	return s >= firstSecond && s <= lastSecond
}

// FitTimes takes the times out of a record that RFC 3339 can't write: any user
// can give a file such a one. Details then tell the seconds since 1970 instead,
// as "mtime_unix" and the like (SPEC.md, "Item records").
func (r *Record) FitTimes() {
	if r.Stat.timesFit() && (r.StatAfter == nil || r.StatAfter.timesFit()) {
		return
	}
	details := maps.Clone(r.Details) // other records may share it
	if details == nil {
		details = map[string]string{}
	}
	r.Stat.fitTimes("", details)
	if r.StatAfter != nil {
		after := *r.StatAfter // the source's
		after.fitTimes("after_", details)
		r.StatAfter = &after
	}
	r.Details = details
}

func (s *Stat) timesFit() bool {
	for _, t := range [...]*Time{&s.MTime, &s.ATime, &s.CTime, &s.BTime, &s.FNMTime, &s.FNATime, &s.FNCTime, &s.FNBTime} {
		if !t.fits() {
			return false
		}
	}
	return true
}

func (s *Stat) fitTimes(prefix string, details map[string]string) {
	for name, t := range map[string]*Time{"mtime": &s.MTime, "atime": &s.ATime, "ctime": &s.CTime, "btime": &s.BTime,
		"fn_mtime": &s.FNMTime, "fn_atime": &s.FNATime, "fn_ctime": &s.FNCTime, "fn_btime": &s.FNBTime} {
		if !t.fits() {
			details[prefix+name+"_unix"] = fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond())
			*t = Time{}
		}
	}
}
