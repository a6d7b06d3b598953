package evidence

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"
)

var (
	caseGrammar   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	deviceName    = regexp.MustCompile(`^(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`) // no folder on Windows can have it
	bundleGrammar = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,79}$`)
	sourceGrammar = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
)

// ValidCase checks a case id against its grammar (SPEC.md, "Identifiers").
func ValidCase(id string) error {
	if !caseGrammar.MatchString(id) || strings.Contains(id, "..") || strings.HasSuffix(id, ".") || deviceName.MatchString(id) {
		return fmt.Errorf("case id %q: want 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit, not ending in '.', without '..', and no device name of Windows", id)
	}
	return nil
}

// ValidBundle checks a bundle id against its grammar.
func ValidBundle(id string) error {
	if !bundleGrammar.MatchString(id) {
		return fmt.Errorf("bundle id %q: want 1 to 80 lower-case letters, digits or '-', beginning with a letter or digit", id)
	}
	return nil
}

// ValidSource checks a source's name, the first component below data/.
func ValidSource(name string) error {
	if !sourceGrammar.MatchString(name) {
		return fmt.Errorf("source name %q: want 1 to 32 lower-case letters, digits or '-', beginning with a letter or digit", name)
	}
	return nil
}

// NewBundleID makes an id that sorts by time and tells the host:
// 20260117t093000z-web01-5f0c9a2e.
func NewBundleID(host string, at time.Time) string {
	var tail [4]byte
	rand.Read(tail[:]) // never fails (crypto/rand)
	return at.UTC().Format("20060102t150405z") + "-" + slug(host) + "-" + hex.EncodeToString(tail[:])
}

// slug keeps what the bundle grammar allows, at most 40 bytes.
func slug(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 40 {
			break
		}
	}
	if out := strings.Trim(b.String(), "-"); out != "" {
		return out
	}
	return "host"
}
