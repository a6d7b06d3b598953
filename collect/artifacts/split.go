package artifacts

import "bytes"

// document is the text of one YAML document and the line it begins on.
type document struct {
	text []byte
	line int // 1-based, of the first line of text
}

// split cuts a YAML stream at its document markers. A line that begins with
// three hyphens and ends there or goes on with white space is a marker
// wherever it stands, even in a block scalar (YAML 1.2.2, section 9.1.2), so a
// document that does not parse can't hide the next.
func split(data []byte) []document {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var out []document
	cur := document{line: 1}
	start := 0
	for at, line := 0, 1; at < len(data); line++ {
		end := len(data)
		if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		if marker(data[at:end]) && at > start {
			cur.text = data[start:at]
			out = append(out, cur)
			cur, start = document{line: line}, at
		}
		at = end
	}
	cur.text = data[start:]
	return append(out, cur)
}

func marker(line []byte) bool {
	if !bytes.HasPrefix(line, []byte("---")) {
		return false
	}
	return len(line) == 3 || bytes.ContainsRune([]byte(" \t\r\n"), rune(line[3]))
}
