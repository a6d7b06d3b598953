// Package plainjson reads JSON objects whose fields come in a fixed order and in
// their plainest form, as this program writes them, without reflection and
// without allocating for each field. It never guesses: what it does not take
// as encoding/json would, it refuses, and the caller turns to encoding/json.
package plainjson

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Decoder takes fields from the front of a line. A field that isn't next stays
// as it is; one that is next and not in its plainest form makes the decoder
// fail, and what is left over at the end tells of fields out of order or
// unknown.
type Decoder struct {
	rest  string
	first bool
	bad   bool
}

// New begins to read one object.
func New(line string) Decoder {
	rest, ok := strings.CutPrefix(line, "{")
	return Decoder{rest: rest, first: true, bad: !ok}
}

// Done reports whether the whole line was taken.
func (d *Decoder) Done() bool { return !d.bad && d.rest == "}" }

// Fail makes the decoder fail: a value was not as it should be.
func (d *Decoder) Fail() { d.bad = true }

// Key reports whether the field named k, which is not "", comes next, and passes
// its name.
func (d *Decoder) Key(k string) bool {
	s := d.rest
	if !d.first {
		if len(s) == 0 || s[0] != ',' {
			return false
		}
		s = s[1:]
	}
	if len(s) < len(k)+3 || s[0] != '"' || s[1] != k[0] || s[1:1+len(k)] != k || s[1+len(k):len(k)+3] != `":` {
		return false
	}
	d.rest, d.first = s[len(k)+3:], false
	return true
}

// Quoted takes a string without escapes.
func (d *Decoder) Quoted() string {
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

// Text takes a string field, and reports whether it came next.
func (d *Decoder) Text(k string, v *string) bool {
	if !d.Key(k) {
		return false
	}
	*v = d.Quoted()
	return true
}

// Texts takes a field that is a list of strings, not an empty one.
func (d *Decoder) Texts(k string, v *[]string) {
	if !d.Key(k) {
		return
	}
	s, ok := strings.CutPrefix(d.rest, "[")
	for d.rest = s; ok && !d.bad; {
		*v = append(*v, d.Quoted())
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
func (d *Decoder) digits() string {
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

// Number takes a field that is a number without sign.
func (d *Decoder) Number(k string, v *uint64) {
	if !d.Key(k) {
		return
	}
	n, err := strconv.ParseUint(d.digits(), 10, 64)
	*v, d.bad = n, d.bad || err != nil
}

// Int64 takes a field that is a string of digits, and reports whether it came
// next.
func (d *Decoder) Int64(k string, v *int64) bool {
	if !d.Key(k) {
		return false
	}
	q := Decoder{rest: d.Quoted()}
	n, err := strconv.ParseInt(q.digits(), 10, 64)
	*v, d.bad = n, d.bad || q.bad || q.rest != "" || err != nil
	return true
}

// Pairs takes a field that is a list of pairs of numbers, not an empty one.
func (d *Decoder) Pairs(k string, v *[][2]int) {
	if !d.Key(k) {
		return
	}
	for open := "["; !d.bad; open = "," {
		d.skip(open)
		d.skip("[")
		a := d.int()
		d.skip(",")
		b := d.int()
		d.skip("]")
		*v = append(*v, [2]int{a, b})
		if strings.HasPrefix(d.rest, "]") {
			d.rest = d.rest[1:]
			return
		}
	}
}

func (d *Decoder) skip(s string) {
	rest, ok := strings.CutPrefix(d.rest, s)
	d.rest, d.bad = rest, d.bad || !ok
}

func (d *Decoder) int() int {
	n, err := strconv.Atoi(d.digits())
	d.bad = d.bad || err != nil
	return n
}
