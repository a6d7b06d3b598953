package artifacts

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

func (d *Definition) readSources(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		return faultf(n, "sources must be a list with at least one source")
	}
	for _, c := range n.Content {
		s, err := readSource(c)
		if err != nil {
			return err
		}
		d.Sources = append(d.Sources, s)
	}
	return nil
}

func readSource(n *yaml.Node) (Source, error) {
	s := Source{Line: n.Line, Separator: "/"}
	var typ string
	var os []string
	var attributes *yaml.Node
	err := mapping(n, "a source",
		field{"type", into(&typ, "type")},
		field{"attributes", func(n *yaml.Node) error { attributes = n; return nil }},
		field{"supported_os", list(&os, "supported_os")})
	if err != nil {
		return s, err
	}
	s.Type = Type(typ)
	if s.OS, err = families(os); err != nil {
		return s, faultf(n, "%w", err)
	}
	if attributes == nil {
		return s, faultf(n, "a source has no attributes")
	}
	fields, check := s.shape()
	if fields == nil {
		return s, faultf(n, "unknown source type %.40q", typ)
	}
	if err := mapping(attributes, "attributes of "+typ, fields...); err != nil {
		return s, err
	}
	if err := check(); err != nil {
		return s, faultf(attributes, "%s: %w", typ, err)
	}
	return s, nil
}

// shape gives the attributes that a type has, and the check of their values.
func (s *Source) shape() ([]field, func() error) {
	switch s.Type {
	case TypeGroup:
		return []field{{"names", list(&s.Names, "names")}}, s.checkNames
	case TypeCommand:
		return []field{{"cmd", into(&s.Cmd, "cmd")}, {"args", list(&s.Args, "args")}}, s.checkCommand
	case TypeFile, TypePath, TypeDirectory:
		return []field{{"paths", list(&s.Paths, "paths")}, {"separator", into(&s.Separator, "separator")}}, s.checkPaths
	case TypeRegistryKey:
		return []field{{"keys", list(&s.Keys, "keys")}}, s.checkKeys
	case TypeRegistryValue:
		return []field{{"key_value_pairs", s.readPairs}}, s.checkPairs
	case TypeWMI:
		return []field{{"query", into(&s.Query, "query")}, {"base_object", into(&s.BaseObject, "base_object")}}, s.checkWMI
	}
	return nil, nil
}

func (s *Source) readPairs(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode {
		return faultf(n, "key_value_pairs must be a list")
	}
	for _, c := range n.Content {
		var p Pair
		err := mapping(c, "an entry of key_value_pairs",
			field{"key", into(&p.Key, "key")},
			field{"value", func(n *yaml.Node) (err error) { // "" is the key's default value
				p.Value, err = text(n, "value")
				return err
			}})
		if err != nil {
			return err
		}
		s.Pairs = append(s.Pairs, p)
	}
	return nil
}

func (s *Source) checkNames() error {
	if len(s.Names) == 0 {
		return fmt.Errorf("names is missing or empty")
	}
	for _, n := range s.Names {
		if !validName(n) {
			return fmt.Errorf("%.40q is not a name", n)
		}
	}
	return nil
}

func (s *Source) checkCommand() error {
	if s.Cmd == "" {
		return fmt.Errorf("cmd is missing")
	}
	return nil
}

func (s *Source) checkWMI() error {
	if s.Query == "" {
		return fmt.Errorf("query is missing")
	}
	return nil
}

func (s *Source) checkPaths() error {
	if s.Separator != "/" && s.Separator != `\` {
		return fmt.Errorf(`the separator %.20q is neither "/" nor "\"`, s.Separator)
	}
	if len(s.Paths) == 0 {
		return fmt.Errorf("paths is missing or empty")
	}
	for _, p := range s.Paths {
		if err := checkPath(p, s.Separator); err != nil {
			return fmt.Errorf("path %.120q: %w", p, err)
		}
	}
	return nil
}

// stars is the start of a component that stands for several levels.
var stars = regexp.MustCompile(`^\*\*([0-9]*)`)

func checkPath(p, sep string) error {
	rooted := strings.HasPrefix(p, sep) || strings.HasPrefix(p, "%%") || len(p) > 2 && p[1] == ':' && p[2:3] == sep
	if !rooted {
		return fmt.Errorf("it begins neither with the separator nor with a variable")
	}
	if err := checkVariables(p, pathVariables); err != nil {
		return err
	}
	deep := 0
	for _, c := range strings.Split(p, sep) {
		if c == ".." {
			return fmt.Errorf(`it holds ".."`)
		}
		m := stars.FindStringSubmatch(c)
		if m == nil {
			continue
		}
		deep++
		if m[1] != "" && (len(m[1]) > 2 || !slices.Contains(depths, m[1])) {
			return fmt.Errorf("the depth of %q is not 1 to 10", c)
		}
	}
	if deep > 1 {
		return fmt.Errorf("it holds ** more than once")
	}
	return nil
}

var depths = []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}

// hives are the registry's roots. HKEY_CURRENT_USER is whoever runs the
// collector, so the format refuses it.
var hives = []string{"HKEY_LOCAL_MACHINE", "HKEY_USERS", "HKEY_CLASSES_ROOT", "HKEY_CURRENT_CONFIG", "HKEY_PERFORMANCE_DATA", "%%current_control_set%%"}

func checkKey(k string) error {
	root, _, _ := strings.Cut(k, `\`)
	switch {
	case root == "HKEY_CURRENT_USER" || root == "HKCU":
		return fmt.Errorf(`key %.120q: HKEY_CURRENT_USER is not allowed; use HKEY_USERS\%%%%users.sid%%%%`, k)
	case !slices.Contains(hives, root):
		return fmt.Errorf("key %.120q does not begin with a registry root", k)
	}
	return checkVariables(k, keyVariables)
}

func (s *Source) checkKeys() error {
	if len(s.Keys) == 0 {
		return fmt.Errorf("keys is missing or empty")
	}
	for _, k := range s.Keys {
		if err := checkKey(k); err != nil {
			return err
		}
	}
	return nil
}

func (s *Source) checkPairs() error {
	if len(s.Pairs) == 0 {
		return fmt.Errorf("key_value_pairs is missing or empty")
	}
	for _, p := range s.Pairs {
		if p.Key == "" {
			return fmt.Errorf("a pair has no key")
		}
		if err := checkKey(p.Key); err != nil {
			return err
		}
	}
	return nil
}
