package artifacts

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hozen-dfir/hozen/collect"
)

// MaxFile bounds a definition file, in bytes; maxDefinitions what it may hold.
const (
	MaxFile        = 8 << 20
	maxDefinitions = 10_000
)

// Parse reads the definitions of one file. Each that can't be read is a
// Problem; the others stand.
func Parse(file string, data []byte) ([]*Definition, []Problem) {
	if len(data) > MaxFile {
		return nil, []Problem{{File: file, Text: fmt.Sprintf("a definition file may have %d bytes, this one has %d", MaxFile, len(data))}}
	}
	var defs []*Definition
	var problems []Problem
	for i, doc := range split(data) {
		if i > maxDefinitions {
			problems = append(problems, Problem{File: file, Line: doc.line, Text: fmt.Sprintf("more than %d documents; the rest is not read", maxDefinitions)})
			break
		}
		d, err := parseOne(doc.text)
		if err != nil {
			problems = append(problems, problemOf(file, doc, d, err))
		} else if d != nil {
			d.File, d.Line = file, doc.line+d.Line-1
			for i := range d.Sources {
				d.Sources[i].Line += doc.line - 1
			}
			defs = append(defs, d)
		}
	}
	return defs, problems
}

func problemOf(file string, doc document, d *Definition, err error) Problem {
	p := Problem{File: file, Line: doc.line, Text: err.Error()}
	var f *fault
	if errors.As(err, &f) {
		p.Line = doc.line + f.line - 1
	}
	if d != nil && validName(d.Name) {
		p.Definition = d.Name
	}
	return p
}

// nameGrammar is narrower than YAML and as wide as the public definitions.
var nameGrammar = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`)

func validName(s string) bool { return nameGrammar.MatchString(s) }

// Reserved is the prefix of the names of built-in artifacts.
const Reserved = "hozen."

// parseOne reads one document. With an error it returns what it had read, for
// the name.
func parseOne(text []byte) (*Definition, error) {
	root, err := decode(text)
	if root == nil || err != nil {
		return nil, err
	}
	d := &Definition{FollowLinks: true, Line: root.Line}
	d.Name = peekName(root)
	var os []string
	var sources *yaml.Node
	err = mapping(root, "the definition",
		field{"name", func(n *yaml.Node) error { d.Line = n.Line; return into(&d.Name, "name")(n) }},
		field{"doc", into(&d.Doc, "doc")},
		field{"aliases", list(&d.Aliases, "aliases")},
		field{"supported_os", list(&os, "supported_os")},
		field{"urls", list(&d.URLs, "urls")},
		field{"labels", list(&d.Labels, "labels")},
		field{"sources", func(n *yaml.Node) error { sources = n; return nil }},
		field{"x_hozen", d.own},
	)
	if err != nil {
		return d, err
	}
	if d.OS, err = families(os); err != nil {
		return d, err
	}
	if err := d.check(sources != nil); err != nil {
		return d, err
	}
	return d, d.readSources(sources)
}

// peekName finds the name even where another key is wrong.
func peekName(root *yaml.Node) string {
	if root.Kind != yaml.MappingNode {
		return ""
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "name" {
			return root.Content[i+1].Value
		}
	}
	return ""
}

func (d *Definition) check(sources bool) error {
	switch {
	case d.Name == "":
		return errors.New("name is missing")
	case !validName(d.Name):
		return fmt.Errorf("the name %.40q is not made of letters, digits, '_', '.' and '-'", d.Name)
	case strings.HasPrefix(strings.ToLower(d.Name), Reserved):
		return fmt.Errorf("names that begin with %q are those of built-in artifacts", Reserved)
	case d.Doc == "":
		return errors.New("doc is missing")
	case !sources:
		return errors.New("sources is missing")
	}
	for _, a := range d.Aliases {
		if !validName(a) || strings.HasPrefix(strings.ToLower(a), Reserved) {
			return fmt.Errorf("the alias %.40q is not a name", a)
		}
	}
	return nil
}

// own reads the key that is ours.
func (d *Definition) own(n *yaml.Node) error {
	err := mapping(n, "x_hozen",
		field{"profiles", list(&d.Profiles, "profiles")},
		field{"follow_links", flag(&d.FollowLinks, "follow_links")},
		field{"bulk", flag(&d.Bulk, "bulk")})
	for _, p := range d.Profiles {
		if p != collect.ProfileTriage && p != collect.ProfileVolatile && p != collect.ProfileFull {
			return faultf(n, "unknown profile %.40q: want triage, volatile or full", p)
		}
	}
	return err
}

func flag(to *bool, name string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || n.Decode(to) != nil {
			return faultf(n, "%s must be true or false", name)
		}
		return nil
	}
}

// osNames are the families the format knows. No source of ours is ESXi; the
// definitions for it load and are never asked for.
var osNames = []string{"Darwin", "ESXi", "Linux", "Windows"}

func families(names []string) ([]collect.OS, error) {
	var out []collect.OS
	for _, s := range names {
		if !slices.Contains(osNames, s) {
			return nil, fmt.Errorf("unknown supported_os %.40q: want one of %s", s, strings.Join(osNames, ", "))
		}
		out = append(out, collect.OS(s))
	}
	return out, nil
}
