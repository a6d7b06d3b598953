package plainjson

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// str passes a string and returns what stands between its quotes, as it stands
// there.
func (w *walker) str() (string, error) {
	from := w.i + 1
	for w.i = from; w.b[w.i] != '"'; w.i++ {
		if w.b[w.i] != '\\' {
			continue
		}
		if w.i++; w.b[w.i] == 'u' && !w.unicode() {
			return "", errors.New("has half a surrogate pair")
		}
	}
	w.i++
	return string(w.b[from : w.i-1]), nil
}

// unicode passes the digits of an escape; false where it is half of a pair
// (RFC 8259, section 8.2).
func (w *walker) unicode() bool {
	n := w.hex()
	if n < 0xd800 || n > 0xdfff {
		return true
	}
	if n >= 0xdc00 || w.b[w.i+1] != '\\' || w.b[w.i+2] != 'u' {
		return false
	}
	w.i += 2
	n = w.hex()
	return n >= 0xdc00 && n <= 0xdfff
}

func (w *walker) hex() uint64 {
	n, _ := strconv.ParseUint(string(w.b[w.i+1:w.i+5]), 16, 32) // sound, as all that is walked
	w.i += 4
	return n
}

// unescape returns the text that stands as raw between quotes.
func unescape(raw string) (string, error) {
	if strings.IndexByte(raw, '\\') < 0 {
		return raw, nil
	}
	var text string
	err := json.Unmarshal([]byte(`"`+raw+`"`), &text)
	return text, err
}

// decimal reports whether s is an integer without a plus sign, leading zeros
// or exponent.
func decimal(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == "" && (digits[0] != '0' || s == "0")
}

// names are those of one object's members, of which there are few mostly.
type names struct {
	few  []string
	many map[string]struct{}
}

// add reports whether name is new.
func (n *names) add(name string) bool {
	if n.many != nil {
		_, there := n.many[name]
		n.many[name] = struct{}{}
		return !there
	}
	for _, other := range n.few {
		if other == name {
			return false
		}
	}
	if n.few = append(n.few, name); len(n.few) == 64 {
		n.many = map[string]struct{}{}
		for _, other := range n.few {
			n.many[other] = struct{}{}
		}
	}
	return true
}
