package yara

import "bytes"

// independent reports whether each rule of a text can be tried without the
// others: none is global, includes a file, or is named by another. It may take
// rules for dependent that are not.
func independent(text []byte) bool {
	defined, used := map[string]bool{}, map[string]bool{}
	last := ""
	for len(text) > 0 {
		n := skipped(text)
		if n > 0 {
			text = text[n:]
			continue
		}
		word := text[:wordLen(text)]
		if len(word) == 0 {
			n = 1
			if bytes.IndexByte([]byte("$#@!."), text[0]) >= 0 { // a string, or a field of a module
				n += wordLen(text[1:])
			}
			last, text = "", text[n:]
			continue
		}
		text = text[len(word):]
		switch {
		case last == "rule":
			defined[string(word)] = true
		case string(word) == "global" || string(word) == "include" || len(text) > 0 && text[0] == '*': // "any of (name*)"
			return false
		default:
			used[string(word)] = true
		}
		last = string(word)
	}
	for name := range defined {
		if used[name] {
			return false
		}
	}
	return true
}

// skipped returns the length of white space, a comment, a text or an
// expression at the start of b, 0 where there is none. A slash is no division
// in YARA.
func skipped(b []byte) int {
	switch {
	case b[0] == ' ' || b[0] == '\t' || b[0] == '\r' || b[0] == '\n':
		return 1
	case bytes.HasPrefix(b, []byte("//")):
		return upTo(b, "\n", 2)
	case bytes.HasPrefix(b, []byte("/*")):
		return upTo(b, "*/", 2)
	case b[0] == '"' || b[0] == '/':
		for i := 1; i < len(b); i++ {
			switch b[i] {
			case '\\':
				i++
			case b[0], '\n':
				return i + 1
			}
		}
		return len(b)
	}
	return 0
}

func upTo(b []byte, end string, from int) int {
	if i := bytes.Index(b[from:], []byte(end)); i >= 0 {
		return from + i + len(end)
	}
	return len(b)
}

func wordLen(b []byte) int {
	n := 0
	for n < len(b) && (b[n] == '_' || b[n]|0x20 >= 'a' && b[n]|0x20 <= 'z' || b[n] >= '0' && b[n] <= '9') {
		n++
	}
	return n
}
