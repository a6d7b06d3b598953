package list

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// expression reports whether s, with no word before it that says so, is an
// expression for paths: `^/tmp/\.[a-z]{8}$`, `/var/www/.*\.php`,
// `\\Temp\\[^\\]+\.exe`. It wants a sign of regular expressions that names of
// files hardly ever have, a slash or a doubled backslash, and a beginning as
// that of a path, lest an expression for names of hosts be taken for one.
func expression(s string) bool {
	if s == "" || !mayExpress(s) {
		return false
	}
	body := flags.ReplaceAllString(s, "")
	anchored := len(body) < len(s) || strings.HasPrefix(body, "^") || strings.HasSuffix(body, "$")
	body = strings.TrimPrefix(body, "^")
	if strings.Contains(body, "://") || !pathStart.MatchString(body) || !anchored && !signed(strings.ReplaceAll(body, `\\`, "/")) {
		return false
	}
	if strings.IndexByte(body, '\\') < 0 {
		return strings.IndexByte(body, '/') >= 0
	}
	rest := strings.ReplaceAll(body, `\\`, "")
	doubled := len(rest) < len(body)
	if strings.HasPrefix(body, `\\`) && !anchored { // of a share as well
		doubled = strings.Contains(body[2:], `\\`)
	}
	return (doubled || strings.IndexByte(body, '/') >= 0) && !folders.MatchString(rest)
}

// mayExpress tells most paths from expressions at a glance: a million of them
// must not take long.
func mayExpress(s string) bool {
	if drive := hasDrive(s); !drive && strings.IndexByte(`/\.[(^`, s[0]) < 0 || drive && s[2] == '\\' && s[3] != '\\' {
		return false // one backslash behind the drive: a path
	}
	return strings.ContainsAny(s, "*+[({^$|") || strings.LastIndex(s, `\\`) > 0 || s[0] == '/' && strings.IndexByte(s, '\\') > 0
}

// signed reports whether s has a sign of regular expressions. Looking for what
// each of them begins with first saves most of the time for most patterns.
func signed(s string) bool {
	return (strings.ContainsAny(s, `\[]()`) || strings.Contains(s, ".*") || strings.Contains(s, ".+")) && signs.MatchString(s)
}

// isExpression is expression, but for an absolute path that is no expression:
// "/usr/include/c++/(x" is a path.
func isExpression(s string) bool {
	if !expression(s) {
		return false
	}
	_, _, err := regexKey(s)
	return err == nil || s[0] != '/'
}

var (
	flags     = regexp.MustCompile(`^\(\?[a-zA-Z]+\)`)
	pathStart = regexp.MustCompile(`^(/|\\\\|\\/|\.[*+]|[\[(]|[A-Za-z]:)`)
	signs     = regexp.MustCompile(`\.[*+]|\[\^|\][*+{]|\)[*+?{]|\(\?|\\[dwsDWS]|/[^/\\]*\\\.|\([^()]+\|[^()]+\)`)
	folders   = regexp.MustCompile(`\\[^\W_dwsDWSbB]`) // a backslash before what no expression puts behind one
)

// globKey returns the expression for a path or name with stars, as a shell
// reads it: a star stands for anything within one folder, two for any folders.
// Only what Windows means is found in any case.
//
// It is not compiled to see whether it can be: that takes longer than all else
// that is done with a line, and what is made here can.
func globKey(k Kind, s string) (Kind, string, error) {
	switch {
	case strings.Trim(s, "*/") == "":
		return 0, "", errEvery
	case !utf8.ValidString(s):
		return 0, "", errUnknown
	}
	var b strings.Builder
	switch k {
	case Path:
		b.WriteString("^")
	case WinPath:
		b.WriteString("(?i)^(?:[a-z]:)?")
	case PathEnd:
		b.WriteString("(?i)")
	default:
		b.WriteString(`(?i)(?:^|[/\\])`)
	}
	for len(s) > 0 {
		switch {
		case strings.HasPrefix(s, "**"):
			b.WriteString(".*")
			s = s[1:]
		case s[0] == '*':
			b.WriteString(`[^/\\]*`)
		case s[0] == '/' && k != Path:
			b.WriteString(`[/\\]`)
		default:
			n := strings.IndexAny(s[1:], "*/") + 1
			if n == 0 {
				n = len(s)
			}
			b.WriteString(regexp.QuoteMeta(s[:n]))
			s = s[n:]
			continue
		}
		s = s[1:]
	}
	b.WriteByte('$')
	if b.Len() > MaxRegex {
		return 0, "", errLong
	}
	return PathRegex, b.String(), nil
}

// starred is keyed for what names a file: one with a star is a pattern. What a
// URL asks for, listed by its path ("/tmp;rm+-rf+*;wget"), is none.
func starred(k Kind, key string) (Kind, string, error) {
	if strings.IndexByte(key, '*') < 0 || k == Path && strings.ContainsAny(key, "?;&=+") {
		return k, key, nil
	}
	return globKey(k, key)
}
