package packets

import (
	"fmt"
	"strings"
	"time"
)

// Any names all interfaces that are up.
const Any = "any"

// maxName is the length of an interface's name, IFNAMSIZ less its zero.
const maxName = 15

// Spec asks for one capture.
type Spec struct {
	Interface string        // or Any
	For       time.Duration // 0 is to the end of the collection
}

// ParseSpec decodes INTERFACE:DURATION, as in "eth0:30s" or "any:all"; without
// a duration, and with "all", it lasts to the end of the collection.
func ParseSpec(s string) (Spec, error) {
	name, last := s, "all"
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		name, last = s[:i], s[i+1:]
	}
	if name == "" || name == "." || name == ".." || len(name) > maxName || strings.ContainsAny(name, "/ \t\n\x00") {
		return Spec{}, fmt.Errorf("packets %q: %q is no name of an interface", s, name)
	}
	if last == "all" {
		return Spec{Interface: name}, nil
	}
	d, err := time.ParseDuration(last)
	if err != nil || d <= 0 {
		return Spec{}, fmt.Errorf("packets %q: %q is neither a duration such as 30s or 5m nor \"all\"", s, last)
	}
	return Spec{Interface: name, For: d}, nil
}

// ParseSpecs decodes several, each for another interface.
func ParseSpecs(list []string) ([]Spec, error) {
	var out []Spec
	seen := map[string]bool{}
	for _, s := range list {
		p, err := ParseSpec(s)
		if err != nil {
			return nil, err
		}
		if seen[p.Interface] {
			return nil, fmt.Errorf("packets: interface %q is asked for twice", p.Interface)
		}
		seen[p.Interface] = true
		out = append(out, p)
	}
	return out, nil
}
