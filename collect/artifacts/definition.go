package artifacts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hozen-dfir/hozen/collect"
)

// Type is the type of a definition's source.
type Type string

// The types of the format. TypeDirectory is deprecated there and read as a
// path without content.
const (
	TypeGroup         Type = "ARTIFACT_GROUP"
	TypeCommand       Type = "COMMAND"
	TypeDirectory     Type = "DIRECTORY"
	TypeFile          Type = "FILE"
	TypePath          Type = "PATH"
	TypeRegistryKey   Type = "REGISTRY_KEY"
	TypeRegistryValue Type = "REGISTRY_VALUE"
	TypeWMI           Type = "WMI"
)

// Definition is one artifact definition.
type Definition struct {
	Name    string
	Doc     string
	Aliases []string
	OS      []collect.OS // empty means every one
	URLs    []string
	Labels  []string
	Sources []Source

	Profiles    []string // of x_hozen
	FollowLinks bool     // of x_hozen; true unless switched off
	Bulk        bool     // of x_hozen; taken after all others

	File string // where it was read
	Line int    // of its name
	User bool   // loaded by hand, not embedded
}

// Source is one source of a definition. Which fields are set depends on Type.
type Source struct {
	Type       Type
	OS         []collect.OS // empty means those of the definition
	Names      []string     // ARTIFACT_GROUP
	Cmd        string       // COMMAND
	Args       []string
	Paths      []string // FILE, PATH, DIRECTORY
	Separator  string   // "/" or "\"
	Keys       []string // REGISTRY_KEY
	Pairs      []Pair   // REGISTRY_VALUE
	Query      string   // WMI
	BaseObject string
	Line       int
}

// Pair names one registry value.
type Pair struct{ Key, Value string }

// Supports reports whether a definition speaks of systems of this family.
func (d *Definition) Supports(os collect.OS) bool { return supports(d.OS, os) }

// Supports reports whether a source speaks of systems of this family.
func (s *Source) Supports(os collect.OS) bool { return supports(s.OS, os) }

func supports(list []collect.OS, os collect.OS) bool {
	return len(list) == 0 || slices.Contains(list, os)
}

// In reports whether a profile asks for the definition: full asks for all,
// triage also for what is volatile. One that was loaded by hand and names no
// profile is asked for by triage too, for that is why it was loaded.
func (d *Definition) In(profile string) bool {
	has := func(p string) bool { return slices.Contains(d.Profiles, p) }
	switch profile {
	case collect.ProfileFull:
		return true
	case collect.ProfileTriage:
		return has(collect.ProfileTriage) || has(collect.ProfileVolatile) || d.User && len(d.Profiles) == 0
	case collect.ProfileVolatile:
		return has(collect.ProfileVolatile)
	}
	return false
}

// Problem is one definition, document or file that could not be read.
type Problem struct {
	File       string
	Line       int    // 0 where unknown
	Definition string // "" where unknown
	Text       string
}

// Error implements error.
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Definition != "" {
		fmt.Fprintf(&b, ": definition %s", p.Definition)
	}
	b.WriteString(": " + p.Text)
	return b.String()
}
