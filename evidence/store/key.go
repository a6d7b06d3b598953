package store

import (
	"errors"
	"fmt"
	"strings"
)

// MaxKey bounds a key, and MaxComponent each of its parts, in bytes. S3 takes
// 1,024 bytes, common filesystems 255 a name.
const (
	MaxKey       = 1024
	MaxComponent = 255
)

// ErrKey says that a key is outside the grammar.
var ErrKey = errors.New("bad object key")

// Place names a prefix of a store for people.
func Place(s Store, prefix string) string {
	return strings.TrimSuffix(s.String(), "/") + "/" + prefix
}

// CheckKey enforces the grammar of keys, one for all stores, so that a key
// means one object on every filesystem and in every bucket: components of
// printable ASCII between single slashes, none of them ".", "..", a temporary
// file's or one that Windows reserves or rewrites.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKey {
		return fmt.Errorf("%w: %d bytes, want 1 to %d", ErrKey, len(key), MaxKey)
	}
	for part := range strings.SplitSeq(key, "/") {
		if why := badComponent(part); why != "" {
			return fmt.Errorf("%w %.200q: %s", ErrKey, key, why)
		}
	}
	return nil
}

// CheckPrefix checks what List takes: "", or the beginning of a key.
func CheckPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	if dir, ok := strings.CutSuffix(prefix, "/"); ok {
		return CheckKey(dir)
	}
	// The last component may be cut anywhere, before a letter that makes it
	// good: "a." is the beginning of "a.b".
	return CheckKey(prefix + "x")
}

func badComponent(part string) string {
	switch {
	case part == "":
		return "an empty component"
	case len(part) > MaxComponent:
		return "a component over 255 bytes"
	case strings.HasPrefix(part, ".hozen-"):
		return "a reserved component"
	case part[len(part)-1] == '.' || part[len(part)-1] == ' ':
		return "a component that ends with '.' or a space" // this is "." and ".." too
	case part[0] == ' ':
		return "a component that begins with a space"
	}
	for _, c := range part {
		if c < 0x20 || c > 0x7e || strings.ContainsRune(`\:*?"<>|`, c) {
			return fmt.Sprintf("character %q: a key is printable ASCII without %s", c, `\ : * ? " < > |`)
		}
	}
	stem, _, _ := strings.Cut(strings.ToLower(part), ".")
	if isDevice(stem) {
		return "a device name of Windows"
	}
	return ""
}

// isDevice knows the names that Windows keeps for devices, with any ending
// (Microsoft, "Naming Files, Paths, and Namespaces").
func isDevice(stem string) bool {
	switch stem {
	case "con", "prn", "aux", "nul", "conin$", "conout$":
		return true
	}
	return len(stem) == 4 && (stem[:3] == "com" || stem[:3] == "lpt") && stem[3] >= '0' && stem[3] <= '9'
}
