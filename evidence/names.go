package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of entry names (SPEC.md, "Entry names").
const (
	maxComponent = 200
	maxEntryPath = 1000
)

// EntryName returns the name of the ZIP entry that holds the content of path
// taken from source: data/<source>/<escaped path>.zst. It is made for people
// and their tools; the true path is in the item record.
func EntryName(source, path string) string {
	var name strings.Builder
	name.Grow(len("data/.zst") + len(source) + 1 + len(path))
	name.WriteString("data/" + source)
	last := ""
	for rest := path; rest != ""; {
		var c string
		if c, rest, _ = strings.Cut(rest, "/"); c == "" {
			continue
		}
		first := last == ""
		last = EscapeComponent(c)
		if first && strings.HasPrefix(last, "~long") {
			last = "%7E" + last[1:]
		}
		name.WriteByte('/')
		name.WriteString(last)
	}
	if last == "" {
		last = "%2F"
		name.WriteString("/" + last)
	}
	if name.Len() > maxEntryPath {
		sum := sha256.Sum256([]byte(path))
		return "data/" + source + "/~long/" + hex.EncodeToString(sum[:16]) + "/" + last + ".zst"
	}
	name.WriteString(".zst")
	return name.String()
}

// PartName returns the entry name of part n of an item: ….zst.part0001.
func PartName(entry string, n int) string { return fmt.Sprintf("%s.part%04d", entry, n) }

// EscapeComponent makes one path component safe for ZIP tools and for every
// file system that a bundle may be unpacked on.
func EscapeComponent(c string) string {
	if plain(c) {
		return c
	}
	return escape(c)
}

// forbidden are the printable ASCII characters that some tool or file system does
// not take in a name.
var forbidden = [256]bool{'%': true, '\\': true, '<': true, '>': true, ':': true, '"': true, '|': true, '?': true, '*': true, '/': true}

// plain reports that c surely stays as it is: most names do.
func plain(c string) bool {
	if c == "" {
		return true
	}
	if end := c[len(c)-1]; len(c) > maxComponent || end == '.' || end == ' ' {
		return false
	}
	for i := range len(c) {
		if c[i] < 0x20 || c[i] >= 0x7f || forbidden[c[i]] {
			return false
		}
		if c[i] == '.' && strings.IndexByte("zZpP", c[i+1]) >= 0 { // as reserved endings begin; no dot stands last
			return false
		}
	}
	return true
}

func escape(c string) string {
	keepTail := strings.TrimRight(c, ". ")
	ending := len(c) - len(reservedEnding(c))
	var b strings.Builder
	for i := 0; i < len(c); {
		r, n := utf8.DecodeRuneInString(c[i:])
		switch {
		case r == utf8.RuneError && n <= 1,
			c[i] < 0x20, c[i] == 0x7f,
			forbidden[c[i]],
			i >= len(keepTail),
			i == ending && ending < len(c):
			fmt.Fprintf(&b, "%%%02X", c[i])
			i++
		default:
			b.WriteString(c[i : i+n])
			i += n
		}
	}
	return shorten(b.String(), c)
}

// reservedEnding returns the ending of c that our own entry names use: .zst or
// .partNNNN, in any case. It goes by bytes: in another case, text that holds
// other letters or no UTF-8 can have another length.
func reservedEnding(c string) string {
	if hasEnding(c, ".zst") {
		return c[len(c)-4:]
	}
	digits := strings.TrimRight(c, "0123456789")
	if len(c)-len(digits) >= 4 && hasEnding(digits, ".part") {
		return c[len(digits)-5:]
	}
	return ""
}

func hasEnding(c, ending string) bool {
	if len(c) < len(ending) {
		return false
	}
	for i, tail := 0, c[len(c)-len(ending):]; i < len(tail); i++ {
		b := tail[i]
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		if b != ending[i] {
			return false
		}
	}
	return true
}

// shorten cuts an escaped component that is too long and makes it unique by a
// hash of the raw one.
func shorten(escaped, raw string) string {
	if len(escaped) <= maxComponent {
		return escaped
	}
	cut := maxComponent - 17
	for cut > 0 && !utf8.RuneStart(escaped[cut]) {
		cut--
	}
	if i := strings.LastIndexByte(escaped[:cut], '%'); i >= 0 && cut-i < 3 {
		cut = i
	}
	sum := sha256.Sum256([]byte(raw))
	return strings.TrimRight(escaped[:cut], ". ") + "~" + hex.EncodeToString(sum[:8])
}
