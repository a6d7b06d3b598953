package artifacts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bounds of one document. The largest of the public definitions has some 600
// nodes.
const (
	maxDocument = 256 << 10 // bytes
	maxNodes    = 20_000
	maxDepth    = 12
	maxText     = 16 << 10 // bytes of one scalar
)

// fault is an error at a line of the document.
type fault struct {
	line int
	err  error
}

func (f *fault) Error() string { return f.err.Error() }

func faultf(n *yaml.Node, format string, args ...any) error {
	return &fault{n.Line, fmt.Errorf(format, args...)}
}

// only parses text that holds one document. yaml.Unmarshal would leave what
// stands after it unread, without a word.
func only(text []byte, doc *yaml.Node) error {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	switch err := dec.Decode(&yaml.Node{}); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return errors.New("there is more after the end of the definition; begin the next one with ---")
}

// decode parses one document into a bounded tree. It returns nil for a
// document that holds nothing.
func decode(text []byte) (n *yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			n, err = nil, fmt.Errorf("the YAML parser failed: %v", p)
		}
	}()
	if len(text) > maxDocument {
		return nil, fmt.Errorf("a definition may have %d bytes, this one has %d", maxDocument, len(text))
	}
	var doc yaml.Node
	err = only(text, &doc)
	if err != nil && only(loosen(text), &doc) != nil {
		return nil, syntax(err)
	}
	if doc.Kind == 0 || len(doc.Content) == 0 {
		return nil, nil
	}
	left := maxNodes
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null" {
		return nil, nil
	}
	return root, bound(root, 0, &left)
}

// lined is the form of the YAML parser's errors that name a line.
var lined = regexp.MustCompile(`^line ([0-9]{1,9}): `)

func syntax(err error) error {
	s := strings.TrimPrefix(err.Error(), "yaml: ")
	m := lined.FindStringSubmatch(s)
	if m == nil {
		return errors.New(s)
	}
	line, _ := strconv.Atoi(m[1])
	return &fault{line, errors.New(strings.TrimPrefix(s, m[0]))}
}

// bound walks the tree once, refusing what could make it grow.
func bound(n *yaml.Node, depth int, left *int) error {
	if *left--; *left < 0 {
		return faultf(n, "more than %d YAML nodes", maxNodes)
	}
	switch {
	case depth > maxDepth:
		return faultf(n, "nested deeper than %d levels", maxDepth)
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return faultf(n, "YAML anchors and aliases are not part of the format")
	case len(n.Value) > maxText:
		return faultf(n, "a text of %d bytes; %d are allowed", len(n.Value), maxText)
	}
	for _, c := range n.Content {
		if err := bound(c, depth+1, left); err != nil {
			return err
		}
	}
	return nil
}

// field is one key of a mapping and what reads its value.
type field struct {
	key  string
	read func(*yaml.Node) error
}

// mapping reads a mapping whose keys are exactly those given, each at most once.
func mapping(n *yaml.Node, what string, fields ...field) error {
	if n.Kind != yaml.MappingNode {
		return faultf(n, "%s must be a mapping", what)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := slices.IndexFunc(fields, func(f field) bool { return f.key == k.Value })
		if k.Kind != yaml.ScalarNode || at < 0 {
			return faultf(k, "%s has an unknown key %q", what, k.Value)
		}
		if seen[k.Value] {
			return faultf(k, "%s has the key %q twice", what, k.Value)
		}
		seen[k.Value] = true
		if err := fields[at].read(v); err != nil {
			return err
		}
	}
	return nil
}

// plainTags are the tags of scalars that are read as text: a number among a
// command's arguments is text.
var plainTags = []string{"!!str", "!!int", "!!float", "!!bool"}

func text(n *yaml.Node, what string) (string, error) {
	if n.Kind != yaml.ScalarNode || !slices.Contains(plainTags, n.ShortTag()) {
		return "", faultf(n, "%s must be a text", what)
	}
	if strings.ContainsRune(n.Value, 0) {
		return "", faultf(n, "%s holds a NUL byte", what)
	}
	return n.Value, nil
}

// into reads a text into p.
func into(p *string, what string) func(*yaml.Node) error {
	return func(n *yaml.Node) (err error) {
		*p, err = text(n, what)
		if err == nil && strings.TrimSpace(*p) == "" {
			err = faultf(n, "%s is empty", what)
		}
		return err
	}
}

// list reads a sequence of texts into p.
func list(p *[]string, what string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		if n.Kind != yaml.SequenceNode {
			return faultf(n, "%s must be a list", what)
		}
		*p = make([]string, 0, len(n.Content))
		for _, c := range n.Content {
			s, err := text(c, "an entry of "+what)
			if err != nil {
				return err
			}
			*p = append(*p, s)
		}
		return nil
	}
}
