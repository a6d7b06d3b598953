package list

import "strings"

// pathKey detects a path of a file: absolute ones of Unix and Windows, and
// ends of paths that start with a variable (%TEMP%\x.exe) or a folder.
func pathKey(s string) (Kind, string, bool) {
	if len(s) < 2 || len(s) > MaxPath {
		return 0, "", false
	}
	switch { // backslashes doubled as JSON and program text have them
	case strings.HasPrefix(s, `\\\\`), !strings.HasPrefix(s, `\\`):
		s = strings.ReplaceAll(s, `\\`, `\`)
	default:
		s = `\\` + strings.ReplaceAll(s[2:], `\\`, `\`)
	}
	switch {
	case s[0] == '/':
		return Path, s, true
	case hasDrive(s):
		return WinPath, winKey(s[2:]), true
	case strings.HasPrefix(s, `\\`):
		return WinPath, winKey(s[1:]), true
	case s[0] == '%' && strings.IndexByte(s[1:], '%') > 0:
		rest := s[strings.IndexByte(s[1:], '%')+2:]
		if len(rest) < 2 || rest[0] != '\\' && rest[0] != '/' {
			return 0, "", false
		}
		return PathEnd, winKey(rest), true
	case strings.HasPrefix(s, "~/") && len(s) > 2:
		return PathEnd, winKey(s[1:]), true
	case strings.IndexByte(s, '\\') > 0:
		return PathEnd, "/" + winKey(s), true
	}
	return 0, "", false
}

func hasDrive(s string) bool {
	return len(s) > 3 && 'a' <= s[0]|0x20 && s[0]|0x20 <= 'z' && s[1] == ':' && (s[2] == '\\' || s[2] == '/')
}

// winKey is how Windows paths compare: lower case, one kind of slash.
func winKey(s string) string {
	return strings.ToLower(strings.ReplaceAll(s, `\`, "/"))
}

// nameKey returns the normal form of a plain file name.
func nameKey(s string) (string, bool) {
	if len(s) == 0 || len(s) > 255 || strings.ContainsAny(s, "/\\\x00") {
		return "", false
	}
	return strings.ToLower(s), true
}

// fileEndings are the endings by which a bare name is a file's and not a
// domain's. None is a top-level domain (a test asks the public suffix list), so
// names like setup.zip or run.sh need an explicit "name:".
var fileEndings = map[string]bool{
	"7z": true, "asp": true, "aspx": true, "bat": true, "bin": true, "bmp": true, "class": true, "cmd": true,
	"conf": true, "cpl": true, "crx": true, "dat": true, "db": true, "dll": true, "dmp": true, "doc": true, "docm": true,
	"docx": true, "dylib": true, "elf": true, "exe": true, "gif": true, "gz": true, "hta": true, "htm": true, "html": true,
	"img": true, "ini": true, "iso": true, "jar": true, "jpg": true, "jpeg": true, "js": true, "jse": true, "jsp": true,
	"ko": true, "lnk": true, "log": true, "msi": true, "ocx": true, "pdf": true, "php": true, "plist": true, "png": true,
	"ppt": true, "pptx": true, "ps1": true, "psm1": true, "rar": true, "rtf": true, "scr": true, "service": true,
	"swf": true, "sys": true, "tar": true, "tmp": true, "txt": true, "vbe": true, "vbs": true, "wsf": true, "xls": true,
	"xlsm": true, "xlsx": true, "xml": true, "elf64": true,
}

func fileLike(s string) bool {
	i := strings.LastIndexByte(s, '.')
	return i >= 0 && fileEndings[strings.ToLower(s[i+1:])]
}
