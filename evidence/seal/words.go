package seal

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// A root's short form is its first 96 bits as six proquints, pronounceable
// words of five letters and 16 bits each (arXiv 0901.4016): short enough for a
// notebook, and forging one takes 2^96 work.
const (
	consonants = "bdfghjklmnprstvz"
	vowels     = "aiou"
	shortWords = 6
)

// Words is the short form of a root: "lusab-babad-gutih-tugad-mizup-kozah".
func Words(h tlog.Hash) string {
	words := make([]string, shortWords)
	for i := range words {
		v := uint16(h[2*i])<<8 | uint16(h[2*i+1])
		words[i] = string([]byte{
			consonants[v>>12], vowels[v>>10&3], consonants[v>>6&15], vowels[v>>4&3], consonants[v&15],
		})
	}
	return strings.Join(words, "-")
}

// ErrRoot says that a root named by hand has no form that is known here.
var ErrRoot = errors.New("a root is six words, 64 hex digits or 44 characters of base64")

// SameRoot reports whether a root written by hand (words, hex or base64) names
// h. Case and surrounding white space don't count, but for base64.
func SameRoot(given string, h tlog.Hash) (bool, error) {
	given = strings.TrimSpace(given)
	low := strings.ToLower(strings.Join(strings.Fields(given), "-"))
	switch {
	case isWords(low):
		return low == Words(h), nil
	case len(low) == 64:
		b, err := hex.DecodeString(low)
		return err == nil && string(b) == string(h[:]), wrapRoot(err)
	case len(given) == 44:
		b, err := base64.StdEncoding.DecodeString(given)
		return err == nil && string(b) == string(h[:]), wrapRoot(err)
	}
	return false, ErrRoot
}

// CheckRootForm reports whether a root written by hand can be one at all.
func CheckRootForm(given string) error {
	_, err := SameRoot(given, tlog.Hash{})
	return err
}

func wrapRoot(err error) error {
	if err != nil {
		return ErrRoot
	}
	return nil
}

func isWords(s string) bool {
	parts := strings.Split(s, "-")
	if len(parts) != shortWords {
		return false
	}
	for _, p := range parts {
		if len(p) != 5 {
			return false
		}
		for i := range len(p) {
			set := consonants
			if i%2 == 1 {
				set = vowels
			}
			if strings.IndexByte(set, p[i]) < 0 {
				return false
			}
		}
	}
	return true
}
