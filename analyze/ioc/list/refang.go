package list

import "strings"

// Refang undoes the spellings by which people keep an indicator from being
// clicked on: hxxp://evil[.]example, evil(dot)example, user[@]evil{.}example,
// 1.2.3[.]4[:]80, evil [dot] example, evil\.example, evil\[.\]example, hxxp:\\evil.example\x. Text without such marks is returned as it is.
func Refang(s string) string {
	s = unescaped(slashed(s))
	if strings.ContainsAny(s, "[({\\])}") {
		s = unbracket(s)
	}
	if strings.IndexByte(s, ' ') > 0 {
		s = spacedWords.Replace(s)
	}
	return rescheme(s)
}

// unescaped takes off the backslashes that Markdown wants before brackets.
func unescaped(s string) string {
	if s == "" || s[0] == '/' || !strings.Contains(s, `\[`) || !strings.Contains(s, `\]`) {
		return s
	}
	return brackets.Replace(s)
}

var brackets = strings.NewReplacer(`\[`, "[", `\]`, "]")

var spacedWords = strings.NewReplacer(" dot ", ".", " DOT ", ".", " at ", "@", " AT ", "@")

// marks are the texts between brackets that stand for punctuation.
var marks = map[string]string{
	".": ".", "dot": ".", "d": ".", "punkt": ".", "point": ".", ",": ".",
	":": ":", "://": "://", ":/": ":/", "/": "/", "//": "//", "@": "@", "at": "@",
}

func unbracket(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		text, n := mark(s[i:])
		if n == 0 {
			b.WriteByte(s[i])
			i++
			continue
		}
		i += n
		if i < len(s) && s[i] == ' ' && strings.HasSuffix(b.String(), " ") { // evil [.] example
			before := strings.TrimRight(b.String(), " ")
			b.Reset()
			b.WriteString(before)
			i++
		}
		b.WriteString(text)
	}
	return b.String()
}

// mark reads one bracketed mark at the start of s and returns what it stands
// for and its length, or 0. Half marks ("evil[.com", "evil.]com") count.
func mark(s string) (string, int) {
	switch s[0] {
	case '\\':
		if len(s) > 1 && (s[1] == '.' || s[1] == '/') {
			return s[1:2], 2
		}
	case '.':
		if len(s) > 1 && (s[1] == ']' || s[1] == ')' || s[1] == '}') {
			return ".", 2
		}
	case '[', '(', '{':
		end := strings.IndexByte(s[:min(len(s), 12)], closing(s[0]))
		if end > 0 {
			inner := strings.ToLower(strings.TrimSpace(s[1:end]))
			if t, ok := marks[inner]; ok {
				return t, end + 1
			}
		}
		if len(s) > 1 && s[1] == '.' {
			return ".", 2
		}
	}
	return "", 0
}

func closing(open byte) byte {
	switch open {
	case '[':
		return ']'
	case '(':
		return ')'
	}
	return '}'
}

// schemes maps defanged scheme names to true ones.
var schemes = map[string]string{
	"hxxp": "http", "hxxps": "https", "hxtp": "http", "htxp": "http", "hxtps": "https", "htxps": "https",
	"hxxxp": "http", "hxxxps": "https", "h**p": "http", "h**ps": "https", "h__p": "http", "h__ps": "https",
	"xxxp": "http", "xxxps": "https", "hp": "http", "meow": "http", "fxp": "ftp", "fxps": "ftps", "sfxp": "sftp",
	"http[s]": "https", "hxxp[s]": "https",
}

func rescheme(s string) string {
	i := strings.IndexByte(s[:min(len(s), 12)], ':')
	if i <= 0 {
		return s
	}
	t, ok := schemes[strings.ToLower(s[:i])]
	if !ok {
		return s
	}
	if rest := s[i:]; strings.HasPrefix(rest, "://") {
		return t + inner.Replace(rest)
	}
	return s
}

// inner undoes what was done to a URL within one.
var inner = strings.NewReplacer("=hxxp://", "=http://", "=hxxps://", "=https://", "=hXXp://", "=http://", "=hXXps://", "=https://")

// slashed gives a URL that is written with backslashes its slashes.
func slashed(s string) string {
	i := strings.Index(s[:min(len(s), 16)], `:\\`)
	n := 3
	if j := strings.Index(s[:min(len(s), 16)], `[:]\\`); j > 0 {
		i, n = j, 5
	}
	if i < 2 {
		return s
	}
	name := strings.ToLower(s[:i])
	if _, ok := schemes[name]; !ok && name != "http" && name != "https" && name != "ftp" {
		return s
	}
	return s[:i] + "://" + strings.ReplaceAll(strings.ReplaceAll(s[i+n:], `\.`, "."), `\`, "/")
}
