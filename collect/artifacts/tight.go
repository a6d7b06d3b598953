package artifacts

// loosen puts a blank after a colon that stands between a flow mapping's key
// and an opening bracket: {paths:['/a']}. The reference reader of the format
// (PyYAML) takes such a colon for the end of the key, ours does not, and
// public definitions hold it. Quoted text and comments are left alone. It is
// tried only on documents that don't parse otherwise.
func loosen(text []byte) []byte {
	out := make([]byte, 0, len(text)+16)
	depth, quote := 0, byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		out = append(out, c)
		if quote != 0 {
			if c == '\\' && quote == '"' && i+1 < len(text) {
				i++
				out = append(out, text[i])
			} else if c == quote {
				quote = 0
			}
			continue
		}
		switch {
		case c == '#' && (i == 0 || text[i-1] == ' ' || text[i-1] == '\n'):
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
				out = append(out, text[i])
			}
		case (c == '\'' || c == '"') && depth > 0:
			quote = c
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ':' && depth > 0 && i+1 < len(text) && (text[i+1] == '[' || text[i+1] == '{'):
			out = append(out, ' ')
		}
	}
	return out
}
